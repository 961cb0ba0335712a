// SPDX-License-Identifier: Apache-2.0
// What the two ends of a channel make of what they are given, with threads that end in any order.
#include "fuzz/targets.hpp"

#include "channels/incoming.hpp"
#include "channels/outgoing.hpp"
#include "identity/channel_message.hpp"
#include "support/held_threads.hpp"

#include <cstdlib>

namespace ockam::fuzz {

namespace {

namespace ids = identities;
using namespace channels;

void must(bool condition) {
  if (!condition)
    std::abort();
}

constexpr std::size_t large_from = 100;

ids::secret key() { return ids::secret{ids::aead_key::size}; }

class way_out final : public receiver {
 public:
  void receive(message_ptr m) override { left.push_back(std::move(m)); }
  void failed(std::string_view) noexcept override { std::abort(); }
  std::vector<message_ptr> left;
};

class way_in final : public incoming::owner {
 public:
  void opened(opened_message m) override {
    must(m.outer && m.size + ids::sealed_overhead == m.outer->body.size());
    ockam::route_header h;
    (void)ids::channel_message::decode({m.block.get(), m.size}, h);
    nonces.push_back(m.nonce);
  }
  void not_opened(message_ptr m, std::string_view, const std::string&) override {
    must(m != nullptr);
    ++refused;
  }
  std::vector<std::uint64_t> nonces;
  std::size_t refused = 0;
};

struct ends {
  ends() { must(static_cast<bool>(board.add(address{"out"}, entry()))); }
  worker_entry entry() {
    worker_entry e;
    e.target = &out;
    return e;
  }
  elsewhere large() {
    return {hands, [this](auto f) { hands.post(std::move(f)); }, large_from};
  }
  way_out out;
  switchboard board{"n"};
  held_threads hands;
  way_in in;
};

/// The messages of one end, in the order in which they leave.
std::vector<ids::bytes> sealed_in_order() {
  ends e;
  auto to = std::make_shared<outgoing>(e.board, e.large(), key());
  for (std::size_t n = 0; n < 256; ++n) {
    auto m = std::make_unique<message>();
    m->header.append_onward(address{"echo"});
    m->body = payload{std::string(n % 3 == 0 ? large_from : n % 7, static_cast<char>(n))};
    auto envelope = std::make_unique<message>();
    envelope->header.append_onward(address{"out"});
    must(static_cast<bool>(to->send(m, std::move(envelope), 1u << 20)));
    if (n % 5 == 0)
      e.hands.work(n);
  }
  e.hands.all();
  while (e.board.run_turn()) {
  }
  std::vector<ids::bytes> all;
  for (auto& m : e.out.left)
    all.emplace_back(m->bytes().begin(), m->bytes().end());
  must(all.size() == 256);
  return all;
}

} // namespace

/// Two bytes each: a message of the 256 that comes in, and what is altered of it (or what the threads do: from 240 on). What
/// is taken must be what would be if each were opened in its turn. Bytes that are left over come in as they are.
void channel_order(bytes in) {
  static const auto sealed = sealed_in_order();
  ends e;
  auto from = std::make_shared<incoming>(e.in, e.large(), key());
  ids::receiving in_turn{key()};
  std::vector<std::uint64_t> expected;
  std::size_t given = 0;
  auto give = [&](std::span<const std::byte> wire) {
    ids::bytes text(wire.size());
    if (auto nonce = in_turn.open(wire, text.data()))
      expected.push_back(*nonce);
    auto m = std::make_unique<message>();
    m->body.assign(wire);
    from->take(std::move(m));
    ++given;
  };
  for (; in.size() >= 2; in = in.subspan(2)) {
    auto what = std::to_integer<std::size_t>(in[1]);
    if (what >= 250) {
      e.hands.turn();
    } else if (what >= 240) {
      (void)e.hands.work(std::to_integer<std::size_t>(in[0]));
    } else {
      auto wire = sealed[std::to_integer<std::size_t>(in[0])];
      if (what > 0)
        wire[(what - 1) % wire.size()] ^= std::byte{1};
      give(wire);
    }
  }
  give(in);
  e.hands.all();
  must(e.in.nonces == expected && e.in.nonces.size() + e.in.refused == given);
}

} // namespace ockam::fuzz
