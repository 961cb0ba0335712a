// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "runtime/core/address.hpp"
#include "runtime/core/reason.hpp"
#include "runtime/core/route.hpp"
#include "runtime/core/trace_context.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <optional>
#include <span>
#include <string>

namespace ockam {

/// What a report says (`ockam.routing.Report`). In a header (`set_report`) its texts are bounded as they are
/// written, with what is not printable as `\xNN`, so that any report fits whatever it has to go through.
struct report {
  drop_reason reason = drop_reason::none;
  address hop;        ///< the hop that could not be reached; a name over `max_name_length` when written is cut
  std::string node;   ///< the node that dropped the message, at most `max_detail` bytes
  std::string detail; ///< a sentence for people, at most `max_detail` bytes; of a passage: the worker's type
  // Of a traced message:
  bool passed = false;         ///< it did not end: `hop` has got it
  std::uint32_t index = 0;     ///< how many workers have had it
  std::uint32_t left = 0;      ///< addresses that its onward route had, `hop` included
  std::uint64_t held_us = 0;   ///< how long it had been in the node

  static constexpr std::size_t max_detail = 256;

  /// Bytes of its texts.
  std::size_t texts() const noexcept { return hop.name.size() + node.size() + detail.size(); }
};

/// The route header of a message, kept in its protobuf encoding (`ockam.routing.RouteHeader`) and edited
/// there. In that encoding a repeated field is a concatenation of `tag length bytes`, so
///
///     onward  = 0a LEN address  0a LEN address …      address = [08 TYPE] 12 LEN name
///     return  = 12 LEN address  12 LEN address …      (type 0 is left out)
///
/// are kept as two slices of one buffer with free space in front of the return slice:
///
///     | free ……… | return slice | gap | onward slice |        after decode and make_request
///     | onward slice | free ………………… | return slice |        after make_reply
///     | free ………………… | return slice | onward slice |        when the space in front was used up
///
/// Taking the first onward address off moves an offset; putting one in front of the return route writes
/// into the free space. Nothing is allocated for routes that fit `inline_capacity`. Fields that this
/// version does not know are kept behind and travel on. Addresses are compared, never encoded bytes: on
/// arrival every entry is checked to be in canonical form, so equal addresses have equal bytes here.
/// A value, movable. Thread: one at a time.
class route_header {
 public:
  static constexpr std::size_t inline_capacity = 288;
  /// What a service that answers whatever comes takes off the budget of each answer (`worker::reply_from_budget`), so
  /// that two of them do not answer each other for long.
  static constexpr std::uint32_t answer_toll = 64;
  /// Enough for the longest route, an answer, and the same way back.
  static constexpr std::uint32_t default_hop_budget = 2 * (max_route_hops + answer_toll);
  static constexpr std::uint32_t flag_report = 1; ///< Flag.FLAG_REPORT
  static constexpr std::uint32_t flag_trace = 2;  ///< Flag.FLAG_TRACE
  static constexpr std::uint32_t flag_stream = 4; ///< Flag.FLAG_STREAM

  route_header() noexcept = default;
  route_header(route_header&& other) noexcept;
  route_header& operator=(route_header&& other) noexcept;

  /// Reads an encoded RouteHeader. Errors: `malformed` (also entries that are not canonical), `too_large`
  /// (over `max_route_hops`), `invalid_address` (a name over `max_name_length`). A trace context that is none is left out,
  /// and `bad_trace`, if not null, becomes true.
  static result<route_header> decode(std::span<const std::byte> in, bool* bad_trace = nullptr);
  std::size_t encoded_size() const noexcept;
  /// Writes `encoded_size()` bytes at `out`; returns the place behind.
  std::byte* encode(std::byte* out) const noexcept;

  // -- onward route --------------------------------------------------------------------------------
  bool onward_empty() const noexcept { return onward_begin_ == onward_end_; }
  /// The next hop; the view is valid until the header changes. The empty name when there is none.
  address_view next() const noexcept { return onward_empty() ? address_view{} : entry_at(onward_begin_).value; }
  /// Takes the first onward address off, if there is one.
  void pop_onward() noexcept {
    if (!onward_empty())
      onward_begin_ = end_of(onward_begin_);
  }
  /// Puts an address in front. A name that no entry can hold is `std::length_error`, here and wherever one is put in.
  void push_onward(address_view a) {
    bool alone = return_empty();
    prepend(onward_tag, onward_begin_, return_begin_, return_end_, a);
    if (alone) // an empty slice is never inside the other one
      return_begin_ = return_end_ = onward_begin_;
  }
  void append_onward(address_view a) { append(onward_tag, a); }
  route onward() const { return read(onward_begin_, onward_end_); }

