// SPDX-License-Identifier: Apache-2.0
// Things of facilities in a reload: outlets, inlets, relays.
#include "runtime/node/reload.hpp"

#include "runtime/node/reload_parts.hpp"

#include <algorithm>
#include <utility>

namespace ockam {

using namespace reload_parts;

namespace {

bool has_item(const facility& f, const std::string& name) {
  auto all = f.list();
  return std::any_of(all.begin(), all.end(), [&](auto& i) { return i.name == name; });
}

/// As the command that makes it takes the keys of a section; a flag has no value there.
std::string as_options(const option_texts& keys) {
  std::string out;
  for (const auto& [key, value] : keys)
    if (value != "no")
      out += " --" + key + (value == "yes" ? "" : " " + value);
  return out;
}

} // namespace

bool reloader::goes_by_connections(const config_section& s) const {
  auto* f = parts_.facilities.find(s.kind);
  return f && f->goes_by_connections();
}

/// Those that begin when nothing can be undone any more: one of the name may have been made at the prompt.
void reloader::check_items() {
  const auto& c = now().changes.items;
  if (now().mode == on_failure::stop)
    return;
  for (const auto& s : c.come)
    if (goes_by_connections(s) && has_item(*parts_.facilities.find(s.kind), s.name) && !find_same(c.gone, s))
      now().failures.push_back({title(s), {errc::already_exists, "there is a " + s.kind + " of this name, made at the prompt",
                                           "choose another name, or: ockam " + s.kind + " delete " + s.name}});
}

result<ready_item> reloader::prepare_item(const config_section& s, const std::vector<config_section>& gone) const {
  auto* f = parts_.facilities.find(s.kind);
  if (!f)
    return error{errc::unsupported, "this node has no " + s.kind, {}};
  return f->prepare(s, gone);
}

/// Whether something that goes has its name, or what it takes over.
bool reloader::has_to_wait(const config_section& s, const ready_item& ready) const {
  const auto& c = runs_.front()->changes;
  bool is_address = parts_.node.board.find(address{s.name}) != nullptr;
  auto has_name = [&](const auto& gone) { return gone.name == s.name; };
  auto is_it = [&](const config_section& gone) {
    const auto* f = parts_.facilities.find(gone.kind);
    return has_name(gone) && (gone.kind == s.kind || is_address) && f && has_item(*f, gone.name);
  };
  return ready.takes_over || std::any_of(c.items.gone.begin(), c.items.gone.end(), is_it)
         || (is_address && (std::any_of(c.services.gone.begin(), c.services.gone.end(), has_name)
                            || std::any_of(c.connections.gone.begin(), c.connections.gone.end(), has_name)));
}

/// Those that are new begin beside what runs; one that takes the place of what goes has all that it needs now, and begins
/// later. False: the node does not start.
bool reloader::begin_items() {
  const auto& c = now().changes.items;
  for (const auto& s : c.come) {
    auto ready = prepare_item(s, c.gone);
    if (ready && goes_by_connections(s)) {
      now().items_last.push_back({&s, std::move(*ready)});
      continue;
    }
    if (ready && has_to_wait(s, *ready)) {
      now().items_behind.push_back({&s, std::move(*ready)});
      continue;
    }
    auto ok = ready ? outcome_of(ready->begin()) : result<void>{std::move(ready).error()};
    if (ok)
      now().items.push_back(s);
    else if (now().mode == on_failure::stop)
      return failed(title(s), std::move(ok).error()), false;
    else
      now().failures.push_back({title(s), std::move(ok).error()});
  }
  return true;
}

/// And gives back what others were to have.
void reloader::end_begun_items() {
  now().items_behind.clear();
  now().items_last.clear();
  for (const auto& s : now().items)
    (void)parts_.facilities.find(s.kind)->end(s.name);
}

void reloader::end_items() {
  for (const auto& s : now().changes.items.gone)
    if (auto* f = parts_.facilities.find(s.kind); f && f->end(s.name))
      say(level::info, "ended " + title(s));
  take_out(config_.items, now().changes.items.gone);
}

void reloader::has_begun(const config_section& s) {
  say(level::info, "began " + title(s));
  config_.items.push_back(s);
}

/// What could fail has been tried before. If it fails all the same, what has ended to make room for it comes back.
void reloader::place_item(waiting_item& w) {
  const auto& s = *w.what;
  auto ok = outcome_of(w.ready.begin());
  if (ok)
    return has_begun(s);
  now().failures.push_back({title(s), std::move(ok).error()});
  const auto* before = find_same(now().changes.items.gone, s);
  auto again = before ? prepare_item(*before, {}) : result<ready_item>{error{}};
  if (again && again->begin())
    has_begun(*before);
}

void reloader::place_items() {
  for (auto& w : now().items_behind)
    place_item(w);
  for (const auto& s : std::exchange(now().items, {}))
    has_begun(s);
  const auto& c = now().changes.items;
  for (const auto& s : c.gone)
    if (auto* f = parts_.facilities.find(s.kind); f && !find_same(c.come, s))
      f->left(s.name);
}

/// When their connections are there.
void reloader::begin_last_items() {
  if (now().mode == on_failure::stop && !now().failures.empty())
    return;
  for (auto& w : now().items_last)
    place_item(w);
}

void reloader::say_ended_items() {
  for (const auto& s : config_.items)
    if (auto* f = parts_.facilities.find(s.kind); f && !has_item(*f, s.name))
      say_it_stays_ended(title(s), "ockam " + s.kind + " create " + s.name + as_options(s.keys));
}

} // namespace ockam
