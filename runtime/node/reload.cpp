// SPDX-License-Identifier: Apache-2.0
#include "runtime/node/reload.hpp"

#include "runtime/core/log.hpp"

#include <algorithm>

namespace ockam {

namespace {

void say(level l, const std::string& what) {
  log(l, "node", what);
}

void say_failed(const std::string& section, error e) {
  e.cause = section + ": " + e.cause;
  log(level::error, "node", e);
}

template <class Section>
void take_out(std::vector<Section>& from, const std::vector<Section>& gone) {
  std::erase_if(from, [&](auto& s) {
    return std::any_of(gone.begin(), gone.end(), [&](auto& g) {
      if constexpr (requires { s.transport; })
        return g.name == s.name && g.transport == s.transport;
      else
        return g.name == s.name;
    });
  });
}

bool has(const std::vector<service_config>& list, std::string_view name) {
  return std::any_of(list.begin(), list.end(), [&](auto& s) { return s.name == name; });
}

} // namespace

std::vector<listener_info> reloader::listeners() const {
  std::vector<listener_info> out;
  for (const auto& l : open_)
    out.push_back(l.info);
  return out;
}

void reloader::apply(node_config fresh, done finished) {
  auto c = changes(config_, fresh);
  if (c.none())
    say(level::info, "no section of the configuration has changed");
  end(c);
  if (c.routing) {
    config_.routing = fresh.routing;
    say(level::info, "[routing] is in effect as it is now");
  }
  make_room(c.services.come);
  start_standard(c.services.come);
  for (const auto& s : c.services.come)
    start(s);
  for (const auto& n : c.connections.come)
    connect(n);
  auto first = std::find_if(fresh.listeners.begin(), fresh.listeners.end(), [](auto& l) { return l.transport == "tcp"; });
  std::shared_ptr<done> last{new done{std::move(finished)}, [](done* f) {
                               (*f)(); // nobody holds it any more: all have answered
                               delete f;
                             }};
  for (const auto& l : c.listeners.come)
    listen(l, first != fresh.listeners.end() && first->name == l.name && l.transport == "tcp", last);
  std::string later;
  for (auto key : c.at_start)
    later.append(later.empty() ? "" : ", ").append(key);
  if (!later.empty())
    say(level::warn, "[node]: another value of these keys takes effect at the next start: " + later);
}

/// What goes, in the order of the node's own end: listeners, connections, services.
void reloader::end(const config_changes& c) {
  for (const auto& l : c.listeners.gone) {
    auto at = std::find_if(open_.begin(), open_.end(), [&](auto& o) { return o.transport == l.transport && o.section == l.name; });
    if (at == open_.end())
      continue;
    auto t = find_transport(node_, l.transport);
    auto ok = t ? (*t)->close_listener(at->info.address) : result<void>{t.error()};
    if (ok)
      say(level::info, "closed " + l.transport + " " + at->info.socket_address);
    open_.erase(at); // not open: somebody has closed it by hand
  }
  for (const auto& n : c.connections.gone)
    if (auto t = find_transport(node_, n.transport); t && node_.connections_made.remove(**t, n.name))
      say(level::info, "ended the " + n.transport + " connection " + n.name);
  for (const auto& s : c.services.gone)
    if (node_.workers.stop(address{s.name}))
      say(level::info, "stopped service " + s.type + " at 0#" + s.name);
  take_out(config_.listeners, c.listeners.gone);
  take_out(config_.connections, c.connections.gone);
  take_out(config_.services, c.services.gone);
}

/// A service of the configuration takes the place of one that each node has.
void reloader::make_room(const std::vector<service_config>& come) {
  for (const auto& t : node_.service_types)
    if (t.at_start && has(come, t.name))
      (void)node_.workers.stop(address{std::string{t.name}});
}

/// Those that each node has, where a service of the configuration had taken their place until now.
void reloader::start_standard(const std::vector<service_config>& come) {
  for (const auto& t : node_.service_types)
    if (t.at_start && !has(come, t.name) && !node_.workers.board().find(address{std::string{t.name}}))
      start_service(node_, t.name, {}, {}, false, [name = t.name](result<address> at) {
        if (!at)
          say_failed("service " + std::string{name}, at.error());
      });
}

void reloader::start(const service_config& s) {
  service_options options{service_options::values{s.options.begin(), s.options.end()}};
  start_service(node_, s.type, s.name, std::move(options), true, [this, s](result<address> at) {
    if (!at)
      return say_failed("[service " + s.name + "]", at.error());
    config_.services.push_back(s);
    say(level::info, "started service " + s.type + " at " + to_string(*at));
  });
}

void reloader::listen(const listener_config& l, bool first, std::shared_ptr<done> finished) {
  auto section = "[" + l.transport + "-listener " + l.name + "]";
  auto t = find_transport(node_, l.transport);
  if (!t)
    return say_failed(section, t.error());
  (*t)->listen(l.address, {l.allow, first, l.options}, [this, l, section, finished = std::move(finished)](result<listener_info> at) {
    if (!at)
      return say_failed(section, at.error());
    say(level::info, "listening " + at->transport + " " + at->socket_address);
    config_.listeners.push_back(l);
    opened(l, std::move(*at));
  });
}

void reloader::connect(const connection_config& c) {
  auto t = find_transport(node_, c.transport);
  auto ok = t ? node_.connections_made.add(c, **t) : result<void>{t.error()};
  if (!ok)
    return say_failed("[" + c.transport + "-connection " + c.name + "]", ok.error());
  config_.connections.push_back(c);
  say(level::info, "connecting to " + c.transport + " " + c.address + " as " + c.name);
}

} // namespace ockam
