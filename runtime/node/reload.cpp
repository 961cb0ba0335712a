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
const Section* find_same(const std::vector<Section>& list, const Section& like) {
  auto it = std::find_if(list.begin(), list.end(), [&](auto& s) {
    if constexpr (requires { s.transport; })
      return s.name == like.name && s.transport == like.transport;
    else if constexpr (requires { s.kind; })
      return s.name == like.name && s.kind == like.kind;
    else
      return s.name == like.name;
  });
  return it == list.end() ? nullptr : &*it;
}

template <class Section>
void take_out(std::vector<Section>& from, const std::vector<Section>& gone) {
  std::erase_if(from, [&](auto& s) { return find_same(gone, s) != nullptr; });
}

const service_config* find_named(const std::vector<service_config>& list, std::string_view name) {
  auto it = std::find_if(list.begin(), list.end(), [&](auto& s) { return s.name == name; });
  return it == list.end() ? nullptr : &*it;
}

/// What both have.
std::vector<std::string> common(std::vector<std::string> l, const std::vector<std::string>& r) {
  std::erase_if(l, [&](auto& w) { return std::find(r.begin(), r.end(), w) == r.end(); });
  return l;
}

/// For what is in the configuration, unchanged, and does not run.
void say_it_stays_ended(const std::string& title, const std::string& hint) {
  say(level::warn, title + " does not run: it was ended at the prompt, or has failed. It stays so until the next start, or: " + hint);
}

bool has_item(const facility& f, const std::string& name) {
  auto all = f.list();
  return std::any_of(all.begin(), all.end(), [&](auto& i) { return i.name == name; });
}

constexpr const char* needs_its_place = "it was started beside the one that runs. If both need something that only one can have, as a port: "
                                        "take the section out, reload, put it back and reload again";

error with_hint(error e, const char* hint) {
  if (e.hint.empty())
    e.hint = hint;
  return e;
}

std::string title(const service_config& s) {
  return "[service " + s.name + "]";
}

std::string title(const relay_config& r) {
  return "[relay " + r.name + "]";
}

