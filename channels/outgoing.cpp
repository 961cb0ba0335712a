// SPDX-License-Identifier: Apache-2.0
#include "channels/outgoing.hpp"

#include "channels/extras.hpp"
#include "identity/channel_message.hpp"
#include "runtime/core/guarded.hpp"

#include <array>

namespace ockam::channels {

namespace ids = identities;
namespace wire = identities::channel_message;

namespace {

/// The block that leaves. Head and tail stand in it already, where they will be sealed; between them goes the payload.
///
///     nonce (8) ‖ head ‖ payload ‖ tail ‖ tag (16)
struct sealed_block {
  std::unique_ptr<std::byte[]> bytes;
  std::size_t size = 0, head = 0, tail = 0;

  std::array<ids::bytes_view, 3> parts(ids::bytes_view body) const noexcept {
    const auto* at = bytes.get() + ids::nonce_size;
    return {ids::bytes_view{at, head}, body, ids::bytes_view{at + head + body.size(), tail}};
  }
  void go_into(message& envelope) {
    if (size > payload::inline_capacity)
      envelope.body = payload{std::move(bytes), size, 0, size};
    else
      envelope.body.assign({bytes.get(), size});
  }
};

} // namespace

/// One message that another thread seals.
struct outgoing::piece {
  message_ptr plain;
  place* where; ///< in a list: it does not move
  sealed_block block;
  ids::sealing with;
  bool failed = false;

  void seal() noexcept {
    if (guarded([&] { with.seal(block.parts(plain->bytes()), block.bytes.get()); }))
      failed = true; // no memory
    plain.reset();
  }
};

result<void> outgoing::send(message_ptr& m, message_ptr envelope, std::size_t max_frame) {
  std::array<std::byte, most_extras> extras;
  auto padding = write_extras(m->header, extras.data());
  const auto body = m->bytes();
  sealed_block block;
  block.head = wire::head_size(m->header, body.size());
  block.tail = wire::tail_size(padding);
  block.size = ids::sealed_overhead + block.head + body.size() + block.tail;
  if (block.size > max_frame)
    return error{errc::too_large, "it does not fit a frame when it is sealed", {}};
  const bool large = block.size >= large_.from;
  if (large)
    m->recharge(block.size); // what is sealed here is gone again when this returns
  block.bytes = std::make_unique_for_overwrite<std::byte[]>(block.size);
  auto* at = wire::write_head(block.bytes.get() + ids::nonce_size, m->header, body.size());
  wire::write_tail(at + body.size(), {extras.data(), padding});
  envelope->held = std::move(m->held);
  if (!large) {
    if (auto ok = sending_.seal(block.parts(body), block.bytes.get()); !ok)
      return ok;
    m.reset();
    block.go_into(*envelope);
    leave_in_turn(std::move(envelope));
    return {};
  }
  auto with = sending_.detach();
  if (!with)
    return std::move(with).error();
  auto& where = places_.emplace_back(place{std::move(envelope)});
  auto p = std::make_shared<piece>(piece{std::move(m), &where, std::move(block), *std::move(with)});
  large_.by.run([p, line = shared_from_this()] {
    p->seal();
    if (line->back_.add(p))
      line->large_.post([line] { line->take_back(); });
  });
  return {};
}

result<void> outgoing::send_plain(ids::bytes_view plaintext, message_ptr envelope) {
  sealed_block block;
  block.size = ids::sealed_overhead + plaintext.size();
  block.bytes = std::make_unique_for_overwrite<std::byte[]>(block.size);
  if (auto ok = sending_.seal(std::span{&plaintext, 1}, block.bytes.get()); !ok)
    return ok;
  block.go_into(*envelope);
  leave_in_turn(std::move(envelope));
  return {};
}

/// At once, or behind what is under way.
void outgoing::leave_in_turn(message_ptr sealed) {
  sealed->recharge();
  if (places_.empty())
    return board_.deliver(std::move(sealed));
  places_.push_back({std::move(sealed), true});
}

void outgoing::take_back() {
  for (auto& p : back_.take()) {
    p->where->sealed = true;
    if (p->failed) {
      board_.drop(std::move(p->where->envelope), drop_reason::worker_failed, "there was no memory to seal it");
    } else {
      p->block.go_into(*p->where->envelope);
      p->where->envelope->recharge();
    }
  }
  while (!places_.empty() && places_.front().sealed) {
    if (auto m = std::move(places_.front().envelope))
      board_.deliver(std::move(m));
    places_.pop_front();
  }
}

} // namespace ockam::channels
