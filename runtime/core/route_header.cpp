// SPDX-License-Identifier: Apache-2.0
#include "runtime/core/route_header.hpp"

#include "runtime/core/protobuf_wire.hpp"
#include "runtime/core/utf8.hpp"

#include <algorithm>
#include <functional>
#include <stdexcept>
#include <string>

namespace ockam {

namespace {

using namespace protobuf_wire;

constexpr std::byte type_tag{0x08};   // Address.type, varint
constexpr std::byte address_name_tag{0x12}; // Address.name, bytes
constexpr std::byte budget_tag{0x1d}; // RouteHeader.hop_budget, fixed32
constexpr std::byte flags_tag{0x25};  // RouteHeader.flags, fixed32
constexpr std::byte report_tag{0x2a}; // RouteHeader.report, message
constexpr std::byte traced_tag{0x35}; // RouteHeader.traced, fixed32
constexpr std::byte traceparent_tag{0x3a}; // RouteHeader.traceparent, bytes
constexpr std::byte tracestate_tag{0x42};  // RouteHeader.tracestate, bytes

/// Size of the Address message: `[08 TYPE] 12 LEN name`.
std::size_t address_size(address_view a) noexcept {
  auto type = static_cast<std::uint8_t>(a.type);
  return (type == 0 ? 0 : 1 + varint_size(type)) + 1 + varint_size(a.name.size()) + a.name.size();
}

std::byte* write_address(std::byte* out, address_view a) noexcept {
  auto type = static_cast<std::uint8_t>(a.type);
  if (type != 0) {
    *out++ = type_tag;
    out = write_varint(out, type);
  }
  *out++ = address_name_tag;
  out = write_varint(out, a.name.size());
  return write_bytes(out, a.name);
}

std::byte* write_entry(std::byte* out, std::byte tag, address_view a, std::size_t body) noexcept {
  *out++ = tag;
  out = write_varint(out, body);
  return write_address(out, a);
}

const char* text(const std::byte* p) noexcept {
  return reinterpret_cast<const char*>(p);
}

std::string_view text_of(std::span<const std::byte> b) noexcept {
  return {text(b.data()), b.size()};
}

/// What there is room for of a text in its printable form, no character and no `\xNN` cut in two.
std::string clipped(std::string_view text, std::size_t room) {
  constexpr std::size_t longest_character = 4; // of UTF-8
  auto out = printable(text.substr(0, room + longest_character)); // which takes as much or more
  if (out.size() <= room)
    return out;
  auto n = room;
  while (n > 0 && (static_cast<unsigned char>(out[n]) & 0xc0) == 0x80)
    --n;
  auto escape = out.rfind("\\x", n - 1);
  out.resize(escape != out.npos && escape + 4 > n ? escape : n);
  return out;
}

error malformed(const char* what) {
  return {errc::malformed, std::string{"route header: "} + what, {}};
}

/// The canonical Address message, or nothing.
std::optional<address_view> parse_address_message(std::span<const std::byte> body) noexcept {
  cursor in{body.data(), body.data() + body.size()};
  address_view out;
  if (!in.done() && *in.pos == type_tag) {
    ++in.pos;
    auto type = in.varint();
    if (!type || *type == 0 || *type > 255)
      return std::nullopt;
    out.type = static_cast<transport_type>(*type);
  }
  // proto3 writers leave an empty name out; the canonical form here is the same with an explicit one,
  // so both are read.
  if (in.done())
    return out;
  if (*in.pos++ != address_name_tag)
    return std::nullopt;
  auto name = in.block();
  if (!name || !in.done())
    return std::nullopt;
  out.name = text_of(*name);
  return out;
}

} // namespace

route_header::route_header(route_header&& other) noexcept {
  *this = std::move(other);
}

route_header& route_header::operator=(route_header&& other) noexcept {
  if (this == &other)
    return *this;
  heap_ = std::move(other.heap_);
  if (!heap_) {
    // Copy only what is used: the two slices.
    auto copy = [&](std::uint32_t b, std::uint32_t e) {
      if (b != e)
        std::memcpy(inline_.data() + b, other.inline_.data() + b, e - b);
    };
    copy(other.return_begin_, other.return_end_);
    copy(other.onward_begin_, other.onward_end_);
  }
  capacity_ = std::exchange(other.capacity_, static_cast<std::uint32_t>(inline_capacity));
  return_begin_ = std::exchange(other.return_begin_, initial_headroom);
  return_end_ = std::exchange(other.return_end_, initial_headroom);
  onward_begin_ = std::exchange(other.onward_begin_, initial_headroom);
  onward_end_ = std::exchange(other.onward_end_, initial_headroom);
  hop_budget_ = other.hop_budget_;
  flags_ = other.flags_;
  traced_ = other.traced_;
  report_ = std::move(other.report_);
  trace_context_ = std::move(other.trace_context_);
  rest_ = std::move(other.rest_);
  return *this;
}

namespace {

/// Lengths of entries are read as numbers of one or two bytes. A name over `max_name_length` is refused wherever it comes in.
void check_name(address_view a) {
  constexpr std::size_t most = 16'000;
  if (a.name.size() > most)
    throw std::length_error{"a name of " + std::to_string(a.name.size()) + " bytes in a route: at most " + std::to_string(max_name_length)};
}

} // namespace

std::size_t route_header::entry_size(address_view a) noexcept {
  auto body = address_size(a);
  return 1 + varint_size(body) + body;
}

route_header::entry route_header::long_entry_at(std::uint32_t pos) const noexcept {
  // The slices hold only canonical entries with bodies below 2^14, so lengths take one or two bytes.
  const std::byte* p = data() + pos + 1;
  auto length = [&p] {
    auto n = std::to_integer<std::uint32_t>(*p++);
    if (n & 0x80)
      n = (n & 0x7f) | std::to_integer<std::uint32_t>(*p++) << 7;
    return n;
  };
  auto body = length();
  auto end = static_cast<std::uint32_t>(p - data()) + body;
  address_view value;
  if (*p == type_tag) {
    ++p;
    value.type = static_cast<transport_type>(length());
  }
  ++p; // name_tag
  auto n = length();
  value.name = {text(p), n};
  return {value, end};
}

route route_header::read(std::uint32_t begin, std::uint32_t end) const {
  route out;
  auto add = [&out](address_view a) { out.emplace_back(a); };
  each(begin, end, add);
  return out;
}

void route_header::regrow(std::size_t extra) {
  auto back = return_end_ - return_begin_;
  auto forth = onward_end_ - onward_begin_;
  auto used = back + forth;
  // Free space before, between and behind, as much again as is in use: whatever grows next has room for
  // `extra`, and pushing n addresses costs O(n) in total.
  auto room = static_cast<std::uint32_t>(extra) + used + initial_headroom;
  auto capacity = 3 * room + used;
  auto bigger = std::make_unique_for_overwrite<std::byte[]>(capacity);
  std::memcpy(bigger.get() + room, data() + return_begin_, back);
  auto at = room + back + room;
  std::memcpy(bigger.get() + at, data() + onward_begin_, forth);
  heap_ = std::move(bigger);
  capacity_ = capacity;
  return_begin_ = room;
  return_end_ = room + back;
  onward_begin_ = at;
  onward_end_ = at + forth;
}

void route_header::reserve(std::size_t bytes) {
  if (bytes + initial_headroom > capacity_)
    regrow(bytes);
}

void route_header::make_room_before(std::uint32_t& begin, std::uint32_t need) {
  // What was taken off one route makes room for what is put on the other, so a message that has moved on
  // by some hops still fits: everything goes to the right end, the slice that grows in front.
  auto back = return_end_ - return_begin_;
  auto forth = onward_end_ - onward_begin_;
  if (heap_ || back + forth + need > capacity_)
    return regrow(need); // moves `begin` too: it is a member
  std::array<std::byte, inline_capacity> copy;
  bool grows_return = &begin == &return_begin_;
  auto first = grows_return ? back : forth;
  std::memcpy(copy.data(), data() + begin, first);
  std::memcpy(copy.data() + first, data() + (grows_return ? onward_begin_ : return_begin_), back + forth - first);
  auto at = capacity_ - back - forth;
  std::memcpy(data() + at, copy.data(), back + forth);
  return_begin_ = grows_return ? at : at + forth;
  return_end_ = return_begin_ + back;
  onward_begin_ = grows_return ? at + back : at;
  onward_end_ = onward_begin_ + forth;
}

void route_header::prepend_any(std::byte tag, std::uint32_t& begin, std::uint32_t floor, address_view a) {
  check_name(a);
  auto body = address_size(a);
  auto need = static_cast<std::uint32_t>(1 + varint_size(body) + body);
  if (begin - floor < need)
    make_room_before(begin, need);
  begin -= need;
  write_entry(data() + begin, tag, a, body);
}

void route_header::append_any(std::byte tag, address_view a) {
  check_name(a);
  auto body = address_size(a);
  auto need = static_cast<std::uint32_t>(1 + varint_size(body) + body);
  bool to_return = tag == return_tag;
  auto& end = to_return ? return_end_ : onward_end_;
  // An append to the return slice needs the onward slice behind it to be out of the way.
  auto ceiling = [&] {
    if (to_return)
      return onward_begin_ >= return_end_ && onward_begin_ != onward_end_ ? onward_begin_ : capacity_;
    return return_begin_ >= onward_end_ && return_begin_ != return_end_ ? return_begin_ : capacity_;
  };
  if (ceiling() - end < need)
    regrow(need);
  write_entry(data() + end, tag, a, body);
  end += need;
  // An empty onward slice follows the return slice, so that the two never overlap later.
  if (to_return && onward_begin_ == onward_end_)
    onward_begin_ = onward_end_ = end;
  else if (!to_return && return_begin_ == return_end_ && return_begin_ > onward_begin_)
    return_begin_ = return_end_ = onward_begin_;
}

void route_header::make_reply(std::optional<address_view> self) {
  // `self` may point into this header, where its bytes become free space.
  std::string copy;
  if (self && std::less_equal<>{}(text(data()), self->name.data()) && std::less<>{}(self->name.data(), text(data()) + capacity_)) {
    copy = self->name;
    self->name = copy;
  }
  for (auto pos = return_begin_; pos != return_end_; pos = end_of(pos))
    data()[pos] = onward_tag;
  onward_begin_ = return_begin_;
  onward_end_ = return_end_;
  // The new return slice starts empty and grows to the left: where there is more room for that.
  return_begin_ = return_end_ = onward_begin_ >= capacity_ - onward_end_ ? onward_begin_ : capacity_;
  hop_budget_ = default_hop_budget;
  flags_ = 0;
  traced_ = 0;
  report_.reset();
  rest_.clear();
  if (self)
    push_return(*self);
}

// -- whole headers ---------------------------------------------------------------------------------

result<void> route_header::decode_entry(std::byte tag, std::span<const std::byte> body) {
  auto a = parse_address_message(body);
  if (!a)
    return malformed("an address is not in canonical form");
  if (a->name.size() > max_name_length)
    return error{errc::invalid_address, "route header: a name is over 1024 bytes", {}};
  append(tag, *a);
  return {};
}

result<void> route_header::decode_report(std::span<const std::byte> body) {
  cursor in{body.data(), body.data() + body.size()};
  report r;
  while (!in.done()) {
    auto key = in.key();
    if (!key)
      return malformed("the report is cut off");
    if ((*key & 7) == 0) {
      auto v = in.varint();
      if (!v)
        return malformed("the report is cut off");
      switch (*key >> 3) {
        case 1: r.reason = *v < drop_reason_count ? static_cast<drop_reason>(*v) : drop_reason::none; break;
        case 5: r.passed = *v != 0; break;
        case 6: r.index = static_cast<std::uint32_t>(std::min<std::uint64_t>(*v, UINT32_MAX)); break;
        case 7: r.left = static_cast<std::uint32_t>(std::min<std::uint64_t>(*v, UINT32_MAX)); break;
        case 8: r.held_us = *v; break;
        default: break;
      }
    } else if ((*key & 7) == 2) {
      auto b = in.block();
      if (!b)
        return malformed("the report is cut off");
      if (*key == 0x12) {
        auto a = parse_address_message(*b);
        if (!a || a->name.size() > max_name_length)
          return malformed("the report's hop is not an address");
        r.hop = address{*a};
      } else if (*key == 0x1a || *key == 0x22) {
        if (!is_utf8(text_of(*b)))
          return malformed("a text of the report is not UTF-8");
        (*key == 0x1a ? r.node : r.detail) = text_of(*b);
      }
    } else if (!in.skip(*key & 7)) {
      return malformed("the report has a field of unknown kind");
    }
  }
  set_report(std::move(r));
  return {};
}

result<route_header> route_header::decode(std::span<const std::byte> bytes, bool* bad_trace) {
  // Two passes: the slices are contiguous here, but fields may come in any order. Bounds first.
  route_header h;
  std::size_t hops[2] = {0, 0};
  std::string_view traceparent, tracestate;
  h.reserve(bytes.size());
  for (int pass = 0; pass < 2; ++pass) {
    cursor in{bytes.data(), bytes.data() + bytes.size()};
    while (!in.done()) {
      const auto* start = in.pos;
      auto key = in.key();
      if (!key)
        return malformed("a field key is not valid");
      if (*key == 0x0a || *key == 0x12) {
        auto body = in.block();
        if (!body)
          return malformed("an address is cut off");
        bool is_return = *key == 0x12;
        // First pass: return entries, then onward ones: each slice is built in one piece.
        if (is_return == (pass == 0)) {
          if (++hops[pass] > max_route_hops)
            return error{errc::too_large, "route header: a route of more than 1024 hops", {}};
          if (auto ok = h.decode_entry(is_return ? return_tag : onward_tag, *body); !ok)
            return std::move(ok).error();
        }
      } else if (*key == 0x1d || *key == 0x25 || *key == 0x35) {
        auto v = in.fixed32();
        if (!v)
          return malformed("a number is cut off");
        (*key == 0x1d ? h.hop_budget_ : *key == 0x25 ? h.flags_ : h.traced_) = *v;
      } else if (*key == 0x2a) {
        auto body = in.block();
        if (!body)
          return malformed("the report is cut off");
        if (pass == 0)
          if (auto ok = h.decode_report(*body); !ok)
            return std::move(ok).error();
      } else if (*key == 0x3a || *key == 0x42) {
        auto body = in.block();
        if (!body)
          return malformed("a trace context is cut off");
        (*key == 0x3a ? traceparent : tracestate) = text_of(*body);
      } else {
        if (!in.skip(*key & 7))
          return malformed("a field of unknown kind");
        if (pass == 0)
          h.rest_.append(reinterpret_cast<const char*>(start), static_cast<std::size_t>(in.pos - start));
      }
    }
  }
  if (!traceparent.empty() && !h.read_trace_context(traceparent, tracestate) && bad_trace)
    *bad_trace = true;
  return h;
}

void route_header::set_trace_context(trace_context t) {
  if (!report_ && is_tracestate(t.state))
    trace_context_ = std::make_unique<trace_context>(std::move(t));
}

bool route_header::read_trace_context(std::string_view traceparent, std::string_view tracestate) {
  auto t = parse_traceparent(traceparent);
  if (!t)
    return false;
  bool goes_on = is_tracestate(tracestate);
  if (goes_on)
    t->state = tracestate;
  set_trace_context(std::move(*t));
  return goes_on;
}

void route_header::set_report(report r) {
  if (static_cast<std::size_t>(r.reason) >= drop_reason_count)
    r.reason = drop_reason::none; // its size is that of one that there is
  for (auto* text : {&r.node, &r.detail})
    *text = clipped(*text, report::max_detail);
  if (printable(r.hop.name).size() > max_name_length)
    r.hop.name = clipped(r.hop.name, max_name_length);
  report_ = std::make_unique<report>(std::move(r));
  trace_context_.reset();
}

std::size_t route_header::report_size() const noexcept {
  if (!report_)
    return 0;
  auto sized = [](std::size_t n) { return 1 + varint_size(n) + n; };
  auto number = [](std::uint64_t v) { return v == 0 ? 0 : 1 + varint_size(v); };
  return 2 + sized(address_size(report_->hop)) + sized(report_->node.size()) + sized(report_->detail.size())
         + number(report_->passed) + number(report_->index) + number(report_->left) + number(report_->held_us);
}

std::size_t route_header::encoded_size() const noexcept {
  auto size = (return_end_ - return_begin_) + (onward_end_ - onward_begin_) + 5u + rest_.size();
  if (flags_ != 0)
    size += 5;
  if (traced_ != 0)
    size += 5;
  if (auto n = report_size())
    size += 1 + varint_size(n) + n;
  if (trace_context_) {
    size += 2 + trace_context::traceparent_size;
    if (auto n = trace_context_->state.size())
      size += 1 + varint_size(n) + n;
  }
  return size;
}

std::byte* route_header::encode_report(std::byte* out) const noexcept {
  *out++ = report_tag;
  out = write_varint(out, report_size());
  *out++ = std::byte{0x08};
  out = write_varint(out, static_cast<std::uint8_t>(report_->reason));
  *out++ = std::byte{0x12};
  out = write_varint(out, address_size(report_->hop));
  out = write_address(out, report_->hop);
  auto text = [&](std::byte tag, std::string_view t) {
    *out++ = tag;
    out = write_varint(out, t.size());
    out = write_bytes(out, t);
  };
  text(std::byte{0x1a}, report_->node);
  text(std::byte{0x22}, report_->detail);
  auto number = [&](std::byte tag, std::uint64_t v) {
    if (v == 0)
      return;
    *out++ = tag;
    out = write_varint(out, v);
  };
  number(std::byte{0x28}, report_->passed);
  number(std::byte{0x30}, report_->index);
  number(std::byte{0x38}, report_->left);
  number(std::byte{0x40}, report_->held_us);
  return out;
}

std::byte* route_header::encode(std::byte* out) const noexcept {
  auto slice = [&](std::uint32_t b, std::uint32_t e) {
    std::memcpy(out, data() + b, e - b);
    out += e - b;
  };
  slice(onward_begin_, onward_end_);
  slice(return_begin_, return_end_);
  *out++ = budget_tag;
  out = write_fixed32(out, hop_budget_);
  if (flags_ != 0) {
    *out++ = flags_tag;
    out = write_fixed32(out, flags_);
  }
  if (report_)
    out = encode_report(out);
  if (traced_ != 0) {
    *out++ = traced_tag;
    out = write_fixed32(out, traced_);
  }
  if (trace_context_) {
    auto text = [&](std::byte tag, std::string_view t) {
      *out++ = tag;
      out = write_bytes(write_varint(out, t.size()), t);
    };
    text(traceparent_tag, trace_context_->traceparent());
    if (!trace_context_->state.empty())
      text(tracestate_tag, trace_context_->state);
  }
  return write_bytes(out, rest_);
}

} // namespace ockam
