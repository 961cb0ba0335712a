// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cli/node/http_service.hpp"
#include "cli/node/options.hpp"
#include "cli/node/passed_sockets.hpp"
#include "cli/node/reloading.hpp"
#include "cli/node/service_manager.hpp"
#include "cli/node/task_queue.hpp"
#include "runtime/node/node.hpp"

#include <chrono>
#include <optional>
#include <string>

namespace ockam {

/// Tells the service manager that the node lives, as often as it wants to hear that, and only when the socket thread and
/// the pool have both had a turn since the time before.
class life_signs {
 public:
  using clock = std::chrono::steady_clock;

  /// All live longer; `main_thread` runs what is posted.
  life_signs(const service_manager& manager, node& n, task_queue& main_thread);

  /// When to call `look`.
  clock::time_point next() const noexcept { return next_; }
  /// Asks for a proof of life, unless one is still awaited.
  void look();

 private:
  const service_manager& manager_;
  node& node_;
  task_queue& main_thread_;
  std::chrono::microseconds every_; ///< 0: never
  clock::time_point next_ = clock::time_point::max();
  bool asked_ = false;
};

/// Waits for a reason to stop, and then until nothing is under way any more, or somebody is in a hurry.
///
///     runs ──signal, request over control, end of standard input──▶ drains ──over, another signal──▶ returns
class waiting {
 public:
  /// All live longer.
  struct parts {
    node_options& options;
    node& of;
    http_service& http;
    reloading& reload;
    task_queue& tasks;
    service_manager& manager;
    passed_sockets& sockets;
  };
  explicit waiting(parts p) : parts_{p}, life_{p.manager, p.of, p.tasks} {}

  using clock = std::chrono::steady_clock;

  void run();
  void stop(const std::string& why);
  /// Until when what comes after `run` may wait for others: half a second at least, unless somebody is in a hurry.
  clock::time_point end_of_grace() const;

 private:
  int left() const;
  void take_signal(int fd);
  static bool has_ended(int fd);

  parts parts_;
  life_signs life_;
  bool stops_ = false;
  bool hurries_ = false;
  clock::time_point latest_ = clock::time_point::max();
};

} // namespace ockam
