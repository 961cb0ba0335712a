// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "runtime/links/live_parts.hpp"
#include "runtime/links/config.hpp"
#include "runtime/links/snapshot.hpp"

#include <chrono>
#include <functional>
#include <list>
#include <string>
#include <vector>

namespace ockam {

/// Listeners of the configuration whose address this host has not yet: the network comes up after the node, or an
/// address moves from host to host. They are tried again until they are open or taken out. A port that is taken is no
/// such thing: nobody knows whether it will ever be free, and the operator wants to hear of it. Socket thread only.
class late_listeners {
 public:
  static constexpr std::chrono::milliseconds pause{1'000};

  using opened = std::function<void(const listener_config&, listener_info)>;

  late_listeners(live_parts parts, opened on_open) : parts_{parts}, on_open_{std::move(on_open)} {}
  ~late_listeners() { stop(); }
  late_listeners(const late_listeners&) = delete;
  late_listeners& operator=(const late_listeners&) = delete;

  /// Whether one that could not be opened for this reason is to be tried again.
  static bool is_late(const listener_config& l, const error& why) { return l.retry && why.code == errc::address_unavailable; }

  /// Takes it, and says so in the log.
  void add(listener_config l, const error& why);
  /// Whether it waits.
  bool has(const listener_config& l) const;
  std::vector<late_listener_info> list() const;
  /// The section is gone, or another one follows it. No effect when it does not wait.
  void remove(const listener_config& l);
  /// Tries nothing any more.
  void stop();

 private:
  struct waiting {
    std::uint64_t number;
    listener_config config;
    std::string last_error;
    timer_queue::id timer = 0;
  };
  using place = std::list<waiting>::iterator;

  void wait(place at);
  void attempt(std::uint64_t number);
  void tried(std::uint64_t number, result<listener_info> outcome);
  place find(std::uint64_t number);

  live_parts parts_;
  opened on_open_;
  std::list<waiting> all_;
  std::uint64_t last_number_ = 0;
};

} // namespace ockam
