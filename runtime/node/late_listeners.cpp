// SPDX-License-Identifier: Apache-2.0
#include "runtime/node/late_listeners.hpp"

#include "runtime/core/log.hpp"
#include "runtime/core/units.hpp"

#include <algorithm>
#include <utility>

namespace ockam {

namespace {

std::string title(const listener_config& l) {
  return "[" + l.transport + "-listener " + l.name + "]";
}

} // namespace

void late_listeners::add(listener_config l, const error& why) {
  remove(l);
  log(level::warn, "node", title(l) + ": " + why.cause + "; it is tried again every " + to_string(pause) + " until it can be opened");
  all_.push_back({++last_number_, std::move(l), why.cause});
  wait(std::prev(all_.end()));
}

void late_listeners::wait(place at) {
  at->timer = parts_.node.reactor.after(pause, [this, number = at->number] { attempt(number); });
}

void late_listeners::attempt(std::uint64_t number) {
  auto it = find(number);
  it->timer = 0;
  auto l = it->config; // which may go in here
  if (auto t = parts_.transports.find(l.transport)) // it was there the first time
    (*t)->listen(l.address, {l.allow, l.options, 0, l.name}, [this, number](auto outcome) { tried(number, std::move(outcome)); });
}

void late_listeners::tried(std::uint64_t number, result<listener_info> outcome) {
  auto it = find(number);
  if (it == all_.end()) { // taken out meanwhile
    if (auto t = outcome ? parts_.transports.find(outcome->transport) : result<transport*>{error{}})
      (void)(*t)->close_listener(outcome->address);
    return;
  }
  if (!outcome) {
    if (std::exchange(it->last_error, outcome.error().cause) != outcome.error().cause)
      log(level::warn, "node", title(it->config) + ": " + outcome.error().cause + "; it is tried again");
    return wait(it);
  }
  auto config = std::move(it->config);
  all_.erase(it);
  on_open_(config, *std::move(outcome));
}

void late_listeners::remove(const listener_config& l) {
  auto it = std::find_if(all_.begin(), all_.end(), [&](auto& w) { return w.config.transport == l.transport && w.config.name == l.name; });
  if (it == all_.end())
    return;
  parts_.node.reactor.cancel(it->timer);
  all_.erase(it);
}

std::vector<late_listener_info> late_listeners::list() const {
  std::vector<late_listener_info> out;
  for (const auto& w : all_)
    out.push_back({w.config.transport, w.config.name, w.config.address, w.last_error});
  return out;
}

bool late_listeners::has(const listener_config& l) const {
  return std::any_of(all_.begin(), all_.end(), [&](auto& w) { return w.config.transport == l.transport && w.config.name == l.name; });
}

void late_listeners::stop() {
  for (auto& w : all_)
    parts_.node.reactor.cancel(w.timer);
  all_.clear();
}

late_listeners::place late_listeners::find(std::uint64_t number) {
  return std::find_if(all_.begin(), all_.end(), [&](auto& w) { return w.number == number; });
}

} // namespace ockam
