// SPDX-License-Identifier: Apache-2.0
// The order in which a configuration takes effect; what is done for its sections is in reload_services.cpp,
// reload_items.cpp and reload_links.cpp.
#include "runtime/node/reload.hpp"

#include "runtime/links/allow.hpp"
#include "runtime/node/reload_parts.hpp"

namespace ockam {

using namespace reload_parts;

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

// -- prepare -----------------------------------------------------------------------------------------

void reloader::begin() {
  forget_closed();
  take_real_addresses();
  now().changes = changes(config_, now().fresh, [this](std::string_view kind) {
    auto* f = parts_.facilities.find(kind);
    return f ? f->keys() : std::span<const key_descriptor>{};
  });
  reopen_closed();
  if (now().mode == on_failure::stay) {
    for (const auto& t : parts_.transports)
      t->look_again();
    for (const auto& t : parts_.services.types())
      if (t.at_start && !parts_.node.board.find(address{std::string{t.name}}))
        now().absent.emplace_back(t.name);
  }
  check_connections();
  check_items();
  start_services();
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
  end_begun_items();
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
  end_items(); // they go by links
  end_links();
  end_services();
  if (r.mode == on_failure::stay)
    say_what_waits();
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

/// What does not run although the configuration has it, and what takes effect later: nobody is to wonder.
void reloader::say_what_waits() {
  say_ended_services();
  say_ended_items();
  say_ended_links();
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
