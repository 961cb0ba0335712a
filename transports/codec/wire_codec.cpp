// SPDX-License-Identifier: Apache-2.0
#include "transports/codec/wire_codec.hpp"

#include "runtime/core/cbor_route.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <charconv>

namespace ockam::wire_codec {

namespace {

using cbor::major;
using cbor::read_route;
using cbor::reader;
using cbor::route_measure;

/// What the reference writes when it has no tracing context; the common case is told without parsing.
constexpr std::string_view empty_object = "{}";
/// What each message of a stream carries.
constexpr std::string_view of_stream = R"({"ockam_stream":"1"})";
constexpr std::string_view of_request = R"({"ockam_report":"1"})";
/// The hop budget and nothing else, as messages have it that go round: written and told without a parser.
constexpr std::string_view budget_alone_begins = R"({"ockam_hops":")";
constexpr std::string_view budget_alone_ends = R"("})";
/// A trace context as the reference writes it when it has one (its keys come in any order), and as we do, behind what else
/// there is to say: told without a parser.
constexpr std::string_view state_first = R"({"tracestate":"","traceparent":")";
constexpr std::string_view trace_first = R"({"traceparent":")";
constexpr std::string_view trace_next = R"(,"traceparent":")";
constexpr std::string_view state_last = R"(","tracestate":""})";
constexpr std::string_view trace_last = R"("})";
/// What our node says beside a trace when there is nothing else: the message is ours, and of no stream.
constexpr std::string_view of_no_stream = R"({"ockam_stream":"0"})";
/// JSON beyond this is not ours: no wish is read from it. Every report fits, even if all of it has to be escaped.
constexpr std::size_t max_extras = 4096;
constexpr std::size_t numbers_of_a_report = 512; // keys, reason, counts
static_assert(2 * (max_name_length + 2 * report::max_detail) + numbers_of_a_report <= max_extras);

/// Text of one key, or nothing.
std::string member(const nlohmann::json& object, const char* key) {
  auto it = object.find(key);
  return it != object.end() && it->is_string() ? it->get<std::string>() : std::string{};
}

constexpr std::uint64_t absent = UINT64_MAX;

/// Decimal digits and nothing else, or `absent`.
std::uint64_t number(std::string_view text) {
  std::uint64_t n = 0;
  auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), n);
  return text.empty() || ec != std::errc{} || end != text.data() + text.size() ? absent : n;
}

/// Value of one key as a number, or `absent`.
std::uint64_t number(const nlohmann::json& object, const char* key) {
  return number(member(object, key));
}

/// A peer cannot make a message live longer, only shorter.
void lower_budget(route_header& h, std::uint64_t budget) {
  if (budget < h.hop_budget())
    h.hop_budget(static_cast<std::uint32_t>(budget));
}

/// The next node begins with a whole budget if nothing is said, which is right for nearly all messages, and
/// costs them nothing. Who has paid two tolls answers an answer, and may be going round.
bool says_budget(const route_header& h) noexcept {
  return h.has_spent(2 * route_header::answer_toll);
}

/// Whether a key is in it that only reports have. Of a long text its beginning says so.
bool speaks_of_a_report(std::string_view text) {
  auto has = [begin = text.substr(0, max_extras)](std::string_view key) { return begin.find(key) != std::string_view::npos; };
  return has(R"("ockam_undeliverable")") || has(R"("ockam_passed")") || has(R"("ockam_hop")") || has(R"("ockam_detail")");
}

/// An address as a report spells it: of a name that a peer may have chosen freely, `#` included.
address read_hop(const std::string& text) {
  auto hash = text.find('#');
  auto type = parse_address(text.substr(0, hash == std::string::npos ? 0 : hash + 1));
  if (!type || hash == std::string::npos)
    return {};
  return {type->type, text.substr(hash + 1)};
}

