// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "runtime/links/live_parts.hpp"
#include "runtime/node/config_changes.hpp"
#include "runtime/node/late_listeners.hpp"

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <vector>

namespace ockam {

/// Puts a configuration into effect, the first one (from nothing) as well as those that come while the node
/// runs: what is gone from it ends, what is new in it begins, everything else is left alone. Rights are those that a
/// start with this configuration would give: what a listener does not admit any more is closed to its open links at
/// once. Links stay when their listener moves, and also when it is gone, but may then reach nothing.
///
///     ending ──▶ services ──all have started──▶ listeners, one by one ──▶ connections ──▶ done
///
/// One at a time: a configuration that comes meanwhile is taken up when the one before it is done. Socket
/// thread only.
class reloader {
 public:
  /// What could not begin: the section and why.
  struct failure {
    std::string section; ///< `[tcp-listener public]`
    error why;
  };
  using done = std::function<void(std::vector<failure>)>;

  /// What to do when a part cannot begin.
  enum class on_failure : std::uint8_t {
    stop, ///< at the first start: nothing more is begun, and `done` has the one failure
    go_on ///< it is logged, and tried again with the next configuration
  };

  /// `config` is the one that the node runs with; it follows what happens here.
  reloader(live_parts parts, node_config& config)
    : parts_{parts}, config_{config}, late_{parts, [this](auto& l, auto at) { has_opened(l, std::move(at)); }} {}

  /// `finished` is called once, when everything new has begun or has failed.
  void apply(node_config fresh, on_failure mode, done finished);
  /// The listeners that this has opened, in the order in which that was done.
  std::vector<listener_info> listeners() const;
  /// What runs already becomes part of the configuration. `handle`: the address of a listener.
  void adopt(node_config alone, const std::string& handle);
  /// The name of the section that made what goes by this handle: the address of a listener; otherwise the name itself.
  std::string section_of(const std::string& kind, const std::string& handle) const;
  /// A listener that somebody has closed.
  void forget(const std::string& kind, const std::string& section);
  /// Begins nothing more, and forgets what waits.
  void stop();

 private:
  struct open_listener {
    std::string transport;
    std::string section;
    listener_info info;
  };
  /// A configuration that is being put into effect.
  struct run {
    std::uint64_t number;
    node_config fresh;
    on_failure mode;
    done finished;
    config_changes changes = {};
    std::size_t starting = 0;      ///< services that have not answered, and one while more are begun
    std::size_t next_listener = 0;
    std::map<std::string, std::uint32_t> retired = {}; ///< by section, ids of listeners that move
    std::vector<failure> failures = {};
  };

  /// Whether this run is still under way, for answers that come later.
  bool is_current(std::uint64_t number) const;
  void begin();
  void take_real_addresses();
  void end_gone();
  result<void> close(const listener_config& l, const open_listener& open);
  void narrow_allows();
  void set_allows();
  open_listener* find_open(const listener_config& l);
  void make_room();
  void start_services();
  void started_one();
  void listen_next();
  void has_opened(const listener_config& l, listener_info at);
  void connect_all();
  void failed(std::string section, error why);
  void finish();

  live_parts parts_;
  node_config& config_;
  std::vector<open_listener> open_;
  late_listeners late_;
  std::deque<std::unique_ptr<run>> runs_; ///< the first one is under way
  std::uint64_t last_number_ = 0;
  bool stopped_ = false;
};

} // namespace ockam
