// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "runtime/core/route.hpp"
#include "simulate/journal.hpp"

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace ockam::simulate {

class end;

/// Messages of one sender to one destination, numbered in their payloads: `3:17:......` is the 18th of flow 3.
struct flow {
  std::uint32_t number = 0;
  std::string name;
  end* from = nullptr;
  end* to = nullptr;                   ///< the sender itself where the way leads to an echo
  std::function<route()> way;          ///< as it is now: addresses of links change
  std::vector<std::size_t> crossings;  ///< of the connections between nodes, each once
  std::size_t least = 20, most = 200;  ///< bytes of a payload
  bool wants_reports = false;
  bool is_stream = false;              ///< marked: must have no holes
  bool is_probe = false;               ///< must be answered in time
  std::size_t dead_neighbours = 0;     ///< a probe's sender sends to so many destinations that may be dead

  bool touched = false;  ///< a connection on its way has ended, or loses by nature: what is missing may not be counted
  bool excused = false;  ///< its destination did what a destination may not do if nothing is to be lost
  std::uint64_t sent = 0;
  std::uint64_t arrived = 0;
  std::map<std::uint64_t, std::uint64_t> last;   ///< number that arrived last, by path
  std::deque<std::pair<std::uint64_t, net::reactor::clock::time_point>> unanswered; ///< of a probe

  std::uint64_t missing() const noexcept { return sent - arrived; }
};

/// All flows of a schedule, and what has arrived of them.
class flows {
 public:
  explicit flows(journal& j) noexcept : journal_{j} {}

  flow& open(std::string name);
  /// The payload of the next message, which is sent now.
  std::string next_payload(flow& f, std::size_t size);
  /// A message has arrived, by the path that its return route tells. An empty payload is a report.
  void arrived(std::string_view payload, const route& back);
  /// What was sent before this is answered, or will not be: an end of a connection took it.
  static void forgive(flow& f) { f.unanswered.clear(); }

  std::vector<std::unique_ptr<flow>>& all() noexcept { return all_; }
  std::uint64_t reports() const noexcept { return reports_; }

 private:
  void check_order(flow& f, std::uint64_t number, std::uint64_t path);

  journal& journal_;
  std::vector<std::unique_ptr<flow>> all_;
  std::uint64_t reports_ = 0;
};

} // namespace ockam::simulate