  // -- return route --------------------------------------------------------------------------------
  bool return_empty() const noexcept { return return_begin_ == return_end_; }
  address_view return_front() const noexcept { return return_empty() ? address_view{} : entry_at(return_begin_).value; }
  void push_return(address_view a) {
    bool alone = onward_empty();
    prepend(return_tag, return_begin_, onward_begin_, onward_end_, a);
    if (alone)
      onward_begin_ = onward_end_ = return_end_;
  }
  void append_return(address_view a) { append(return_tag, a); }
  route return_route() const { return read(return_begin_, return_end_); }

  /// Makes the return route the onward route, and `self` the only return address (none: no address).
  /// Budget and flags become those of a fresh message without wishes. The trace goes on.
  void make_reply(std::optional<address_view> self);

  /// Calls `f(address_view)` for each address, in order.
  template <class F>
  void each_onward(F&& f) const { each(onward_begin_, onward_end_, f); }
  template <class F>
  void each_return(F&& f) const { each(return_begin_, return_end_, f); }

  /// Makes room for `bytes` of entries at once, so that a decoder appends without moving.
  void reserve(std::size_t bytes);
  /// What an entry of this address takes.
  static std::size_t entry_size(address_view a) noexcept;

  // -- the rest ------------------------------------------------------------------------------------
  std::uint32_t hop_budget() const noexcept { return hop_budget_; }
  void hop_budget(std::uint32_t n) noexcept { hop_budget_ = n; }
  /// Whether at least `n` of a whole budget are gone.
  bool has_spent(std::uint32_t n) const noexcept { return hop_budget_ + n <= default_hop_budget; }
  std::uint32_t flags() const noexcept { return flags_; }
  void flags(std::uint32_t f) noexcept { flags_ = f; }
  bool wants_report() const noexcept { return (flags_ & flag_report) != 0 && !report_; }
  bool is_of_stream() const noexcept { return (flags_ & flag_stream) != 0 && !report_; }
  bool is_traced() const noexcept { return (flags_ & flag_trace) != 0 && !report_; }
  /// How many workers have had this message, of a traced one.
  std::uint32_t traced() const noexcept { return traced_; }
  void traced(std::uint32_t n) noexcept { traced_ = n; }
  const report* get_report() const noexcept { return report_.get(); }
  /// Its texts are made printable and cut to what a report may have. A report belongs to no trace.
  void set_report(report r);
  /// The trace that it belongs to; null: none, as nearly all.
  const trace_context* get_trace_context() const noexcept { return trace_context_.get(); }
  /// No effect on a report, or when it cannot go on (`is_tracestate`).
  void set_trace_context(trace_context t);
  /// The same from the texts that others send: false when the first is no `traceparent`, or the second cannot go on, which is
  /// then left out.
  bool read_trace_context(std::string_view traceparent, std::string_view tracestate);
  void remove_trace_context() noexcept { trace_context_.reset(); }

  /// Bytes of memory beyond `sizeof(route_header)`.
  std::size_t heap_bytes() const noexcept {
    return (heap_ ? capacity_ : 0) + (report_ ? sizeof(report) + report_->texts() : 0)
           + (trace_context_ ? trace_context_->heap_bytes() : 0);
  }

 private:
  static constexpr std::byte onward_tag{0x0a};
  static constexpr std::byte return_tag{0x12};
  static constexpr std::byte name_tag{0x12}; ///< Address.name, bytes
  /// Longest name of a local address whose entry has lengths of one byte each.
  static constexpr std::size_t short_name = 0x7f - 2;

  struct entry {
    address_view value;
    std::uint32_t end; ///< offset behind the entry
  };

