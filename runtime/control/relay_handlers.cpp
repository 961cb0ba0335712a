// SPDX-License-Identifier: Apache-2.0
// Requests about relays of this node: create, list, delete.
#include "runtime/control/handlers.hpp"
#include "runtime/control/render.hpp"
#include "runtime/core/log.hpp"
#include "runtime/core/suggest.hpp"
#include "runtime/links/allow.hpp"

#include <algorithm>

namespace ockam {

namespace {

/// A relay that is not up yet is no error: it is waited for no longer than this.
constexpr std::chrono::milliseconds longest_wait{5'000};

config_section section_of(const relay_config& c) {
  config_section s{"relay", c.name, {{"at", c.at}}};
  if (!c.relay_address.empty() && c.relay_address != c.name)
    s.keys["relay-address"] = c.relay_address;
  if (c.allow != relay_config{}.allow)
    s.keys["allow"] = allow_text(c.allow);
  return s;
}

} // namespace

void control_handlers::create_relay(requester from, const control::CreateRelay& m, std::chrono::milliseconds timeout) {
  relay_config c;
  c.name = m.name();
  c.at = m.at();
  c.relay_address = m.relay_address();
  if (m.allow_size() > 0)
    c.allow = {m.allow().begin(), m.allow().end()};
  if (auto ok = parts_.relays.add(c); !ok) {
    auto e = std::move(ok).error();
    e.cause = "Failed to create relay at " + printable(c.at) + " with name " + printable(c.name) + ". " + e.cause;
    return answer(from, e);
  }
  log(level::info, "control", "the relay " + printable(c.name) + " is to be at " + c.at);
  auto answer_now = [this, from, c, here = std::weak_ptr{here_}] {
    if (here.expired())
      return;
    auto info = parts_.relays.find(c.name);
    if (!info)
      return answer(from, error{errc::closed, "the relay was deleted meanwhile", {}});
    control::Response r;
    render(*r.mutable_relay(), *info);
    keep(section_of(c), c.name, from, std::move(r), [this, c] { (void)parts_.relays.remove(c.name); });
  };
  if (m.wait())
    parts_.relays.when_settled(c.name, std::min(timeout, longest_wait), std::move(answer_now));
  else
    answer_now();
}

void control_handlers::list_relays(requester from) {
  control::Response r;
  auto& out = *r.mutable_relays();
  for (const auto& i : parts_.relays.list())
    render(*out.add_relays(), i);
  answer(from, std::move(r));
}

void control_handlers::delete_relay(requester from, const control::DeleteRelay& m) {
  if (auto ok = parts_.relays.remove(m.name()); !ok) {
    std::vector<std::string> names;
    for (const auto& i : parts_.relays.list())
      names.push_back(i.name);
    auto e = std::move(ok).error();
    if (auto near = nearest(m.name(), names))
      e.hint = "did you mean " + printable(*near) + "?";
    return answer(from, e);
  }
  log(level::info, "control", "deleted the relay " + printable(m.name()));
  let_go("relay", m.name(), from);
}

} // namespace ockam
