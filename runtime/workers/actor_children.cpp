// SPDX-License-Identifier: Apache-2.0
#include "runtime/workers/actor_children.hpp"

#include "runtime/workers/shared_by_name.hpp"

#include <caf/actor_system.hpp>
#include <caf/monitorable_actor.hpp>

#include <string_view>

namespace ockam::actors {

namespace {

const auto registry_name = caf::atom("ockamkin");

} // namespace

std::shared_ptr<children> children::of(caf::actor_system& system) {
  return find_shared<children>(system, registry_name);
}

std::shared_ptr<children> children::open(caf::actor_system& system) {
  auto out = std::make_shared<children>();
  share(system, registry_name, out);
  return out;
}

void children::close(caf::actor_system& system) { unshare(system, registry_name); }

bool children::add(actor_child c) {
  std::lock_guard guard{lock_};
  if (size_ >= most)
    return false;
  ++size_;
  by_parent_[c.parent].emplace(c.id, std::move(c.name));
  return true;
}

void children::remove(std::uint64_t parent, std::uint64_t id) {
  std::lock_guard guard{lock_};
  auto it = by_parent_.find(parent);
  if (it == by_parent_.end())
    return;
  size_ -= it->second.erase(id);
  if (it->second.empty())
    by_parent_.erase(it);
}

std::vector<actor_child> children::below(std::uint64_t id) const {
  std::lock_guard guard{lock_};
  std::vector<actor_child> out;
  auto take = [&](std::uint64_t parent) {
    if (auto it = by_parent_.find(parent); it != by_parent_.end())
      for (auto c = it->second.begin(); c != it->second.end() && out.size() <= most_shown; ++c)
        out.push_back({c->first, parent, c->second});
  };
  take(id);
  for (std::size_t i = 0; i < out.size() && out.size() <= most_shown; ++i)
    take(out[i].id);
  return out;
}

std::string name_of(const caf::actor& a) {
  const auto* known = dynamic_cast<caf::monitorable_actor*>(caf::actor_cast<caf::abstract_actor*>(a));
  std::string_view name = known ? known->name() : "";
  return std::string{name == "scheduled_actor" || name == "blocking_actor" || name == "broker" ? "" : name};
}

void note_child(caf::actor_system& system, std::uint64_t parent, const caf::actor& child) {
  auto all = children::of(system);
  if (!all || !all->add({child.id(), parent, name_of(child)}))
    return;
  child->attach_functor([all, parent, id = child.id()](const caf::error&) { all->remove(parent, id); });
}

} // namespace ockam::actors
