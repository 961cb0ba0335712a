// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "runtime/node/config_changes.hpp"
#include "runtime/control/control.hpp"

#include <functional>
#include <memory>
#include <vector>

namespace ockam {

/// Puts another configuration into effect while the node runs: what is gone from it ends, what is new in it
/// begins, everything else is left alone, links that a closed listener has let in as well. What cannot begin
/// is logged, and tried again with the next configuration. Socket thread only.
class reloader {
 public:
  using done = std::function<void()>;

  /// `config` is the one that the node runs with; it follows what happens here.
  reloader(node_services n, node_config& config) : node_{std::move(n)}, config_{config} {}

  /// A listener of the configuration is open.
  void opened(const listener_config& l, listener_info at) { open_.push_back({l.transport, l.name, std::move(at)}); }
  /// Those that are, in the order in which they were opened.
  std::vector<listener_info> listeners() const;

  /// `finished` is called when each new listener is open or has failed; services may still be starting.
  void apply(node_config fresh, done finished);

 private:
  struct open_listener {
    std::string transport;
    std::string section;
    listener_info info;
  };

  void end(const config_changes& c);
  void make_room(const std::vector<service_config>& come);
  void start_standard(const std::vector<service_config>& come);
  void start(const service_config& s);
  void listen(const listener_config& l, bool first, std::shared_ptr<done> finished);
  void connect(const connection_config& c);

  node_services node_;
  node_config& config_;
  std::vector<open_listener> open_;
};

} // namespace ockam
