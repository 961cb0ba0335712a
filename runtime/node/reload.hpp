// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "runtime/links/live_parts.hpp"
#include "runtime/node/config_changes.hpp"
#include "runtime/node/late_listeners.hpp"

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <vector>

namespace ockam {

/// Puts a configuration into effect, the first one (from nothing) as well as those that come while the node
/// runs: what is gone from it ends, what is new in it begins, everything else is left alone. All of it or nothing: what is
/// new begins beside what runs, and only when all of it has, anything ends. Rights are those that a start with this
/// configuration would give: what a listener does not admit any more is closed to its open links at once. Links stay when
/// their listener moves, and also when it is gone, but may then reach nothing.
///
///     prepare: services ──all have answered──▶ things of facilities ──▶ listeners, one by one ──▶ commit: rights narrow, what is gone
///                                                                           │                 ends, what is new has its place, rights
///                                                                           │                 widen ──▶ connections, what goes by them
///                                                                           └─ a problem ──▶ what has begun ends, all is as it was
///
/// A thing of a facility that has changed gets ready beside the one before it, with its port and its files, and begins in the
/// commit. A listener at the place of one that goes cannot be open beside it: it is opened in the commit, and the one before comes
/// back if that fails.
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
    stay  ///< all problems are logged, and `done` has them; what runs goes on as it was
  };

  /// `config` is the one that the node runs with; it follows what happens here.
  reloader(live_parts parts, node_config& config)
    : parts_{parts}, config_{config}, late_{parts, [this](auto& l, auto at) { has_opened(l, std::move(at)); }} {}

  /// `finished` is called once, when everything new has begun or has failed.
  void apply(node_config fresh, on_failure mode, done finished);
  /// The listeners that this has opened, in the order in which that was done.
  std::vector<listener_info> listeners() const;
  /// Those whose address this host has not yet.
  std::vector<late_listener_info> waiting_listeners() const { return late_.list(); }
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
  /// A service that has started.
  struct ready_service {
    const service_config* what;
    std::unique_ptr<successor> beside; ///< null: it has its address
  };
  struct ready_listener {
    const listener_config* what;
    listener_info info;
  };
  struct closed_listener {
    const listener_config* what;
    std::uint32_t flow; ///< of links that wait for the one that follows; 0: none follows
  };
  struct waiting_item {
    const config_section* what;
    ready_item ready;
  };
  /// Of which this host has not the address yet.
  struct late_listener {
    const listener_config* what;
    error why;
  };
  /// A configuration that is being put into effect.
  struct run {
    std::uint64_t number;
    node_config fresh;
    on_failure mode;
    done finished;
    config_changes changes = {};
    std::size_t starting = 0;      ///< services that have not answered, and one while more are begun
    std::size_t next = 0;          ///< listener to be opened
    std::vector<ready_service> services = {};
    std::vector<config_section> items = {};           ///< of facilities that have begun
    std::vector<waiting_item> items_behind = {}; ///< those whose place is free when others have gone
    std::vector<waiting_item> items_last = {};   ///< those that go by connections
    std::vector<ready_listener> listeners = {};
    std::vector<const listener_config*> behind = {}; ///< listeners whose place is free when others have gone
    std::vector<late_listener> late = {};
    std::vector<closed_listener> closed = {};
    std::vector<std::string> absent = {};          ///< services that each node has, which somebody has stopped
    std::vector<failure> failures = {};
    bool undone = false;
  };

  /// Whether this run is still under way, for answers that come later.
  bool is_current(std::uint64_t number) const;
  run& now() { return *runs_.front(); }
  result<transport*> transport_of(const listener_config& l) const { return parts_.transports.find(l.transport); }
  void begin();

  // prepare
  void failed(std::string section, error why);
  void undo();

  // commit
  void commit();
  void say_what_waits();
  void finish();

  // services
  void start_services();
  bool has_predecessor(const service_config& s) const;
  void service_ready(const service_config& s, std::unique_ptr<successor> beside);
  void started_one();
  void end_services();
  void place_services();
  void start_standard();
  void say_ended_services();

  // things of facilities
  bool goes_by_connections(const config_section& s) const;
  void check_items();
  result<ready_item> prepare_item(const config_section& s, const std::vector<config_section>& gone) const;
  bool has_to_wait(const config_section& s, const ready_item& ready) const;
  bool begin_items();
  void end_begun_items();
  void end_items();
  void has_begun(const config_section& s);
  void place_item(waiting_item& w);
  void place_items();
  void begin_last_items();
  void say_ended_items();

  // listeners and connections
  open_listener* find_open(const listener_config& l);
  void forget_closed();
  void take_real_addresses();
  void reopen_closed();
  void check_connections();
  void open_next();
  bool is_in_the_way(const listener_config& gone, const listener_config& l) const;
  void narrow_rights();
  void end_links();
  void end_listener(const listener_config& l);
  bool has_heir(const listener_config& l);
  void widen_rights();
  void opened(const listener_config& l, listener_info at);
  std::uint32_t links_of_closed(const listener_config& l);
  void wait_for_address(const listener_config& l, const error& why);
  void has_opened(const listener_config& l, listener_info at);
  void open_behind();
  void take_back(const listener_config& l);
  void connect_all();
  void say_ended_links();

  live_parts parts_;
  node_config& config_;
  std::vector<open_listener> open_;
  late_listeners late_;
  std::deque<std::unique_ptr<run>> runs_; ///< the first one is under way
  std::uint64_t last_number_ = 0;
  bool stopped_ = false;
};

} // namespace ockam
