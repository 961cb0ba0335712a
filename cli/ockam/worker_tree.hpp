// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "proto/control.pb.h"

#include <nlohmann/json.hpp>

#include <map>
#include <string>
#include <vector>

namespace ockam::cli {

class tree_lines;

/// Which workers of a node have started which: services at the top, below each what it has started, actors of CAF
/// first. Links and other parts of the runtime are left out; who was started by one of these, or by one that is not in
/// the list, stands at the top.
class worker_tree {
 public:
  /// `all` must outlive it.
  explicit worker_tree(const control::WorkerList& all);

  /// A list of services, each with a list `children` of the same form, and a list `actors`, each with a list
  /// `children`; `more_actors` says that there are some that are not in it.
  nlohmann::json data() const;
  /// The node, and its services below it, a line each.
  std::string text(const std::string& node) const;

 private:
  using worker = control::WorkerInfo;
  const std::vector<const worker*>& below(const std::string& address) const;
  nlohmann::json data(const std::string& address) const;
  /// What `above` (null: nobody) has started, whose address it is.
  void draw(tree_lines& out, const std::string& address, const worker* above) const;

  std::map<std::string, std::vector<const worker*>> below_; ///< by the address of who has started them; empty: nobody
};

} // namespace ockam::cli