/// What is no report, although it says so, is one without a reason: who waits for an answer has none.
bool broken_report(route_header& h) {
  report r;
  r.detail = "a report that does not decode";
  h.set_report(std::move(r));
  return false;
}

/// The wishes of the most frequent texts, `}` left out: false for others.
bool read_frequent(std::string_view open_text, route_header& h) {
  auto is = [&](std::string_view whole) { return open_text == whole.substr(0, whole.size() - 1); };
  if (is(of_stream))
    h.flags(h.flags() | route_header::flag_stream);
  else if (is(of_request))
    h.flags(h.flags() | route_header::flag_report);
  else
    return is(of_no_stream) || is(empty_object);
  return true;
}

/// A text that says nothing else than a trace context, or little: read without a parser. False: it is another.
bool read_frequent_trace(std::string_view text, route_header& h) {
  constexpr auto size = trace_context::traceparent_size;
  auto read = [&](std::size_t at, std::string_view before, std::string_view behind) {
    return text.size() == at + before.size() + size + behind.size() && text.substr(at).starts_with(before) && text.ends_with(behind)
           && h.read_trace_context(text.substr(at + before.size(), size), {});
  };
  if (read(0, trace_first, state_last) || read(0, state_first, trace_last))
    return true;
  auto own = trace_next.size() + size + trace_last.size();
  return text.size() > own && read(text.size() - own, trace_next, trace_last) && read_frequent(text.substr(0, text.size() - own), h);
}

/// Of an object that was parsed, or (null) is too long to be. False: it has one that cannot go on.
bool read_trace(const nlohmann::json& object, route_header& h) {
  auto parent = object.find("traceparent");
  return parent == object.end() || h.read_trace_context(member(object, "traceparent"), member(object, "tracestate"));
}

/// False: it says that it is a report, and is none that can be read.
bool read_extras(std::string_view text, route_header& h, bool& bad_trace) {
  if (!text.empty() && text.back() == '}' && read_frequent(text.substr(0, text.size() - 1), h))
    return true; // by far the most frequent: no need to parse them
  auto begin = text.substr(0, max_extras);
  bool has_trace = begin.find(R"("traceparent")") != std::string_view::npos;
  if (has_trace && read_frequent_trace(text, h))
    return true;
  if (!has_trace && begin.find("ockam_") == std::string_view::npos)
    return true;
  if (text.starts_with(budget_alone_begins) && text.ends_with(budget_alone_ends)) {
    auto digits = text.substr(budget_alone_begins.size());
    digits.remove_suffix(std::min(digits.size(), budget_alone_ends.size()));
    if (auto budget = number(digits); budget != absent) {
      lower_budget(h, budget);
      return true;
    }
  }
  auto object = text.size() > max_extras ? nlohmann::json{} : nlohmann::json::parse(text, nullptr, false);
  bad_trace = has_trace && (!object.is_object() || !read_trace(object, h));
  if (!object.is_object()) // not JSON: ignored, as the reference does
    return !speaks_of_a_report(text) || broken_report(h);
  lower_budget(h, number(object, "ockam_hops")); // absent: no number is larger
  if (member(object, "ockam_report") == "1")
    h.flags(h.flags() | route_header::flag_report);
  if (member(object, "ockam_stream") == "1")
    h.flags(h.flags() | route_header::flag_stream);
  if (auto traced = number(object, "ockam_trace"); traced != absent) {
    h.flags(h.flags() | route_header::flag_trace);
    h.traced(static_cast<std::uint32_t>(std::min<std::uint64_t>(traced, UINT32_MAX)));
  }
  auto reason = member(object, "ockam_undeliverable");
  auto index = number(object, "ockam_passed");
  if (reason.empty() && index == absent)
    return !speaks_of_a_report(text) || broken_report(h);
  report r;
  r.passed = reason.empty();
  if (index != absent)
    r.index = static_cast<std::uint32_t>(std::min<std::uint64_t>(index, UINT32_MAX));
  if (auto left = number(object, "ockam_left"); left != absent)
    r.left = static_cast<std::uint32_t>(std::min<std::uint64_t>(left, UINT32_MAX));
  if (auto held = number(object, "ockam_held_us"); held != absent)
    r.held_us = held;
  for (std::size_t i = 1; i < drop_reason_count; ++i)
    if (to_string(static_cast<drop_reason>(i)) == reason)
      r.reason = static_cast<drop_reason>(i);
  r.hop = read_hop(member(object, "ockam_hop"));
  r.node = member(object, "ockam_node");
  r.detail = member(object, "ockam_detail");
  h.set_report(std::move(r));
  return true;
}

} // namespace

