// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "channels/channels.hpp"
#include "cli/node/http_service.hpp"
#include "cli/node/tracing_service.hpp"
#include "cli/node/options.hpp"
#include "cli/node/presence.hpp"
#include "cli/node/service_manager.hpp"
#include "cli/node/task_queue.hpp"
#include "runtime/node/node.hpp"

#include <chrono>
#include <optional>
#include <span>
#include <string>

namespace ockam {

/// SIGHUP: the configuration as it is now is put into effect, as far as that goes without a new start: all of it or
/// nothing; identities are read again in any case. It is read and checked on a thread of its own, since that makes services, as a start does, and code of
/// users may take its time; the main thread goes on to hear signals. The service manager hears when it begins and ends.
///
///     ──SIGHUP──▶ reading ──▶ [http] opens ──▶ n.reload ──▶ [http] goes over, log-level, identities, database
class reloading {
 public:
  /// What it works on; all live longer than this.
  struct parts {
    node_options& options;
    std::span<const service_type> services;
    node& of;
    http_service& http;
    tracing_service& traces;
    channels::parts& secure;
    std::optional<presence>& here;
    task_queue& main_thread;
    const service_manager& manager;
  };
  explicit reloading(parts p) : parts_{p} {}

  void begin();
  /// Whether code of a service runs that has not returned: the process cannot end in order.
  bool is_reading() const { return reads_; }

 private:
  void read(node_options& fresh);
  /// What is wrong, and that nothing has changed.
  void refuse(const error& why);
  /// Whether a listener of now is there: [http] can come there when that is closed, and not before.
  bool frees(const std::string& address) const;
  /// `http`: what was prepared of that.
  void done(bool ok, const node_config& fresh, const std::string& tcp, std::optional<http_service::next>& http);

  parts parts_;
  std::optional<std::vector<listener_info>> listeners_; ///< since the last reload
  bool reads_ = false;
  bool again_ = false; ///< a SIGHUP came while it read
};

/// What the service manager shows of a node that runs.
std::string status_of(const std::vector<listener_info>& listeners);

} // namespace ockam
