// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "simulate/checker.hpp"
#include "simulate/world.hpp"

#include <functional>
#include <string>
#include <vector>

namespace ockam::simulate {

/// What goes wrong in a schedule: a wave of a few faults, each undone when the wave is over.
class faults {
 public:
  faults(world& w, checker& c, journal& j, dice& random) : world_{w}, checker_{c}, journal_{j}, random_{random} {}

  /// One more fault.
  void strike();
  /// The wave is over: everything reads, runs and is connected again.
  void recover();

 private:
  void slow_reader();
  void busy_pool();
  void client_leaves();
  void connection_ends();
  void changed_configuration();
  void blocked_datagrams();

  /// Somebody to whom something may happen.
  client_end& victim(bool may_leave);
  void excuse(const end& who);
  void touch(const client_end& who);
  void touch(std::size_t crossing);

  world& world_;
  checker& checker_;
  journal& journal_;
  dice& random_;
  std::vector<std::function<void()>> undo_;
};

} // namespace ockam::simulate
