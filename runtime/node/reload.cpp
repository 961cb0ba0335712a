// SPDX-License-Identifier: Apache-2.0
#include "runtime/node/reload.hpp"

#include "runtime/core/log.hpp"
#include "runtime/links/allow.hpp"
#include "runtime/links/listen_address.hpp"

#include <algorithm>
#include <optional>

namespace ockam {

namespace {

void say(level l, const std::string& what) {
  log(l, "node", what);
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

/// What both have.
std::vector<std::string> common(std::vector<std::string> l, const std::vector<std::string>& r) {
  std::erase_if(l, [&](auto& w) { return std::find(r.begin(), r.end(), w) == r.end(); });
  return l;
}

std::string admitted(const std::vector<std::string>& allow) {
  std::string out;
  for (const auto& w : allow)
    out += (out.empty() ? "" : ", ") + w;
  return out.empty() ? "nothing" : out;
}

std::string title(const service_config& s) {
  return "[service " + s.name + "]";
}

template <class Section>
std::string title(const Section& s, std::string_view kind) {
  return "[" + s.transport + "-" + std::string{kind} + " " + s.name + "]";
}

} // namespace

std::vector<listener_info> reloader::listeners() const {
  std::vector<listener_info> out;
  for (const auto& l : open_)
    out.push_back(l.info);
  return out;
}

void reloader::apply(node_config fresh, on_failure mode, done finished) {
  if (stopped_)
    return;
  resolve_allow(fresh);
  runs_.push_back(std::unique_ptr<run>{new run{++last_number_, std::move(fresh), mode, std::move(finished)}});
  if (runs_.size() == 1)
    begin();
}

void reloader::adopt(node_config alone, const std::string& handle) {
  for (auto& l : alone.listeners) {
    l.allow = or_services_if_first(std::move(l.allow), false);
    if (auto t = parts_.transports.find(l.transport))
      for (auto& info : (*t)->listeners())
        if (info.address == handle)
          open_.push_back({l.transport, l.name, info});
    config_.listeners.push_back(std::move(l));
  }
  auto append = [](auto& to, auto& from) { to.insert(to.end(), from.begin(), from.end()); };
  append(config_.connections, alone.connections);
  append(config_.services, alone.services);
}

std::string reloader::section_of(const std::string& kind, const std::string& handle) const {
  for (const auto& o : open_)
    if (o.info.address == handle && o.transport + "-listener" == kind)
      return o.section;
  return handle;
}

void reloader::forget(const std::string& kind, const std::string& section) {
  std::erase_if(open_, [&](auto& o) { return o.section == section && o.transport + "-listener" == kind; });
}

void reloader::stop() {
  stopped_ = true;
  late_.stop();
  runs_.clear();
}

bool reloader::is_current(std::uint64_t number) const {
  return !runs_.empty() && runs_.front()->number == number;
}

void reloader::begin() {
  auto& now = *runs_.front();
  take_real_addresses();
  now.changes = changes(config_, now.fresh);
  if (now.mode == on_failure::go_on && now.changes.none())
    say(level::info, "no section of the configuration has changed");
  if (now.mode == on_failure::go_on)
    for (const auto& t : parts_.transports)
      t->look_again();
  narrow_allows();
  end_gone();
  if (now.changes.routing) {
    config_.routing = now.fresh.routing;
    if (now.mode == on_failure::go_on)
      say(level::info, "[routing] is in effect as it is now");
  }
  std::string later;
  for (auto key : now.changes.at_start)
    later.append(later.empty() ? "" : ", ").append(key);
  if (!later.empty())
    say(level::warn, "[node]: another value of these keys takes effect at the next start: " + later);
  make_room();
  start_services();
}

/// A port that the system has chosen and that stands in the configuration now is no change.
void reloader::take_real_addresses() {
  for (const auto& l : runs_.front()->fresh.listeners)
    for (auto& before : config_.listeners)
      if (before.transport == l.transport && before.name == l.name && before.address != l.address)
        if (const auto* open = find_open(l); open && with_real_port(before.address, open->info.socket_address) == l.address)
          before.address = l.address;
}

reloader::open_listener* reloader::find_open(const listener_config& l) {
  auto at = std::find_if(open_.begin(), open_.end(), [&](auto& o) { return o.transport == l.transport && o.section == l.name; });
  return at == open_.end() ? nullptr : &*at;
}

/// Rights end before anything else happens; new ones come when the services are there that they are about.
void reloader::narrow_allows() {
  auto& c = runs_.front()->changes;
  for (std::size_t i = 0; i < c.allows.come.size(); ++i) {
    const auto& l = c.allows.come[i];
    auto* open = find_open(l);
    if (!open) { // somebody has closed it by hand, or it is late
      c.listeners.come.push_back(l);
      continue;
    }
    if (auto t = parts_.transports.find(l.transport); t && (*t)->admit(open->info.address, common(c.allows.gone[i].allow, l.allow)))
      continue;
    c.listeners.come.push_back(l);
    std::erase_if(open_, [&](auto& o) { return &o == open; });
  }
  take_out(config_.listeners, c.allows.gone);
}

void reloader::set_allows() {
  for (const auto& l : runs_.front()->changes.allows.come) {
    const auto* open = find_open(l);
    auto t = parts_.transports.find(l.transport);
    if (!open || !t || !(*t)->admit(open->info.address, l.allow))
      continue; // it is opened anew
    config_.listeners.push_back(l);
    say(level::info, l.transport + " " + open->info.socket_address + " admits " + admitted(l.allow));
  }
}

/// One that goes, or that moves: its links then go with it, and keep what both of its places admit.
result<void> reloader::close(const listener_config& l, const open_listener& open) {
  auto t = parts_.transports.find(l.transport);
  if (!t)
    return std::move(t).error();
  auto& now = *runs_.front();
  const auto& come = now.changes.listeners.come;
  auto next = std::find_if(come.begin(), come.end(), [&](auto& o) { return o.transport == l.transport && o.name == l.name; });
  if (next == come.end())
    return (*t)->close_listener(open.info.address);
  if (auto ok = (*t)->admit(open.info.address, common(l.allow, next->allow)); !ok)
    return ok;
  now.retired[title(l, "listener")] = (*t)->retire_listener(open.info.address);
  return {};
}

/// What goes, in the order of the node's own end: listeners, connections, services.
void reloader::end_gone() {
  const auto& c = runs_.front()->changes;
  for (const auto& l : c.listeners.gone) {
    late_.remove(l);
    auto* open = find_open(l);
    if (!open)
      continue;
    if (close(l, *open))
      say(level::info, "closed " + l.transport + " " + open->info.socket_address);
    std::erase_if(open_, [&](auto& o) { return &o == open; }); // not open: somebody has closed it by hand
  }
  for (const auto& n : c.connections.gone)
    if (auto t = parts_.transports.find(n.transport); t && parts_.connections.remove(**t, n.name))
      say(level::info, "ended the " + n.transport + " connection " + n.name);
  for (const auto& s : c.services.gone)
    if (parts_.node.workers.stop(address{s.name}))
      say(level::info, "stopped service " + s.type + " at 0#" + s.name);
  take_out(config_.listeners, c.listeners.gone);
  take_out(config_.connections, c.connections.gone);
  take_out(config_.services, c.services.gone);
}

/// A service of the configuration takes the place of one that each node has.
void reloader::make_room() {
  const auto& come = runs_.front()->changes.services.come;
  for (const auto& t : parts_.services.types())
    if (t.at_start && has(come, t.name))
      (void)parts_.node.workers.stop(address{std::string{t.name}});
}

/// Those of the configuration, then those that each node has, unless their places are taken. They start side
/// by side: one that takes its time delays no other service.
void reloader::start_services() {
  auto& now = *runs_.front();
  const auto number = now.number;
  now.starting = 1;
  for (const auto& s : now.changes.services.come) {
    ++now.starting;
    service_options options{service_options::values{s.options.begin(), s.options.end()}};
    parts_.services.start(s.type, s.name, std::move(options), [this, number, &s](result<address> at) {
      if (!is_current(number))
        return;
      if (at) {
        config_.services.push_back(s);
        say(level::info, "started service " + s.type + " at " + to_string(*at));
        return started_one();
      }
      failed(title(s), std::move(at).error());
    });
    if (!is_current(number))
      return;
  }
  std::optional<failure> standard;
  parts_.services.start_standard([&standard](const service_type& t, result<address> at) {
    if (!at && !standard) // on the socket thread: they have answered when this returns
      standard = failure{"service " + std::string{t.name}, std::move(at).error()};
  });
  if (standard)
    return failed(std::move(standard->section), std::move(standard->why));
  started_one();
}

void reloader::started_one() {
  if (--runs_.front()->starting > 0)
    return;
  set_allows();
  listen_next();
}

void reloader::listen_next() {
  auto& now = *runs_.front();
  if (now.next_listener == now.changes.listeners.come.size())
    return connect_all();
  const auto& l = now.changes.listeners.come[now.next_listener++];
  late_.remove(l);
  auto t = parts_.transports.find(l.transport);
  if (!t)
    return failed(title(l, "listener"), t.error());
  (*t)->listen(l.address, {l.allow, l.options, now.retired[title(l, "listener")], l.name}, [this, number = now.number, &l](result<listener_info> at) {
    if (!is_current(number))
      return;
    if (!at && !late_listeners::is_late(l, at.error()))
      return failed(title(l, "listener"), std::move(at).error());
    config_.listeners.push_back(l);
    if (at)
      has_opened(l, std::move(*at));
    else
      late_.add(l, at.error());
    listen_next();
  });
}

void reloader::has_opened(const listener_config& l, listener_info at) {
  say(level::info, "listening " + at.transport + " " + at.socket_address);
  open_.push_back({l.transport, l.name, std::move(at)});
}

/// The peers need not be there yet: nodes may be started in any order.
void reloader::connect_all() {
  auto& now = *runs_.front();
  for (const auto& c : now.changes.connections.come) {
    auto t = parts_.transports.find(c.transport);
    auto ok = t ? parts_.connections.add(c, **t) : result<void>{t.error()};
    if (ok) {
      config_.connections.push_back(c);
      say(level::info, "connecting to " + c.transport + " " + c.address + " as " + c.name);
    } else {
      now.failures.push_back({title(c, "connection"), ok.error()});
      if (now.mode == on_failure::stop)
        break;
    }
  }
  finish();
}

/// A service or a listener could not begin.
void reloader::failed(std::string section, error why) {
  auto& now = *runs_.front();
  now.failures.push_back({std::move(section), std::move(why)});
  if (now.mode == on_failure::stop)
    finish();
  else if (now.starting > 0)
    started_one();
  else
    listen_next();
}

void reloader::finish() {
  auto last = std::move(runs_.front());
  runs_.pop_front();
  if (last->mode == on_failure::go_on)
    for (auto f : last->failures) {
      f.why.cause = f.section + ": " + f.why.cause;
      log(level::error, "node", f.why);
    }
  last->finished(std::move(last->failures));
  if (!runs_.empty())
    begin();
}

} // namespace ockam
