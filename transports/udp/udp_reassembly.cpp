// SPDX-License-Identifier: Apache-2.0
#include "transports/udp/udp_reassembly.hpp"

#include <algorithm>
#include <cstring>

namespace ockam {

namespace {

/// RFC 1982: `a` comes after `b`, for numbers that wrap.
bool newer(std::uint16_t a, std::uint16_t b) noexcept {
  auto distance = static_cast<std::uint16_t>(a - b);
  return distance != 0 && distance < 0x8000;
}

} // namespace

udp_reassembly::outcome udp_reassembly::take(const ip_endpoint& from, const udp_codec::slice& s, clock::time_point now,
                                             const std::optional<ip_endpoint>& asked) {
  auto& p = peers_.hear(from, now, [this](auto& gone) { clear(gone.state); });
  p.state.asked = asked;
  p.state.received += s.bytes.size();
  if (!std::exchange(p.state.begun, true))
    p.state.oldest = s.number;
  auto* place = find_slot(p.state, s.number);
  if (!place || place->closed)
    return {refusal::stale_fragment, {}, {}, {}};
  auto out = extend(p.state, *place, s, now);
  if (!out.message.empty() || out.passed) // as much as a whole one: a report may go there
    peers_.has_sent(p);
  return out;
}

void udp_reassembly::sweep(clock::time_point now) {
  while (!partials_.empty() && now - partials_.front().heard >= bounds_.slice_timeout)
    give_up(partials_.begin());
  peers_.sweep(now, bounds_.peer_timeout, [this](auto& gone) { clear(gone.state); });
}

bool udp_reassembly::heard_from(const ip_endpoint& at) const {
  const auto* p = peers_.find(at);
  return p && p->messages > 0;
}

void udp_reassembly::has_received(const ip_endpoint& at) {
  if (auto* p = peers_.find(at))
    peers_.has_received(*p);
}

bool udp_reassembly::may_report_to(const ip_endpoint& at, std::size_t bytes) {
  constexpr std::uint64_t factor = 3;
  auto* p = peers_.find(at);
  if (!p || p->now == peer_table::standing::proven)
    return p != nullptr;
  if (p->state.reported + bytes > factor * p->state.received)
    return false;
  p->state.reported += bytes;
  return true;
}

std::optional<ip_endpoint> udp_reassembly::asked_from(const ip_endpoint& at) {
  auto* p = peers_.find(at);
  return p ? p->state.asked : std::nullopt;
}

udp_answers* udp_reassembly::answers_to(const ip_endpoint& at) {
  auto* p = peers_.find(at);
  return p ? &p->state.answers : nullptr;
}

// -- windows -----------------------------------------------------------------------------------------

udp_reassembly::slot* udp_reassembly::find_slot(numbers& p, std::uint16_t number) {
  if (number != p.oldest && !newer(number, p.oldest)) {
    if (!restarts(p, number))
      return nullptr;
    clear(p);
    p.oldest = number;
  }
  p.strays = 0;
  if (static_cast<std::uint16_t>(number - p.oldest) >= window)
    slide(p, number);
  return &p.of(number);
}

/// Moves the window so that it ends with `newest`, which is beyond its end.
void udp_reassembly::slide(numbers& p, std::uint16_t newest) {
  auto oldest = static_cast<std::uint16_t>(newest - (window - 1));
  auto steps = std::min<std::size_t>(static_cast<std::uint16_t>(oldest - p.oldest), window);
  for (std::size_t i = 0; i < steps; ++i) {
    auto& s = p.at_distance(i);
    if (s.part)
      give_up(*s.part);
    s = {};
  }
  p.head = static_cast<std::uint8_t>((p.head + steps) % window);
  p.oldest = oldest;
}

bool udp_reassembly::restarts(numbers& p, std::uint16_t number) {
  if (static_cast<std::uint16_t>(p.oldest - number) < far_behind)
    return false;
  if (p.strays > 0 && number == p.last_stray) // another slice of the same message
    return false;
  p.strays = p.strays > 0 && newer(number, p.last_stray) ? static_cast<std::uint8_t>(p.strays + 1) : std::uint8_t{1};
  p.last_stray = number;
  return p.strays >= strays_to_restart;
}

void udp_reassembly::clear(numbers& p) {
  for (auto& s : p.slots) {
    if (s.part)
      give_up(*s.part);
    s = {};
  }
}

// -- messages in several slices ----------------------------------------------------------------------

udp_reassembly::outcome udp_reassembly::extend(numbers& p, slot& s, const udp_codec::slice& in, clock::time_point now) {
  if (!s.part && in.total == 1) {
    s.closed = true;
    if (in.bytes.size() <= bounds_.message)
      return {std::nullopt, in.bytes, {}, {}};
    std::vector<std::byte> all{in.bytes.begin(), in.bytes.end()};
    return {refusal::frame_too_large, {}, {}, udp_passing::ends{all, all, all.size()}};
  }
  if (!s.part)
    s.part = partials_.insert(partials_.end(), partial{&p, in.number, in.total});
  else
    partials_.splice(partials_.end(), partials_, *s.part);
  auto it = *s.part;
  it->heard = now;
  if (it->passing)
    return pass(it, in);
  if (auto bad = check(*it, in)) {
    if (*bad == refusal::frame_too_large) {
      it->slice_size = in.offset == in.total - 1 ? it->slice_size : in.bytes.size();
      it->begin_passing();
      auto out = pass(it, in);
      out.bad = bad;
      return out;
    }
    if (*bad != refusal::stale_fragment) // a network may well deliver a datagram twice
      give_up(it);
    return {bad, {}, {}, {}};
  }
  if (!prepare(it, in)) {
    give_up(it);
    return {refusal::over_budget, {}, {}, {}};
  }
  it->store(in);
  if (!it->whole()) {
    charge(*it);
    return {};
  }
  auto out = it->join();
  close(it);
  return out;
}

/// A slice of a message that is too large.
udp_reassembly::outcome udp_reassembly::pass(partial_order::iterator it, const udp_codec::slice& in) {
  bool last = in.offset == in.total - 1;
  if (in.total != it->total || (!last && in.bytes.size() != it->slice_size)) {
    give_up(it);
    return {refusal::bad_fragment, {}, {}, {}};
  }
  it->passing->take(in.offset, in.bytes);
  auto now = it->footprint(), before = it->held.bytes();
  if (now > before && !make_room(it, now - before)) {
    give_up(it);
    return {};
  }
  charge(*it);
  if (!it->passing->whole())
    return {};
  outcome out{{}, {}, {}, it->passing->join()};
  close(it);
  return out;
}

std::optional<refusal> udp_reassembly::check(const partial& part, const udp_codec::slice& in) const {
  if (in.total != part.total)
    return refusal::bad_fragment;
  bool last = in.offset == in.total - 1;
  if (part.has(in.offset))
    return refusal::stale_fragment;
  if (!last && part.slice_size != 0 && in.bytes.size() != part.slice_size)
    return refusal::bad_fragment;
  if (last && part.slice_size == 0 && in.total > 1)
    return std::nullopt;
  // What it comes to, as far as that is known now.
  auto each = last ? part.slice_size : in.bytes.size();
  auto end = last ? in.bytes.size() : std::max<std::size_t>(1, part.last.size());
  if ((in.total - std::size_t{1}) * each + end > bounds_.message)
    return refusal::frame_too_large;
  return std::nullopt;
}

/// Makes room for the slice: in the message's block and in the bounds.
bool udp_reassembly::prepare(partial_order::iterator it, const udp_codec::slice& in) {
  auto& part = *it;
  auto size = in.bytes.size();
  if (in.offset == in.total - 1)
    return make_room(it, part.footprint() - part.held.bytes() + size);
  auto wanted = (part.stored + std::size_t{1}) * size;
  if (wanted <= part.body.capacity)
    return make_room(it, part.footprint() - part.held.bytes());
  constexpr std::size_t slices_at_first = 1; // more may never come, of a flood they never do
  auto full = (in.total - std::size_t{1}) * size + std::max(size, part.last.size());
  auto capacity = std::min(full, std::max(2 * part.body.capacity, slices_at_first * size));
  if (!make_room(it, part.footprint() - part.held.bytes() + capacity - part.body.capacity))
    return false;
  auto bigger = std::make_unique_for_overwrite<std::byte[]>(capacity);
  if (part.stored > 0)
    std::memcpy(bigger.get(), part.body.data.get(), part.stored * size);
  part.body = {std::move(bigger), capacity};
  return true;
}

/// Gives up others until there is room for `more` bytes of `keep`: first of its own peer, then of anybody.
bool udp_reassembly::make_room(partial_order::iterator keep, std::size_t more) {
  auto& p = *keep->owner;
  for (std::size_t i = 0; i < window && p.bytes + more > 2 * bounds_.message; ++i)
    if (auto& part = p.at_distance(i).part; part && *part != keep)
      give_up(*part);
  if (p.bytes + more > 2 * bounds_.message)
    return false;
  while (bytes_ + more > bounds_.bytes) {
    if (partials_.begin() == keep)
      return false;
    give_up(partials_.begin());
  }
  return true;
}

void udp_reassembly::charge(partial& part) {
  auto now = part.footprint(), before = part.held.bytes();
  part.held = credit{ledger_, now};
  part.owner->bytes += now - before;
  bytes_ += now - before;
}

/// Whole or given up.
void udp_reassembly::close(partial_order::iterator it) {
  it->owner->bytes -= it->held.bytes();
  bytes_ -= it->held.bytes();
  auto& s = it->owner->of(it->number);
  s.part.reset();
  s.closed = true;
  partials_.erase(it);
}

void udp_reassembly::give_up(partial_order::iterator it) {
  if (!it->passing) // else it was refused already
    ++lost_;
  close(it);
}

// -- one message -------------------------------------------------------------------------------------

bool udp_reassembly::partial::has(std::uint16_t offset) const {
  if (offset == total - 1)
    return !last.empty();
  return seen.empty() ? offset < stored : seen[offset];
}

void udp_reassembly::partial::store(const udp_codec::slice& in) {
  if (in.offset == total - 1)
    return last.assign(in.bytes.begin(), in.bytes.end());
  slice_size = in.bytes.size();
  std::memcpy(body.data.get() + stored * slice_size, in.bytes.data(), slice_size);
  if (seen.empty() && in.offset != stored) { // from here on the order of arrival is another one
    seen.resize(total);
    for (std::uint16_t i = 0; i < stored; ++i) {
      order.push_back(i);
      seen[i] = true;
    }
  }
  if (!seen.empty()) {
    order.push_back(in.offset);
    seen[in.offset] = true;
  }
  ++stored;
}

udp_reassembly::outcome udp_reassembly::partial::join() {
  auto before_last = stored * slice_size;
  auto size = before_last + last.size();
  if (!seen.empty() || size > body.capacity) {
    block ordered{std::make_unique_for_overwrite<std::byte[]>(size), size};
    for (std::size_t i = 0; i < stored; ++i)
      std::memcpy(ordered.data.get() + (seen.empty() ? i : order[i]) * slice_size, body.data.get() + i * slice_size, slice_size);
    body = std::move(ordered);
  }
  std::memcpy(body.data.get() + before_last, last.data(), last.size());
  std::span<const std::byte> message{body.data.get(), size};
  return {std::nullopt, message, std::move(body), {}};
}

void udp_reassembly::partial::begin_passing() {
  passing.emplace(total, slice_size);
  for (std::size_t i = 0; i < stored; ++i)
    passing->take(seen.empty() ? static_cast<std::uint16_t>(i) : order[i], {body.data.get() + i * slice_size, slice_size});
  if (!last.empty())
    passing->take(static_cast<std::uint16_t>(total - 1), last);
  body = {};
  last = {};
  order = {};
  seen = {};
}

std::size_t udp_reassembly::partial::footprint() const noexcept {
  return sizeof(partial) + 2 * sizeof(void*) + body.capacity + last.capacity() + order.capacity() * sizeof(std::uint16_t)
         + seen.capacity() / 8 + (passing ? passing->footprint() : 0);
}

} // namespace ockam
