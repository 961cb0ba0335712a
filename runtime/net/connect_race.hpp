// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "runtime/net/reactor.hpp"

#include <chrono>
#include <cstddef>
#include <deque>
#include <functional>
#include <vector>

namespace ockam {

/// The order in which addresses of one host are tried: that of the system, except that the families take turns
/// (RFC 8305, section 4), so that a family which leads nowhere costs one attempt and not all of them.
std::vector<ip_endpoint> interleaved(const std::vector<ip_endpoint>& addresses);

/// A connect to a host of one or several addresses, as in RFC 8305 ("Happy Eyeballs"). An address that swallows
/// packets answers nothing, so the next one is tried while the first may still answer:
///
///     look-up ──▶ attempt 1 ────────────────────────────────▶ …        250 ms after the one before,
///                     attempt 2 ──────────────▶ done(stream)            or at once when that failed
///                          attempt 3 ──▶ given up: another was first
///
/// One deadline for the look-up and all attempts. How an attempt is made is the reactor's business. Socket
/// thread only.
class connect_race final : public net::connecting {
 public:
  /// Section 5, "Connection Attempt Delay".
  static constexpr std::chrono::milliseconds pause{250};
  /// A name may have any number of addresses. Beyond this many the eldest attempt is given up for the next one.
  static constexpr std::size_t most_attempts = 8;

  /// Begins an attempt; it is given up when what this returns is destroyed. It may tell its outcome later, once,
  /// or return the error at once. Never tells it inside this call.
  using begin_attempt = std::function<result<net::connecting_ptr>(const ip_endpoint&, net::reactor::connected)>;

  connect_race(net::reactor& r, const endpoint& to, std::chrono::milliseconds timeout, begin_attempt begin,
               net::reactor::connected done);
  ~connect_race() override;
  connect_race(const connect_race&) = delete;
  connect_race& operator=(const connect_race&) = delete;

 private:
  struct attempt {
    std::size_t number;
    net::connecting_ptr connecting;
  };

  void next();
  void over(std::size_t number, result<net::stream_ptr> outcome);
  void finish(result<net::stream_ptr> outcome);

  net::reactor& reactor_;
  begin_attempt begin_;
  net::reactor::connected done_;
  net::connecting_ptr lookup_;
  std::vector<ip_endpoint> addresses_;
  std::size_t next_ = 0;         ///< in `addresses_`
  std::deque<attempt> attempts_; ///< under way, the eldest first
  error last_error_{errc::unreachable, {}, {}};
  timer_queue::id deadline_ = 0;
  timer_queue::id next_timer_ = 0;
};

} // namespace ockam
