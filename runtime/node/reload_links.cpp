// SPDX-License-Identifier: Apache-2.0
// Listeners and connections of a reload.
#include "runtime/node/reload.hpp"

#include "runtime/links/allow.hpp"
#include "runtime/links/listen_address.hpp"
#include "runtime/node/reload_parts.hpp"

#include <algorithm>

namespace ockam {

using namespace reload_parts;

namespace {

/// What both have.
std::vector<std::string> common(std::vector<std::string> l, const std::vector<std::string>& r) {
  std::erase_if(l, [&](auto& w) { return std::find(r.begin(), r.end(), w) == r.end(); });
  return l;
}

} // namespace

reloader::open_listener* reloader::find_open(const listener_config& l) {
  auto at = std::find_if(open_.begin(), open_.end(), [&](auto& o) { return o.transport == l.transport && o.section == l.name; });
  return at == open_.end() ? nullptr : &*at;
}

/// What somebody has closed by hand.
void reloader::forget_closed() {
  std::erase_if(open_, [&](auto& o) {
    auto t = parts_.transports.find(o.transport);
    auto there = t ? (*t)->listeners() : std::vector<listener_info>{};
    return std::none_of(there.begin(), there.end(), [&](auto& l) { return l.address == o.info.address; });
  });
}

/// A port that the system has chosen and that stands in the configuration now is no change.
void reloader::take_real_addresses() {
  for (const auto& l : now().fresh.listeners)
    for (auto& before : config_.listeners)
      if (before.transport == l.transport && before.name == l.name && before.address != l.address)
        if (const auto* open = find_open(l); open && with_real_port(before.address, open->info.socket_address) == l.address)
          before.address = l.address;
}

/// One that has been closed by hand, or that is late, and whose section has changed, is opened anew.
void reloader::reopen_closed() {
  auto& c = now().changes;
  for (std::size_t i = 0; i < c.allows.come.size();) {
    if (find_open(c.allows.come[i])) {
      ++i;
      continue;
    }
    auto at = static_cast<std::ptrdiff_t>(i);
    c.listeners.gone.push_back(std::move(c.allows.gone[i]));
    c.listeners.come.push_back(std::move(c.allows.come[i]));
    c.allows.gone.erase(c.allows.gone.begin() + at);
    c.allows.come.erase(c.allows.come.begin() + at);
  }
}

/// The peers need not be there yet: nodes may be started in any order. A name may be taken, though.
void reloader::check_connections() {
  if (now().mode == on_failure::stop)
    return; // `connect_all` says it
  const auto& c = now().changes;
  for (const auto& n : c.connections.come) {
    const auto* taken = n.name.empty() ? nullptr : parts_.node.board.find(address{n.name});
    bool goes = find_same(c.connections.gone, n) || find_named(c.services.gone, n.name);
    if (taken && !goes)
      now().failures.push_back({title(n, "connection"), {errc::already_exists, "its name is the address of a worker of type " + std::string{taken->type}, "choose another name"}});
  }
}

/// Whether `l` cannot be opened before `gone` is closed.
bool reloader::is_in_the_way(const listener_config& gone, const listener_config& l) const {
  auto worker = [](const listener_config& c) {
    auto it = c.options.find("worker");
    return it == c.options.end() ? std::string{} : it->second;
  };
  return collide(gone, l) || (!worker(l).empty() && worker(l) == worker(gone));
}

/// They admit nobody to anything yet, or what the one before them does.
void reloader::open_next() {
  auto& r = now();
  if (r.next == r.changes.listeners.come.size())
    return r.failures.empty() ? commit() : undo();
  const auto& l = r.changes.listeners.come[r.next++];
  const auto& gone = r.changes.listeners.gone;
  if (std::any_of(gone.begin(), gone.end(), [&](auto& g) { return find_open(g) && is_in_the_way(g, l); })) {
    r.behind.push_back(&l);
    return open_next();
  }
  auto t = transport_of(l);
  if (!t)
    return failed(title(l, "listener"), t.error());
  const auto* before = find_open(l);
  (*t)->listen(l.address, {{}, l.options, before ? before->info.flow : 0, l.name}, [this, number = r.number, &l](result<listener_info> at) {
    if (!is_current(number))
      return;
    if (!at && !late_listeners::is_late(l, at.error()))
      return failed(title(l, "listener"), std::move(at).error());
    if (at)
      now().listeners.push_back({&l, std::move(*at)});
    else
      now().late.push_back({&l, std::move(at).error()});
    open_next();
  });
}

/// Rights end before anything else happens; new ones come when the services are there that they are about.
void reloader::narrow_rights() {
  const auto& c = now().changes;
  for (std::size_t i = 0; i < c.allows.come.size(); ++i)
    if (auto t = transport_of(c.allows.come[i]))
      (void)(*t)->admit(find_open(c.allows.come[i])->info.address, common(c.allows.gone[i].allow, c.allows.come[i].allow));
  for (const auto& l : c.listeners.gone)
    if (const auto* next = find_same(c.listeners.come, l))
      if (auto t = transport_of(l); t && find_open(l))
        (void)(*t)->admit(find_open(l)->info.address, common(l.allow, next->allow));
}

void reloader::end_links() {
  const auto& c = now().changes;
  for (const auto& l : c.listeners.gone)
    end_listener(l);
  for (const auto& n : c.connections.gone)
    if (auto t = parts_.transports.find(n.transport); t && parts_.connections.remove(**t, n.name))
      say(level::info, "ended the " + n.transport + " connection " + n.name);
  take_out(config_.listeners, c.listeners.gone);
  take_out(config_.listeners, c.allows.gone);
  take_out(config_.connections, c.connections.gone);
}

/// The links of one that moves go with it; those of one that is opened late wait for it.
void reloader::end_listener(const listener_config& l) {
  late_.remove(l);
  auto* open = find_open(l);
  auto t = transport_of(l);
  if (!open || !t)
    return;
  bool followed = has_heir(l);
  if (followed)
    (*t)->retire_listener(open->info.address);
  else
    (void)(*t)->close_listener(open->info.address);
  say(level::info, "closed " + l.transport + " " + open->info.socket_address);
  now().closed.push_back({&l, followed ? open->info.flow : 0});
  std::erase_if(open_, [&](auto& o) { return &o == open; });
}

/// Whether another one follows it now: one that is late has no links to take over.
bool reloader::has_heir(const listener_config& l) {
  const auto* next = find_same(now().changes.listeners.come, l);
  const auto& late = now().late;
  return next && std::none_of(late.begin(), late.end(), [&](auto& w) { return w.what == next; });
}

void reloader::widen_rights() {
  auto& r = now();
  for (const auto& l : r.changes.allows.come) {
    const auto* open = find_open(l);
    if (auto t = transport_of(l); t && (*t)->admit(open->info.address, l.allow)) {
      config_.listeners.push_back(l);
      say(level::info, l.transport + " " + open->info.socket_address + " admits " + allow_text(l.allow));
    }
  }
  for (auto& l : r.listeners)
    opened(*l.what, std::move(l.info));
  r.listeners.clear();
  for (const auto& l : r.late)
    wait_for_address(*l.what, l.why);
}

void reloader::opened(const listener_config& l, listener_info at) {
  if (auto t = transport_of(l))
    (void)(*t)->admit(at.address, l.allow);
  config_.listeners.push_back(l);
  has_opened(l, std::move(at));
}

void reloader::has_opened(const listener_config& l, listener_info at) {
  say(level::info, "listening " + at.transport + " " + at.socket_address);
  open_.push_back({l.transport, l.name, std::move(at)});
}

void reloader::wait_for_address(const listener_config& l, const error& why) {
  config_.listeners.push_back(l);
  late_.add(l, why);
}

std::uint32_t reloader::links_of_closed(const listener_config& l) {
  const auto& all = now().closed;
  auto it = std::find_if(all.begin(), all.end(), [&](auto& c) { return c.what->transport == l.transport && c.what->name == l.name; });
  return it == all.end() ? 0 : it->flow;
}

void reloader::open_behind() {
  auto& r = now();
  if (r.next == r.behind.size())
    return connect_all();
  const auto& l = *r.behind[r.next++];
  auto t = transport_of(l);
  if (!t)
    return connect_all();
  auto heir_of = links_of_closed(l);
  (*t)->listen(l.address, {{}, l.options, heir_of, l.name}, [this, number = r.number, &l, t = *t, heir_of](result<listener_info> at) {
    if (!is_current(number))
      return;
    if (at) {
      opened(l, std::move(*at));
    } else if (late_listeners::is_late(l, at.error())) {
      if (heir_of != 0)
        t->forsake_links(heir_of);
      wait_for_address(l, at.error());
    } else {
      now().failures.push_back({title(l, "listener"), std::move(at).error()});
      take_back(l);
    }
    open_behind();
  });
}

/// What has been closed to make room for one that could not be opened.
void reloader::take_back(const listener_config& l) {
  for (const auto& c : now().closed) {
    auto t = transport_of(*c.what);
    if (!t || !is_in_the_way(*c.what, l))
      continue;
    (*t)->listen(c.what->address, {{}, c.what->options, c.flow, c.what->name}, [this, t = *t, &c](result<listener_info> at) {
      if (at)
        return opened(*c.what, std::move(*at));
      t->forsake_links(c.flow);
      now().failures.push_back({title(*c.what, "listener"), std::move(at).error()});
    });
  }
}

void reloader::connect_all() {
  auto& r = now();
  for (const auto& c : r.changes.connections.come) {
    auto t = parts_.transports.find(c.transport);
    auto ok = t ? parts_.connections.add(c, **t) : result<void>{t.error()};
    if (ok) {
      config_.connections.push_back(c);
      say(level::info, "connecting to " + c.transport + " " + c.address + " as " + c.name);
    } else {
      r.failures.push_back({title(c, "connection"), ok.error()});
      if (r.mode == on_failure::stop)
        break;
    }
  }
  begin_last_items();
  finish();
}

void reloader::say_ended_links() {
  for (const auto& l : config_.listeners)
    if (!find_open(l) && !late_.has(l))
      say_it_stays_ended(title(l, "listener"), "ockam " + l.transport + "-listener create " + l.address);
  for (const auto& c : config_.connections)
    if (!c.name.empty() && !parts_.node.board.find(address{c.name}))
      say_it_stays_ended(title(c, "connection"), "ockam " + c.transport + "-connection create --to " + c.address);
}

} // namespace ockam
