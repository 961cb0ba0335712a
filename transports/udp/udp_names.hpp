// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "runtime/core/ip_endpoint.hpp"
#include "runtime/core/message.hpp"
#include "runtime/core/reason.hpp"
#include "runtime/net/reactor.hpp"

#include <chrono>
#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace ockam {

/// Host names in routes behind a listener (`2#example.org:4000`): looks them up, keeps messages meanwhile,
/// and remembers the answer for a while. Everything is bounded: look-ups at once, names, bytes that wait.
/// Owned by a link; socket thread only.
class udp_names {
 public:
  /// What becomes of a message: it has an address, or none.
  using ready = std::function<void(message_ptr m, const ip_endpoint& to)>;
  using failed = std::function<void(message_ptr m, drop_reason why, std::string_view detail)>;

  udp_names(net::reactor& r, std::chrono::milliseconds timeout, ready on_ready, failed on_failed);
  udp_names(const udp_names&) = delete;
  udp_names& operator=(const udp_names&) = delete;

  /// Calls one of the two, now or when the name is known.
  void take(message_ptr m, const endpoint& to);
  /// What is known may not hold any more.
  void forget_answers();
  /// Messages that wait have failed with this reason, and no look-up goes on.
  void clear(drop_reason why);
  std::size_t bytes_waiting() const noexcept { return bytes_; }

 private:
  static constexpr std::size_t max_names = 256;
  static constexpr std::size_t max_lookups = 8;               ///< a thread each
  static constexpr std::size_t max_bytes = 256u << 10;
  static constexpr std::chrono::seconds good_for{30};
  static constexpr std::chrono::seconds bad_for{2};

  struct entry {
    net::connecting_ptr lookup; ///< under way
    result<ip_endpoint> answer = error{};
    net::reactor::clock::time_point until{};
    std::vector<message_ptr> waiting;
  };

  bool make_room();
  void answered(const std::string& name, result<std::vector<ip_endpoint>> found);
  void settle(message_ptr m, const result<ip_endpoint>& answer);

  net::reactor& reactor_;
  std::chrono::milliseconds timeout_;
  ready on_ready_;
  failed on_failed_;
  std::unordered_map<std::string, entry> names_;
  std::size_t lookups_ = 0;
  std::size_t bytes_ = 0;
};

} // namespace ockam
