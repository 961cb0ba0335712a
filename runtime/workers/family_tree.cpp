// SPDX-License-Identifier: Apache-2.0
#include "runtime/workers/family_tree.hpp"

#include <string>

namespace ockam {

const family_tree::member* family_tree::find(std::uint64_t who) const {
  auto it = members_.find(who);
  return it == members_.end() ? nullptr : &it->second;
}

family_tree::member& family_tree::member_of(std::uint64_t who) {
  auto [it, fresh] = members_.try_emplace(who);
  if (fresh)
    it->second.root = who;
  return it->second;
}

result<void> family_tree::has_room(std::uint64_t parent) const {
  const auto* p = find(parent);
  if (!p)
    return {};
  if (p->depth >= most_depth)
    return error{errc::limit_reached,
                 "it has " + std::to_string(most_depth) + " generations above it: its children may have no children",
                 {}};
  const auto* root = find(p->root);
  if (root && root->descendants >= most_descendants)
    return error{errc::limit_reached,
                 "too many children: " + std::to_string(most_descendants) + " of one service and its children",
                 {}};
  return {};
}

void family_tree::add(std::uint64_t parent, std::uint32_t instance, std::uint64_t number) {
  auto& fresh = member_of(number); // references stay where they are as others come
  auto& p = member_of(parent);
  p.children.push_back({number, instance});
  fresh.parent = parent;
  fresh.root = p.root;
  fresh.depth = p.depth + 1;
  ++member_of(p.root).descendants;
}

std::vector<std::uint64_t> family_tree::remove(std::uint64_t who) {
  auto it = members_.find(who);
  if (it == members_.end())
    return {};
  auto gone = std::move(it->second);
  members_.erase(it);
  if (auto p = members_.find(gone.parent); p != members_.end())
    std::erase_if(p->second.children, [&](const child& c) { return c.number == who; });
  if (auto root = members_.find(gone.root); root != members_.end())
    --root->second.descendants;
  std::vector<std::uint64_t> out;
  for (const auto& c : gone.children)
    out.push_back(c.number);
  return out;
}

std::uint64_t family_tree::parent_of(std::uint64_t who) const {
  const auto* m = find(who);
  return m ? m->parent : 0;
}

std::vector<std::uint64_t> family_tree::children_of(std::uint64_t parent) const {
  std::vector<std::uint64_t> out;
  if (const auto* m = find(parent))
    for (const auto& c : m->children)
      out.push_back(c.number);
  return out;
}

std::vector<std::uint64_t> family_tree::children_of(std::uint64_t parent, std::uint32_t instance) const {
  std::vector<std::uint64_t> out;
  if (const auto* m = find(parent))
    for (const auto& c : m->children)
      if (c.instance == instance)
        out.push_back(c.number);
  return out;
}

std::size_t family_tree::count_children(std::uint64_t parent) const {
  const auto* m = find(parent);
  return m ? m->children.size() : 0;
}

} // namespace ockam
