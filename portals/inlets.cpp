// SPDX-License-Identifier: Apache-2.0
#include "portals/inlets.hpp"

#include "portals/keys.hpp"
#include "portals/outlets.hpp"

#include <algorithm>

namespace ockam::portal {

namespace {

bool is_any(const std::string& host) {
  return host == "0.0.0.0" || host == "::";
}

} // namespace

std::string_view inlets::kind() const {
  return inlet_kind;
}

std::span<const key_descriptor> inlets::keys() const {
  return inlet_keys;
}

/// The system lets several have a port that none of them accepts at yet.
result<void> inlets::check_place(const endpoint& at) const {
  for (const auto& [name, other] : all_) {
    auto there = parse_endpoint(other->bound_to());
    if (at.port != 0 && there && there->port == at.port && (there->host == at.host || is_any(there->host) || is_any(at.host)))
      return error{errc::address_in_use, "port " + std::to_string(at.port) + " is that of the tcp-inlet " + printable(name), "choose another port"};
  }
  return {};
}

result<config_section> inlets::begin(const config_section& s) {
  auto keys = option_values::read(inlet_keys, s.keys);
  if (!keys)
    return std::move(keys).error();
  auto text = keys->get<std::string>("to");
  auto from = parse_listen(keys->get<std::string>("from"));
  auto m = parse_multiaddr(text);
  if (!from || !m)
    return from ? std::move(m).error() : std::move(from).error();
  if (keys->has("allow") && keys->has("authorized"))
    return error{errc::invalid_argument, "allow and authorized say the same", "keep one of them"};
  auto options = read_stream_options(*keys);
  channel_wishes how{.lasting = true, .identity = keys->get<std::string>("identity")};
  if (split_at_channels(*m).size() > 1) // elsewhere each message shows what it has come through
    how.authorized = options.allow;
  auto to = routes_(*m, how);
  if (!to)
    return std::move(to).error();
  if (options.allow && options.skip_handshake)
    return error{errc::invalid_argument, std::string{options.allow_key} + " needs the handshake: without it, bytes flow before the far end has shown who it is",
                 "leave out skip-handshake"};
  if (all_.contains(s.name))
    return error{errc::already_exists, "there is a tcp-inlet " + printable(s.name) + " already", "choose another name"};
  if (auto ok = check_place(*from); !ok)
    return std::move(ok).error();
  auto i = std::make_shared<inlet>(env_, s.name, to_string(*m), std::move(to->to), keys->get<std::chrono::milliseconds>("retry-wait"),
                                   std::move(options));
  i->channels = std::move(to->channels);
  if (auto ok = i->reserve(*from); !ok)
    return std::move(ok).error();
  i->session = random_address();
  worker_options w;
  w.type = inlet_kind;
  if (auto ok = env_.node.workers.start(i->session, make_inlet_session(i), std::move(w)); !ok)
    return std::move(ok).error();
  auto kept = s;
  kept.keys["from"] = i->bound_to();
  all_.emplace(s.name, std::move(i));
  return kept;
}

result<void> inlets::end(std::string_view name) {
  auto it = all_.find(name);
  if (it == all_.end())
    return error{errc::not_found, "there is no tcp-inlet " + printable(name), "see them with: ockam tcp-inlet list"};
  auto i = std::move(it->second);
  all_.erase(it);
  i->close();
  (void)env_.node.workers.stop(i->session);
  i->close_streams(end_reason::stopped);
  return {};
}

std::vector<item_info> inlets::list() const {
  std::vector<item_info> out;
  for (const auto& [name, i] : all_) {
    item_info info{name,
                   {{"from", i->bound_to()},
                    {"to", i->text},
                    {"route", to_string(i->by)},
                    {"state", std::string{to_string(i->now())}},
                    {"reason", i->reason},
                    {"worker", i->session.name}}};
    add_figures(info, *i);
    info.fields.emplace_back("refused", std::to_string(i->refused));
    out.push_back(std::move(info));
  }
  return out;
}

void inlets::when_settled(std::string_view name, std::chrono::milliseconds within, std::function<void()> done) {
  auto it = all_.find(name);
  if (it == all_.end() || it->second->now() != inlet::state::connecting)
    return done();
  it->second->waiting.wait(env_.node.reactor, within, std::move(done));
}

void inlets::close_doors() {
  for (const auto& [name, i] : all_)
    i->close_door();
}

carried_bytes inlets::carried() const {
  carried_bytes out;
  for (const auto& [name, i] : all_)
    add_carried(out, *i);
  return out;
}

void inlets::stop() {
  while (!all_.empty())
    (void)end(all_.begin()->first);
}

} // namespace ockam::portal