decoded_message decode(std::span<const std::byte> bytes, route_header& header) {
  reader in{bytes};
  auto elements = in.read_array();
  if (!elements || *elements < 3)
    return {refusal::malformed_frame, {}};
  // Twice over the onward route: its entries stand behind those of the return route in the header, which
  // therefore come first. The first time it is only checked and measured.
  auto onward = in;
  route_measure size;
  if (auto bad = read_route(in, size))
    return {bad, {}};
  auto back = in;
  if (auto bad = read_route(in, size))
    return {bad, {}};
  header.reserve(size.bytes + 3 * size.hops); // an entry may take up to 3 bytes more than in CBOR
  (void)read_route(back, [&](address_view a) { header.append_return(a); });
  (void)read_route(onward, [&](address_view a) { header.append_onward(a); });
  auto body = in.read_bytes();
  if (!body)
    return {refusal::malformed_frame, {}};
  bool open = *elements == reader::indefinite;
  bool foreign = false, readable = true, bad_trace = false;
  for (std::uint64_t i = 3; open ? !in.skip_break() : i < *elements; ++i) {
    // We write a fourth element only where there is something in it; the reference always does.
    foreign = foreign || i == 3;
    if (i > 3) {
      if (!in.skip())
        return {refusal::malformed_frame, {}};
    } else if (!in.skip_null()) {
      auto text = in.read_text();
      if (!text)
        return {refusal::malformed_frame, {}};
      readable = read_extras(*text, header, bad_trace);
      foreign = text->find("ockam_") == std::string_view::npos;
    }
  }
  return {std::nullopt, *body, foreign, !readable, bad_trace};
}

decoded_message decode_edges(std::span<const std::byte> first, std::span<const std::byte> last, std::size_t length,
                             route_header& header) {
  constexpr decoded_message unreadable{refusal::malformed_frame, {}};
  auto ignore = [](address_view) {};
  reader in{first};
  auto elements = in.read_array();
  auto routes_at = first.size() - in.remaining();
  if (!elements || *elements < 3 || read_route(in, ignore) || read_route(in, ignore))
    return unreadable;
  auto routes = first.subspan(routes_at, first.size() - in.remaining() - routes_at);
  auto payload = in.read_bytes_head();
  auto payload_at = first.size() - in.remaining();
  if (!payload || *payload > length - payload_at)
    return unreadable;
  // The same message with an empty payload, for the decoder of all others.
  auto rest = length - payload_at - static_cast<std::size_t>(*payload);
  constexpr std::byte end_of_array{0xff}; // of an indefinite one
  bool has_extras = *elements != 3 && rest > 0 && rest <= last.size() && last[last.size() - rest] != end_of_array;
  std::vector<std::byte> small(1 + routes.size() + 1 + (has_extras ? rest : 0));
  auto* at = cbor::write_head(small.data(), major::array, has_extras ? 4 : 3);
  at = std::copy(routes.begin(), routes.end(), at);
  at = cbor::write_head(at, major::bytes, 0);
  if (has_extras)
    std::copy(last.end() - static_cast<std::ptrdiff_t>(rest), last.end(), at);
  auto d = decode(small, header);
  d.body = {}; // which would lie in `small`
  return d;
}

