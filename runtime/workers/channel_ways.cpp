// SPDX-License-Identifier: Apache-2.0
#include "runtime/workers/channel_ways.hpp"

#include "runtime/core/bare.hpp"
#include "runtime/core/channel_parts.hpp"
#include "runtime/core/units.hpp"
#include "runtime/workers/worker_host.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <stdexcept>

namespace ockam {

namespace {

/// FNV-1a, from another beginning for each half.
std::uint64_t hash_of(std::string_view text, std::uint64_t begin) {
  for (unsigned char c : text)
    begin = (begin ^ c) * 0x100000001b3ull;
  return begin;
}

/// 32 hex digits, as links have: the same for the same channel of the same worker, also when it is made anew.
std::string name_of(const address& by, const std::string& order) {
  constexpr std::string_view digits = "0123456789abcdef";
  auto text = to_string(by) + "\n" + order;
  std::string out;
  for (auto half : {hash_of(text, 0xcbf29ce484222325ull), hash_of(text, 0x6c62272e07bb0142ull)})
    for (int shift = 60; shift >= 0; shift -= 4)
      out += digits[(half >> shift) & 15];
  return out;
}

} // namespace

result<channel_order> order_channels(const address& by, std::string_view to, const channel_terms& how) {
  if (how.authorized && split_list(*how.authorized).empty())
    return error{errc::invalid_argument, "authorized names nobody", "an identifier: I…"};
  auto m = parse_multiaddr(to);
  if (!m)
    return std::move(m).error();
  auto last = std::find_if(m->parts.rbegin(), m->parts.rend(), [](auto& p) { return p.protocol == multiaddr_protocol::secure; });
  multiaddr behind;
  behind.parts.assign(last.base(), m->parts.end());
  auto rest = to_route(behind);
  if (!rest)
    return std::move(rest).error();
  if (rest->empty())
    return error{errc::invalid_route, "the route names no worker", "for example /ip4/10.0.0.2/tcp/4000/secure/api/service/echo"};
  channel_order out{*std::move(rest), {}};
  if (last == m->parts.rend() && how.authorized)
    return error{errc::invalid_argument, "authorized is about a secure channel, and the route names none", "for example /ip4/10.0.0.2/tcp/4000/secure/api/service/echo"};
  if (last == m->parts.rend())
    return out;
  m->parts.erase(last.base(), m->parts.end());
  if (auto ok = to_route(without_channels(*m)); !ok)
    return std::move(ok).error();
  auto order = to_string(*m) + "\n" + std::string{how.identity};
  if (how.authorized)
    order += "\n" + std::string{*how.authorized};
  auto e = name_of(by, order);
  out.to.insert(out.to.begin(), address{e});
  out.body = e + "\n" + order;
  return out;
}

route through_channels(worker& by, std::string_view to, const channel_terms& how) {
  auto& host = worker_host::of(by);
  auto order = order_channels(host.self(), to, how);
  if (!order)
    throw std::invalid_argument{order.error().cause};
  if (!order->body.empty() && host.has_turn("through_channels"))
    host.send(make_message({address{std::string{channel_maker_address}}}, host.self(), text_payload(order->body)));
  return std::move(order->to);
}

bool is_asked_by(const message& m, std::initializer_list<std::string_view> who) {
  return m.identity() && std::find(who.begin(), who.end(), *m.identity()) != who.end();
}

} // namespace ockam
