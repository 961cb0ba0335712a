// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "runtime/core/error.hpp"

#include <cstddef>
#include <cstdint>
#include <unordered_map>
#include <vector>

namespace ockam {

/// Which worker has started which. Workers are known by their numbers, as in `host_id`. It has nothing of a worker that
/// has no parent and has started none: there may be very many. A plain value; the caller ends who is to end.
class family_tree {
 public:
  /// How far a worker is from the one of its ancestors that no worker has started.
  static constexpr std::size_t most_depth = 8;
  /// All that descend from one that no worker has started: a fork bomb is its operator's service alone.
  static constexpr std::size_t most_descendants = 1000;

  /// Whether `parent` may have one more child. Error: `limit_reached`.
  result<void> has_room(std::uint64_t parent) const;
  /// The instance `instance` of `parent` has started `child`.
  void add(std::uint64_t parent, std::uint32_t instance, std::uint64_t child);
  /// It has ended. Returns its children, who stay in here until they are removed.
  std::vector<std::uint64_t> remove(std::uint64_t who);

  /// 0: none.
  std::uint64_t parent_of(std::uint64_t who) const;
  /// Those of all instances, the first of them first.
  std::vector<std::uint64_t> children_of(std::uint64_t parent) const;
  std::vector<std::uint64_t> children_of(std::uint64_t parent, std::uint32_t instance) const;
  std::size_t count_children(std::uint64_t parent) const;
  /// 1, 2, …: what tells children of one parent apart that were given no names. Never the same twice.
  std::uint64_t next_name(std::uint64_t parent) { return ++member_of(parent).last_name; }
  void clear() { members_.clear(); }

 private:
  struct child {
    std::uint64_t number;
    std::uint32_t instance; ///< of its parent
  };
  struct member {
    std::uint64_t parent = 0;
    std::uint64_t root = 0; ///< the ancestor that no worker has started; itself, when it has no parent
    std::size_t depth = 0;
    std::size_t descendants = 0; ///< counted at the root
    std::uint64_t last_name = 0;
    std::vector<child> children;
  };
  member& member_of(std::uint64_t who);
  const member* find(std::uint64_t who) const;

  std::unordered_map<std::uint64_t, member> members_;
};

} // namespace ockam
