// SPDX-License-Identifier: Apache-2.0
// Services of a reload.
#include "runtime/node/reload.hpp"

#include "runtime/node/reload_parts.hpp"

#include <algorithm>

namespace ockam {

using namespace reload_parts;

namespace {

constexpr const char* needs_its_place = "it was started beside the one that runs. If both need something that only one can have, as a port: "
                                        "take the section out, reload, put it back and reload again";

error with_hint(error e, const char* hint) {
  if (e.hint.empty())
    e.hint = hint;
  return e;
}

} // namespace

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

/// What the configuration has no more. One whose successor is there ends when that takes over.
void reloader::end_services() {
  auto replaced = [this](const service_config& s) {
    const auto& all = now().services;
    return std::any_of(all.begin(), all.end(), [&](auto& r) { return r.beside && r.what->name == s.name; });
  };
  const auto& gone = now().changes.services.gone;
  for (const auto& s : gone)
    if (replaced(s) || parts_.node.workers.stop(address{s.name}))
      say(level::info, "stopped service " + s.type + " at 0#" + s.name);
  take_out(config_.services, gone);
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

void reloader::say_ended_services() {
  auto gone = [this](const std::string& name) { return !parts_.node.board.find(address{name}); };
  for (const auto& s : config_.services)
    if (gone(s.name))
      say_it_stays_ended(title(s), "ockam service start " + s.type + " --addr " + s.name);
  for (const auto& name : now().absent)
    if (!find_named(config_.services, name))
      say_it_stays_ended("service " + name, "ockam service start " + name);
}

} // namespace ockam