namespace {

/// What there is to say beside a trace.
extra_text extras_without_trace(const route_header& h) {
  const auto* r = h.get_report();
  constexpr auto wishes = route_header::flag_report | route_header::flag_trace | route_header::flag_stream;
  auto wished = h.flags() & wishes;
  if (!r && !says_budget(h) && wished == 0)
    return {};
  if (!r && !says_budget(h) && wished == route_header::flag_stream)
    return extra_text{of_stream};
  if (!r && !says_budget(h) && wished == route_header::flag_report)
    return extra_text{of_request};
  if (!r && wished == 0)
    return extra_text{std::string{budget_alone_begins}.append(std::to_string(h.hop_budget())).append(budget_alone_ends)};
  nlohmann::json object = nlohmann::json::object();
  if (says_budget(h))
    object["ockam_hops"] = std::to_string(h.hop_budget());
  if (r) {
    if (!r->passed)
      object["ockam_undeliverable"] = to_string(r->reason);
    if (r->index != 0) { // of a traced message
      object["ockam_passed"] = std::to_string(r->index);
      object["ockam_left"] = std::to_string(r->left);
    }
    if (r->passed)
      object["ockam_held_us"] = std::to_string(r->held_us);
    object["ockam_hop"] = to_string(r->hop);
    object["ockam_node"] = r->node;
    object["ockam_detail"] = r->detail;
  } else {
    if ((h.flags() & route_header::flag_report) != 0)
      object["ockam_report"] = "1";
    if (h.is_of_stream())
      object["ockam_stream"] = "1";
    if (h.is_traced())
      object["ockam_trace"] = std::to_string(h.traced());
  }
  return extra_text{object.dump()};
}

/// Behind what else there is: `{…}` becomes `{…,"traceparent":"…"}`.
extra_text with_trace(std::string_view before, const trace_context& t) {
  std::string extras{before.empty() ? of_no_stream : before};
  extras.pop_back();
  extras.append(trace_next).append(t.traceparent());
  if (!t.state.empty()) // printable, but maybe with quotes
    extras.append(R"(","tracestate":)").append(nlohmann::json(t.state).dump()).append("}");
  else
    extras.append(trace_last);
  return extra_text{std::move(extras)};
}

} // namespace

extra_text extras(const route_header& h) {
  auto text = extras_without_trace(h);
  if (const auto* t = h.get_trace_context()) [[unlikely]]
    return with_trace(text, *t);
  return text;
}

extra_text with_identity(std::string_view extras, const std::string& who) {
  auto member = "\"ockam_identity\":" + nlohmann::json(who).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "}";
  if (extras.empty())
    return extra_text{"{" + member};
  return extra_text{std::string{extras.substr(0, extras.size() - 1)}.append(",").append(member)};
}

message_size measure(const route_header& h, std::size_t payload, std::string_view extra) noexcept {
  route_measure onward, back;
  h.each_onward(onward);
  h.each_return(back);
  message_size s;
  s.head = 1 + cbor::head_size(onward.hops) + onward.bytes + cbor::head_size(back.hops) + back.bytes
           + cbor::head_size(payload);
  s.tail = extra.empty() ? 0 : cbor::head_size(extra.size()) + extra.size();
  s.total = s.head + payload + s.tail;
  return s;
}

std::byte* write_head(std::byte* out, const route_header& h, std::size_t payload, bool with_extras) noexcept {
  out = cbor::write_head(out, major::array, with_extras ? 4 : 3);
  out = cbor::write_route(out, [&h](auto f) { h.each_onward(f); });
  out = cbor::write_route(out, [&h](auto f) { h.each_return(f); });
  return cbor::write_head(out, major::bytes, payload);
}

std::byte* write_tail(std::byte* out, std::string_view extra) noexcept {
  if (extra.empty())
    return out;
  out = cbor::write_head(out, major::text, extra.size());
  std::memcpy(out, extra.data(), extra.size());
  return out + extra.size();
}

} // namespace ockam::wire_codec