std::string title(const config_section& s) {
  return "[" + s.kind + " " + s.name + "]";
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
  append(config_.relays, alone.relays);
  append(config_.items, alone.items);
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

reloader::open_listener* reloader::find_open(const listener_config& l) {
  auto at = std::find_if(open_.begin(), open_.end(), [&](auto& o) { return o.transport == l.transport && o.section == l.name; });
  return at == open_.end() ? nullptr : &*at;
}

void reloader::begin() {
  forget_closed();
  take_real_addresses();
  now().changes = changes(config_, now().fresh);
  reopen_closed();
  if (now().mode == on_failure::stay) {
    for (const auto& t : parts_.transports)
      t->look_again();
    for (const auto& t : parts_.services.types())
      if (t.at_start && !parts_.node.board.find(address{std::string{t.name}}))
        now().absent.emplace_back(t.name);
  }
  check_connections();
  check_relays();
  start_services();
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

// -- prepare -----------------------------------------------------------------------------------------

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

/// One of the name may have been made at the prompt.
void reloader::check_relays() {
  const auto& c = now().changes;
  if (now().mode == on_failure::stop)
    return;
  for (const auto& r : c.relays.come)
    if (parts_.relays.find(r.name) && !find_same(c.relays.gone, r))
      now().failures.push_back({title(r), {errc::already_exists, "there is a relay of this name, made at the prompt", "choose another name, or: ockam relay delete " + r.name}});
}

/// Whether somebody has its address who makes room for it: what the section was before, or what each node has.
bool reloader::has_predecessor(const service_config& s) const {
  const auto* there = parts_.node.board.find(address{s.name});
  if (!there)
    return false;
  const auto& types = parts_.services.types();
  return find_named(runs_.front()->changes.services.gone, s.name)
         || std::any_of(types.begin(), types.end(), [&](auto& t) { return t.at_start && t.name == s.name && there->type == t.name; });
}

/// They start side by side: one that takes its time delays no other service.
void reloader::start_services() {
  const auto number = now().number;
  now().starting = 1;
  for (const auto& s : now().changes.services.come) {
    ++now().starting;
    service_options options{service_options::values{s.options.begin(), s.options.end()}};
    if (has_predecessor(s))
      parts_.services.prepare(s.type, s.name, std::move(options), [this, number, &s](result<std::unique_ptr<successor>> r) {
        if (is_current(number))
          r ? service_ready(s, std::move(*r)) : failed(title(s), with_hint(std::move(r).error(), needs_its_place));
      });
    else
      parts_.services.start(s.type, s.name, std::move(options), [this, number, &s](result<address> at) {
        if (is_current(number))
          at ? service_ready(s, nullptr) : failed(title(s), std::move(at).error());
      });
    if (!is_current(number))
      return;
  }
  started_one();
}

void reloader::service_ready(const service_config& s, std::unique_ptr<successor> beside) {
  now().services.push_back({&s, std::move(beside)});
  started_one();
}

void reloader::started_one() {
  if (--now().starting == 0 && begin_items())
    open_next();
}

result<void> reloader::begin_item(const config_section& s) {
  auto* f = parts_.facilities.find(s.kind);
  if (!f)
    return error{errc::unsupported, "this node has no " + s.kind, {}};
  return outcome_of(f->begin(s));
}

/// Those that are new, beside what runs; one that has changed takes the place of what it was, later. False: the node does
/// not start.
bool reloader::begin_items() {
  const auto& c = now().changes.items;
  for (const auto& s : c.come) {
    if (find_same(c.gone, s)) {
      now().items_behind.push_back(&s);
      continue;
    }
    auto ok = begin_item(s);
    if (ok)
      now().items.push_back(s);
    else if (!c.gone.empty() && (ok.error().code == errc::address_in_use || ok.error().code == errc::already_exists))
      now().items_behind.push_back(&s);
    else if (now().mode == on_failure::stop)
      return failed(title(s), std::move(ok).error()), false;
    else
      now().failures.push_back({title(s), std::move(ok).error()});
  }
  return true;
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

/// A service or a listener cannot begin.
void reloader::failed(std::string section, error why) {
  now().failures.push_back({std::move(section), std::move(why)});
  if (now().mode == on_failure::stop)
    finish();
  else if (now().starting > 0)
    started_one();
  else
    open_next();
}

void reloader::undo() {
  auto& r = now();
  for (const auto& l : r.listeners)
    if (auto t = transport_of(*l.what))
      (void)(*t)->close_listener(l.info.address);
  for (const auto& s : r.services)
    if (!s.beside)
      (void)parts_.node.workers.stop(address{s.what->name});
  for (const auto& s : r.items)
    (void)parts_.facilities.find(s.kind)->end(s.name);
  r.services.clear();
  r.undone = true;
  finish();
}

// -- commit ------------------------------------------------------------------------------------------

void reloader::commit() {
  auto& r = now();
  if (r.mode == on_failure::stay && r.changes.none())
    say(level::info, "no section of the configuration has changed");
  narrow_rights();
  end_items();
  end_gone();
  place_services();
  place_items();
  start_standard();
  if (r.changes.routing) {
    config_.routing = r.fresh.routing;
    if (r.mode == on_failure::stay)
      say(level::info, "[routing] is in effect as it is now");
  }
  config_.stop_grace = r.fresh.stop_grace;
  widen_rights();
  r.next = 0;
  open_behind();
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

/// In the order of the node's own end: listeners, connections, services. A service whose successor is there ends when
/// that takes over.
void reloader::end_gone() {
  const auto& c = now().changes;
  auto replaced = [this](const service_config& s) {
    const auto& all = now().services;
    return std::any_of(all.begin(), all.end(), [&](auto& r) { return r.beside && r.what->name == s.name; });
  };
  for (const auto& l : c.listeners.gone)
    end_listener(l);
  for (const auto& r : c.relays.gone)
    if (parts_.relays.remove(r.name))
      say(level::info, "ended the relay " + r.name);
  for (const auto& n : c.connections.gone)
    if (auto t = parts_.transports.find(n.transport); t && parts_.connections.remove(**t, n.name))
      say(level::info, "ended the " + n.transport + " connection " + n.name);
  for (const auto& s : c.services.gone)
    if (replaced(s) || parts_.node.workers.stop(address{s.name}))
      say(level::info, "stopped service " + s.type + " at 0#" + s.name);
  take_out(config_.listeners, c.listeners.gone);
  take_out(config_.listeners, c.allows.gone);
  take_out(config_.connections, c.connections.gone);
  take_out(config_.services, c.services.gone);
  take_out(config_.relays, c.relays.gone);
  if (now().mode == on_failure::stay)
    say_what_waits();
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

void reloader::end_items() {
  for (const auto& s : now().changes.items.gone)
    if (auto* f = parts_.facilities.find(s.kind); f && f->end(s.name))
      say(level::info, "ended " + title(s));
  take_out(config_.items, now().changes.items.gone);
}

/// What has been ended to make room for one that cannot begin comes back.
void reloader::place_items() {
  auto& r = now();
  for (const auto* s : r.items_behind) {
    if (auto ok = begin_item(*s); ok) {
      r.items.push_back(*s);
      continue;
    } else {
      r.failures.push_back({title(*s), std::move(ok).error()});
    }
    if (const auto* before = find_same(r.changes.items.gone, *s); before && begin_item(*before))
      r.items.push_back(*before);
  }
  for (auto& s : r.items) {
    say(level::info, "began " + title(s));
    config_.items.push_back(std::move(s));
  }
  r.items.clear();
}

void reloader::place_services() {
  config_.services.reserve(config_.services.size() + now().services.size());
  for (auto& s : now().services) {
    if (s.beside)
      if (auto ok = s.beside->take_over(); !ok) {
        now().failures.push_back({title(*s.what), std::move(ok).error()});
        continue;
      }
    config_.services.push_back(*s.what);
    say(level::info, "started service " + s.what->type + " at 0#" + s.what->name);
  }
  now().services.clear();
}

/// Those that each node has, where their places are free: a section that had one is gone, or this is the first start.
/// What somebody has stopped stays so.
void reloader::start_standard() {
  const auto& absent = now().absent;
  auto stays = [&](const service_type& t) { return std::find(absent.begin(), absent.end(), t.name) != absent.end(); };
  parts_.services.start_standard(stays, [this](const service_type& t, result<address> at) {
    if (!at) // on the socket thread: they have answered when this returns
      now().failures.push_back({"service " + std::string{t.name}, std::move(at).error()});
  });
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
  begin_relays();
  finish();
}

/// When their connections are there, which their routes may name.
void reloader::begin_relays() {
  auto& r = now();
  if (r.mode == on_failure::stop && !r.failures.empty())
    return;
  for (const auto& relay : r.changes.relays.come)
    if (auto ok = parts_.relays.add(relay)) {
      config_.relays.push_back(relay);
      say(level::info, "the relay " + relay.name + " is to be at " + relay.at);
    } else {
      r.failures.push_back({title(relay), std::move(ok).error()});
    }
}

/// What does not run although the configuration has it, and what takes effect later: nobody is to wonder.
void reloader::say_what_waits() {
  auto gone = [this](const std::string& name) { return !name.empty() && !parts_.node.board.find(address{name}); };
  for (const auto& s : config_.services)
    if (gone(s.name))
      say_it_stays_ended(title(s), "ockam service start " + s.type + " --addr " + s.name);
  for (const auto& name : now().absent)
    if (!find_named(config_.services, name))
      say_it_stays_ended("service " + name, "ockam service start " + name);
  for (const auto& s : config_.items)
    if (auto* f = parts_.facilities.find(s.kind); f && !has_item(*f, s.name))
      say_it_stays_ended(title(s), "ockam " + s.kind + " create " + s.name);
  for (const auto& l : config_.listeners)
    if (!find_open(l) && !late_.has(l))
      say_it_stays_ended(title(l, "listener"), "ockam " + l.transport + "-listener create " + l.address);
  for (const auto& c : config_.connections)
    if (gone(c.name))
      say_it_stays_ended(title(c, "connection"), "ockam " + c.transport + "-connection create --to " + c.address);
  for (const auto& r : config_.relays)
    if (!parts_.relays.find(r.name))
      say_it_stays_ended(title(r), "ockam relay create " + r.name + " --at " + r.at);
  std::string later;
  for (auto key : now().changes.at_start)
    later.append(later.empty() ? "" : ", ").append(key);
  if (!later.empty())
    say(level::warn, "[node]: another value of these keys takes effect at the next start: " + later);
}

void reloader::finish() {
  auto last = std::move(runs_.front());
  runs_.pop_front();
  if (last->mode == on_failure::stay)
    for (auto f : last->failures) {
      f.why.cause = f.section + ": " + f.why.cause;
      log(level::error, "node", f.why);
    }
  if (last->undone)
    say(level::warn, "the configuration cannot take effect: nothing was changed");
  last->finished(std::move(last->failures));
  if (!runs_.empty())
    begin();
}

} // namespace ockam
