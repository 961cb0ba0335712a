// SPDX-License-Identifier: Apache-2.0
#include "channels/incoming.hpp"

#include "runtime/core/guarded.hpp"

#include <algorithm>
#include <optional>

namespace ockam::channels {

namespace ids = identities;

/// A message that has its turn when those before it have had theirs.
struct incoming::entry {
  enum class state : std::uint8_t { as_it_came, under_way, opened, does_not_open };

  message_ptr m;
  state now = state::as_it_came;
  std::optional<ids::opening> with = {};
  std::unique_ptr<std::byte[]> block = {};

  void open() noexcept {
    bool opens = false;
    (void)guarded([&] { opens = with->open(m->bytes(), block.get()); }); // no memory: it does not open
    now_on_return = opens ? state::opened : state::does_not_open;
  }
  state now_on_return = state::does_not_open; ///< the other thread's
};

/// For the plaintext of a message, which is charged with it first, if it stays for a while.
std::unique_ptr<std::byte[]> incoming::block_for(message& m) const {
  auto size = m.body.size() - ids::sealed_overhead;
  if (is_large(m))
    m.recharge(size);
  return std::make_unique_for_overwrite<std::byte[]>(std::max<std::size_t>(size, 1));
}

void incoming::take(message_ptr m) {
  if (m->body.size() < ids::sealed_overhead)
    return owner_->not_opened(std::move(m), "cut off", "a message of a channel is cut off");
  if (queue_.empty() && !is_large(*m))
    return open_here(std::move(m));
  queue_.push_back(std::make_shared<entry>(entry{std::move(m)}));
  begin_more();
  advance();
}

void incoming::end(switchboard& board) noexcept {
  owner_ = nullptr;
  board.count(drop_reason::link_down, queue_.size());
  queue_.clear(); // another thread has its own hold of what it opens
}

void incoming::open_here(message_ptr m) {
  auto block = block_for(*m);
  auto size = m->body.size() - ids::sealed_overhead;
  auto nonce = receiving_.open(m->bytes(), block.get());
  if (!nonce)
    return owner_->not_opened(std::move(m), "not opened", nonce.error().cause);
  owner_->opened({std::move(m), *nonce, std::move(block), size});
}

/// Has another thread open it. False, and nothing is changed, when its nonce cannot be taken as things are.
bool incoming::begin(const entry_ptr& e) {
  auto with = receiving_.begin(e->m->bytes());
  if (!with)
    return false;
  e->with.emplace(*std::move(with));
  e->block = block_for(*e->m);
  e->now = entry::state::under_way;
  ++under_way_;
  large_.by.run([e, line = shared_from_this()] {
    e->open();
    if (line->back_.add(e))
      line->large_.post([line] { line->take_back(); });
  });
  return true;
}

void incoming::begin_more() {
  auto near = std::min<std::size_t>(queue_.size(), ids::replay_window::reach);
  for (std::size_t i = 0; i < near && under_way_ < most_under_way; ++i)
    if (auto& e = queue_[i]; e->now == entry::state::as_it_came && is_large(*e->m))
      (void)begin(e);
}

void incoming::take_back() {
  for (auto& e : back_.take()) {
    e->now = e->now_on_return;
    --under_way_;
  }
  advance();
}

void incoming::advance() {
  while (owner_ && !queue_.empty() && take_front()) {
  }
  if (owner_)
    begin_more();
}

bool incoming::take_front() {
  using state = entry::state;
  auto e = queue_.front();
  if (e->now == state::under_way)
    return false;
  if (e->now == state::as_it_came && is_large(*e->m)) {
    if (begin(e))
      return false;
    queue_.pop_front();
    owner_->not_opened(std::move(e->m), "not opened", "a message whose nonce was taken before, or is too far from the newest");
    return true;
  }
  queue_.pop_front();
  if (e->now == state::as_it_came) {
    open_here(std::move(e->m));
  } else if (auto nonce = e->with->nonce; e->now == state::does_not_open) {
    owner_->not_opened(std::move(e->m), "not opened", "message " + std::to_string(nonce) + " of a channel: does not open");
  } else if (auto taken = receiving_.commit(nonce); !taken) {
    owner_->not_opened(std::move(e->m), "not opened", taken.error().cause);
  } else {
    auto size = e->m->body.size() - ids::sealed_overhead;
    owner_->opened({std::move(e->m), nonce, std::move(e->block), size});
  }
  return true;
}

} // namespace ockam::channels
