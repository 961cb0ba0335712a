// SPDX-License-Identifier: Apache-2.0
#include "fuzz/targets.hpp"

#include "cli/node/config_file.hpp"
#include "proto/control.pb.h"
#include "proto/routing.pb.h"
#include "relays/relay_protocol.hpp"
#include "runtime/core/bare.hpp"
#include "runtime/core/cbor.hpp"
#include "runtime/core/endpoint.hpp"
#include "runtime/core/multiaddr.hpp"
#include "runtime/core/route_header.hpp"
#include "runtime/core/watch_codec.hpp"
#include "transports/codec/wire_codec.hpp"

#include <cstdlib>
#include <cstring>
#include <string>

namespace ockam::fuzz {

namespace {

/// What must hold; not `assert`, which release builds leave out.
void must(bool condition) {
  if (!condition)
    std::abort();
}

std::string_view text(bytes in) { return {reinterpret_cast<const char*>(in.data()), in.size()}; }

std::string wire_bytes(const ockam::route_header& h, bytes body) {
  auto extras = wire_codec::extras(h);
  auto size = wire_codec::measure(h, body.size(), extras);
  std::string out(size.total, '\0');
  auto* at = wire_codec::write_head(reinterpret_cast<std::byte*>(out.data()), h, body.size(), !extras.empty());
  if (!body.empty())
    std::memcpy(at, body.data(), body.size());
  auto* end = wire_codec::write_tail(at + body.size(), extras);
  must(end == reinterpret_cast<std::byte*>(out.data()) + out.size());
  return out;
}

std::string encoded(const ockam::route_header& h) {
  std::string out(h.encoded_size(), '\0');
  must(h.encode(reinterpret_cast<std::byte*>(out.data())) == reinterpret_cast<std::byte*>(out.data()) + out.size());
  return out;
}

bool same_trace(const ockam::route_header& l, const ockam::route_header& r) {
  const auto *a = l.get_trace_context(), *b = r.get_trace_context();
  return a && b ? *a == *b : a == b;
}

/// What every hop does with a header.
void handle(ockam::route_header& h) {
  while (!h.onward_empty()) {
    address self{h.next()};
    h.pop_onward();
    h.push_return(self);
    must(h.return_front() == self);
  }
}

} // namespace

void trace_context(bytes in) {
  auto all = text(in);
  auto end = std::min(all.find('\n'), all.size());
  auto parent = all.substr(0, end), state = all.substr(std::min(end + 1, all.size()));
  auto t = parse_traceparent(parent);
  ockam::route_header h;
  bool goes_on = h.read_trace_context(parent, state);
  must(goes_on == (t.has_value() && is_tracestate(state)));
  must((h.get_trace_context() != nullptr) == t.has_value());
  if (!t)
    return;
  auto written = h.get_trace_context()->traceparent();
  must(written.size() == ockam::trace_context::traceparent_size && parse_traceparent(written) == t);
  must(h.get_trace_context()->state.size() <= ockam::trace_context::most_state);
  auto out = wire_bytes(h, {});
  ockam::route_header again;
  must(!wire_codec::decode(std::as_bytes(std::span{out}), again).bad && same_trace(again, h));
}

void wire_frame(bytes in) {
  ockam::route_header h, of_a_large_one;
  (void)wire_codec::decode_edges(in, in, in.size() + 100'000, of_a_large_one);
  auto d = wire_codec::decode(in, h);
  if (d.bad)
    return;
  must(d.body.size() <= in.size());
  auto onward = h.onward(), back = h.return_route();
  must(onward.size() <= max_route_hops && back.size() <= max_route_hops);
  // Written again it says the same.
  auto out = wire_bytes(h, d.body);
  ockam::route_header again;
  auto e = wire_codec::decode(std::as_bytes(std::span{out}), again);
  must(!e.bad && again.onward() == onward && again.return_route() == back && text(e.body) == text(d.body));
  must(again.wants_report() == h.wants_report());
  must(same_trace(again, h) && !e.bad_trace);
  if (in.size() <= edge_bytes) { // all of it is in its edges
    ockam::route_header edges;
    must(!wire_codec::decode_edges(in, in, in.size(), edges).bad);
    must(edges.onward() == onward && edges.return_route() == back && edges.wants_report() == h.wants_report());
  }
  handle(h);
}

void route_header(bytes in) {
  auto h = ockam::route_header::decode(in);
  if (!h)
    return;
  // Stricter than protobuf, never more lenient, and of the same opinion.
  routing::RouteHeader p;
  must(p.ParseFromArray(in.data(), static_cast<int>(in.size())));
  auto onward = h->onward();
  must(static_cast<std::size_t>(p.onward_size()) == onward.size());
  for (std::size_t i = 0; i < onward.size(); ++i) {
    const auto& a = p.onward(static_cast<int>(i));
    must(a.name() == onward[i].name && a.type() == static_cast<std::uint32_t>(onward[i].type));
  }
  auto out = encoded(*h);
  auto again = ockam::route_header::decode(std::as_bytes(std::span{out}));
  must(static_cast<bool>(again) && again->onward() == onward && again->return_route() == h->return_route());
  must(encoded(*again) == out && same_trace(*again, *h));
  handle(*h);
}

void cbor_skip(bytes in) {
  cbor::reader r{in};
  while (!r.at_end() && r.skip()) {
  }
}

void bare(bytes in) {
  auto rest = in;
  while (auto n = ockam::bare::read_uint(rest)) {
    std::vector<std::byte> out;
    ockam::bare::append_uint(out, *n);
    must(out.size() <= in.size());
  }
  if (auto s = ockam::bare::decode_string(in))
    must(ockam::bare::decode_string(ockam::bare::encode_string(*s)) == s);
}

void multiaddr_binary(bytes in) {
  auto m = decode_multiaddr(in);
  if (!m)
    return;
  auto out = encode(*m);
  auto again = decode_multiaddr(out);
  must(static_cast<bool>(again) && *again == *m);
  auto written = parse_multiaddr(to_string(*m));
  must(static_cast<bool>(written) && *written == *m);
  (void)to_route(*m);
}

void multiaddr_text(bytes in) {
  auto m = parse_multiaddr(text(in));
  if (!m) {
    must(!m.error().cause.empty() && m.error().cause.find('\n') == std::string::npos);
    return;
  }
  auto again = parse_multiaddr(to_string(*m));
  must(static_cast<bool>(again) && *again == *m);
  auto binary = decode_multiaddr(encode(*m));
  must(static_cast<bool>(binary) && *binary == *m);
  (void)to_route(*m);
}

void control_request(bytes in) {
  control::Request r;
  if (!r.ParseFromArray(in.data(), static_cast<int>(in.size())))
    return;
  control::Request again;
  must(again.ParseFromString(r.SerializeAsString()) && again.body_case() == r.body_case());
}

void config_text(bytes in) {
  static const std::array<service_type, 2> types{service_type{.name = "echo", .make = {}, .has_options = false},
                                                 service_type{.name = "plugin", .make = {}, .file_key = "plugin"}};
  node_config c;
  for (const auto& p : read_config_text(std::string{text(in)}, "f.ini", types, c, nullptr, config_world::empty()))
    must(p.code == errc::invalid_config && p.cause.starts_with("f.ini") && p.cause.find('\n') == std::string::npos);
}

void endpoint(bytes in) {
  if (auto e = parse_endpoint(text(in))) {
    auto again = parse_endpoint(to_string(*e));
    must(static_cast<bool>(again) && *again == *e);
  }
  if (auto e = parse_socket_address(text(in)))
    must(is_ip_literal(e->host));
  if (auto a = parse_address(text(in)))
    must(a->name.size() <= max_name_length);
  (void)parse_route(text(in));
}

void watch_messages(bytes in) {
  // Written again it says the same, and has no more items than there were bytes for.
  if (auto p = watch::decode_ping(in)) {
    must(p->changes.size() <= in.size() && p->session.size() == watch::session_length);
    auto again = watch::encode(*p);
    auto q = watch::decode_ping(again.bytes());
    must(q && q->first == p->first && q->seen == p->seen && q->changes.size() == p->changes.size());
    for (std::size_t i = 0; i < p->changes.size(); ++i)
      must(q->changes[i].name == p->changes[i].name && q->changes[i].watch == p->changes[i].watch);
  }
  if (auto p = watch::decode_pong(in)) {
    must(p->downs.size() <= in.size());
    auto again = watch::encode(*p);
    auto q = watch::decode_pong(again.bytes());
    must(q && q->done == p->done && q->state == p->state && q->downs.size() == p->downs.size());
    for (std::size_t i = 0; i < p->downs.size(); ++i)
      must(q->downs[i].words == p->downs[i].words && q->downs[i].why == p->downs[i].why);
  }
}

/// What a relay node and the nodes behind it read of each other: names are bounded and can be shown, answers fit what was
/// asked for.
void relay_registration(bytes in) {
  constexpr std::size_t most = 64;
  if (auto name = read_registration(in, most)) {
    must(name->size() <= most);
    must(address{std::string{relay_prefix} + *name}.name.size() <= max_name_length);
    must(printable(*name) == *name);
  }
  if (auto remote = read_relay_reply(in, "n"))
    must(remote->ends_with('n') && remote->size() <= max_name_length);
  if (auto number = read_ping(in)) {
    auto again = ping_payload(*number);
    must(read_ping(again.bytes()) == number && again.size() <= in.size());
  }
}

} // namespace ockam::fuzz
