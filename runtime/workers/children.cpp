// SPDX-License-Identifier: Apache-2.0
// Workers that workers start: what a host tells, and what `actor_workers` does about it.
#include "runtime/workers/children.hpp"

#include "runtime/core/access_control.hpp"
#include "runtime/core/utf8.hpp"
#include "runtime/workers/actor_children.hpp"
#include "runtime/workers/actor_workers.hpp"
#include "runtime/workers/pool_mailbox.hpp"
#include "runtime/workers/socket_host.hpp"
#include "runtime/workers/worker_host.hpp"

#include <algorithm>

namespace ockam {

// -- on the worker's thread -------------------------------------------------------------------------------

void worker_host::start_child(child_order order, unique_function<void(result<address>)> then) {
  more().has_children = true;
  order.done = [to = box(), then = std::make_shared<decltype(then)>(std::move(then))](result<address> at) {
    to.post([then, at = std::move(at)]() mutable { (*then)(std::move(at)); });
  };
  tell({.who = {}, .what = family_event::kind::start, .order = std::move(order)});
}

void worker_host::stop_child(address child) {
  tell({.who = {}, .what = family_event::kind::stop, .child = std::move(child)});
}

void worker_host::stop_children() { tell({.who = {}, .what = family_event::kind::end_all}); }

// -- on the socket thread ---------------------------------------------------------------------------------

namespace {

/// Longest name of a child: it stands behind those of up to `family_tree::most_depth` others.
constexpr std::size_t longest_name = 64;

/// Letters, digits, `-` and `_`: a dot begins the next part of an address, a slash ends it in a route.
bool is_name(std::string_view s) {
  return s.size() <= longest_name && std::all_of(s.begin(), s.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
         });
}

/// Whose messages a child takes: also its parent's, which is a worker of this node. Where it may send stays as it is.
std::shared_ptr<const access_control> access_of_child(const std::shared_ptr<const access_control>& of_parent) {
  if (!of_parent || !of_parent->from || of_parent->from->local)
    return of_parent;
  auto out = std::make_shared<access_control>(*of_parent);
  out->from->local = true;
  return out;
}

} // namespace

void actor_workers::take(family_event& e) {
  auto it = records_.find(e.who.service);
  if (it == records_.end()) // it has ended meanwhile, and nobody waits for this
    return;
  if (e.what == family_event::kind::end_all) {
    if (auto later = for_later_.find(e.who.service); later != for_later_.end())
      std::erase_if(later->second, [&](auto& l) { return l.who.instance == e.who.instance; });
    return end_children(family_.children_of(e.who.service, e.who.instance));
  }
  if (it->second.to_be) { // the one before it may have children of these names
    for_later_[e.who.service].push_back(std::move(e));
  } else if (e.what == family_event::kind::start) {
    start_child(e.who, std::move(e.order));
  } else if (auto* entry = board_.find(e.child); entry && family_.parent_of(entry->host) == e.who.service) {
    stop(entry->host, {errc::closed, "it was stopped", {}});
  }
}

void actor_workers::start_child(host_id parent, child_order order) {
  auto& p = records_.find(parent.service)->second;
  if (auto ok = start_child(parent, p, order); !ok)
    order.done(std::move(ok).error());
}

result<address> actor_workers::place_of_child(std::uint64_t parent, const address& of, const std::string& name) {
  if (!is_name(name))
    return error{errc::invalid_argument,
                 "the name of a child has at most 64 letters, digits, - and _, not "
                   + printable(name.substr(0, longest_name)),
                 {}};
  if (auto ok = family_.has_room(parent); !ok)
    return std::move(ok).error();
  address at{of.name + "." + (name.empty() ? std::to_string(family_.next_name(parent)) : name)};
  if (at.name.size() > max_name_length)
    return error{errc::invalid_argument,
                 "the address of a child would have over " + std::to_string(max_name_length) + " bytes",
                 {}};
  if (auto* there = board_.find(at))
    return error{
      errc::already_exists, "a worker of type " + std::string{there->type} + " already exists at " + to_string(at), {}};
  return at;
}

/// `order` is as it was after an error.
result<void> actor_workers::start_child(host_id parent, record& p, child_order& order) {
  auto at = place_of_child(parent.service, p.self(), order.name);
  if (!at)
    return std::move(at).error();
  if (!order.kind.make) {
    auto kind = kinds_(order);
    if (!kind)
      return std::move(kind).error();
    order.kind = std::move(*kind);
  }
  auto o = std::move(order.kind.options);
  o.shares = p.budget;
  o.access = access_of_child(board_.find(p.self())->access);
  o.consumer_of.clear();
  auto number = last_number_ + 1; // it may have started before it is known otherwise
  family_.add(parent.service, parent.instance, number);
  // `p` is not to be used any more: the table of records may grow.
  start(
    *at, std::move(order.kind.make), std::move(o),
    [this, number, at = *at, done = std::make_shared<decltype(order.done)>(std::move(order.done))](result<void> ok) {
      if (ok)
        return (*done)(at);
      end_children(family_.remove(number));
      (*done)(std::move(ok).error());
    });
  return {};
}

void actor_workers::end_children(const std::vector<std::uint64_t>& of) {
  for (auto number : of) {
    if (records_.contains(number))
      stop(number, {errc::closed, "its parent has ended", {}});
    else
      end_children(family_.remove(number));
  }
}

namespace {

/// What an instance of a service shows of the actor that it speaks for.
void add_actors(worker_kin& out, worker_behavior what, bool of_several, const actors::children& all) {
  if (out.behavior.empty())
    out.behavior = what.name;
  if (what.actor == 0)
    return;
  out.runs = what.runs;
  if (of_several)
    out.actors.push_back({what.actor, 0, std::move(what.name)});
  else
    out.actor = what.actor;
  for (auto& a : all.below(what.actor)) {
    out.children += a.parent == what.actor;
    out.actors.push_back(std::move(a));
  }
  if (out.actors.size() > actors::children::most_shown) {
    out.actors.resize(actors::children::most_shown);
    out.more_actors = true;
  }
}

} // namespace

worker_kin actor_workers::kin_of(const worker_entry& e) const {
  worker_kin out;
  auto it = records_.find(e.host);
  if (it == records_.end())
    return out;
  const auto& r = it->second;
  out.children = family_.count_children(e.host);
  std::size_t instances = r.host ? 1 : r.pool->size();
  for (std::size_t i = 0; i < instances; ++i)
    add_actors(out, (r.host ? r.host->stats() : r.pool->stats(i)).behavior(), instances > 1, *actors_);
  out.watchers = e.watched ? board_.count_watchers(r.self()) : 0;
  if (auto parent = records_.find(family_.parent_of(e.host)); parent != records_.end())
    out.parent = parent->second.self().name;
  return out;
}

} // namespace ockam