  const std::byte* data() const noexcept { return heap_ ? heap_.get() : inline_.data(); }
  std::byte* data() noexcept { return heap_ ? heap_.get() : inline_.data(); }
  entry entry_at(std::uint32_t pos) const noexcept {
    const std::byte* p = data() + pos;
    auto n = std::to_integer<std::uint32_t>(p[3]);
    if (p[2] != name_tag || p[1] != static_cast<std::byte>(n + 2) || n > short_name)
      return long_entry_at(pos);
    return {{transport_type::local, {reinterpret_cast<const char*>(p + 4), n}}, pos + 4 + n};
  }
  entry long_entry_at(std::uint32_t pos) const noexcept;
  /// Where the entry at `pos` ends. Bodies are below 2^14: their length takes one or two bytes.
  std::uint32_t end_of(std::uint32_t pos) const noexcept {
    const std::byte* p = data() + pos + 1;
    auto n = std::to_integer<std::uint32_t>(*p);
    return n < 0x80 ? pos + 2 + n : pos + 3 + ((n & 0x7f) | std::to_integer<std::uint32_t>(p[1]) << 7);
  }
  route read(std::uint32_t begin, std::uint32_t end) const;
  /// Inline for what nearly every hop does: a short local name, and there is room.
  void prepend(std::byte tag, std::uint32_t& begin, std::uint32_t other_begin, std::uint32_t other_end,
               address_view a) {
    auto need = static_cast<std::uint32_t>(4 + a.name.size());
    auto floor = other_begin < begin ? other_end : 0u;
    if (!is_short(a) || begin - floor < need)
      return prepend_any(tag, begin, floor, a);
    begin -= need;
    write_short(begin, tag, a.name);
  }
  void prepend_any(std::byte tag, std::uint32_t& begin, std::uint32_t floor, address_view a);
  /// The same at the other end. An empty onward slice stays right behind the return slice.
  void append(std::byte tag, address_view a) {
    auto need = static_cast<std::uint32_t>(4 + a.name.size());
    bool apart = return_end_ <= onward_begin_; // as in a header that is being made
    if (!is_short(a) || !apart || capacity_ - onward_end_ < need || (tag == return_tag && onward_begin_ != onward_end_))
      return append_any(tag, a);
    if (tag == return_tag) {
      write_short(return_end_, tag, a.name);
      return_end_ += need;
      onward_begin_ = onward_end_ = return_end_;
    } else {
      write_short(onward_end_, tag, a.name);
      onward_end_ += need;
    }
  }
  void append_any(std::byte tag, address_view a);
  static bool is_short(const address_view& a) noexcept { return a.is_local() && a.name.size() <= short_name; }
  void write_short(std::uint32_t at, std::byte tag, std::string_view name) noexcept {
    auto* out = data() + at;
    auto n = name.size();
    out[0] = tag;
    out[1] = static_cast<std::byte>(n + 2);
    out[2] = name_tag;
    out[3] = static_cast<std::byte>(n);
    if (n > 0)
      std::memcpy(out + 4, name.data(), n);
  }
  void make_room_before(std::uint32_t& begin, std::uint32_t need);
  void regrow(std::size_t extra);
  result<void> decode_entry(std::byte tag, std::span<const std::byte> body);
  result<void> decode_report(std::span<const std::byte> body);
  std::size_t report_size() const noexcept;
  std::byte* encode_report(std::byte* out) const noexcept;

  template <class F>
  void each(std::uint32_t begin, std::uint32_t end, F& f) const {
    while (begin != end) {
      auto e = entry_at(begin);
      f(e.value);
      begin = e.end;
    }
  }

  std::array<std::byte, inline_capacity> inline_; // left uninitialised on purpose
  std::unique_ptr<std::byte[]> heap_;
  std::uint32_t capacity_ = inline_capacity;
  // Both slices start empty: return at a third of the way, so that it can grow to the left.
  std::uint32_t return_begin_ = initial_headroom;
  std::uint32_t return_end_ = initial_headroom;
  std::uint32_t onward_begin_ = initial_headroom;
  std::uint32_t onward_end_ = initial_headroom;
  std::uint32_t hop_budget_ = default_hop_budget;
  std::uint32_t flags_ = 0;
  std::uint32_t traced_ = 0;
  std::unique_ptr<report> report_;
  std::unique_ptr<trace_context> trace_context_; ///< never beside a report
  std::string rest_; ///< unknown fields, as they came

  static constexpr std::uint32_t initial_headroom = 112; // three link addresses of 36 bytes
};

} // namespace ockam
