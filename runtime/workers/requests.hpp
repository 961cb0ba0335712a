// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "runtime/core/switchboard.hpp"
#include "runtime/net/reactor.hpp"

#include <cstddef>
#include <functional>

namespace ockam {

/// Which worker, and which of its instances.
struct host_id {
  std::uint64_t service = 0;
  std::uint32_t instance = 0;
};

/// Requests of workers that wait for their replies. Each has a reply address of its own, as in the
/// reference, where replies are told apart by nothing else. Socket thread only.
class request_table {
 public:
  /// Called once for each: the reply (or the report, see `to_error`), or null and why there is none.
  using finished = std::function<void(host_id from, std::uint64_t number, message_ptr reply, errc why)>;

  /// Requests under way at one time; more end at once with `limit_reached`.
  static constexpr std::size_t most = 100'000;

  request_table(switchboard& board, net::reactor& reactor, finished done);
  ~request_table();

  /// Puts a reply address of its own into `m` and delivers it. `sender`: where its worker may send; null: anywhere.
  void open(message_ptr m, host_id from, std::uint64_t number, std::chrono::milliseconds timeout,
            const access_control* sender = nullptr);
  void clear();
  bool empty() const noexcept { return pending_ == nullptr; }

 private:
  class pending;

  void end(pending& p, message_ptr reply, errc why);
  /// Takes it out of the list; the caller's to delete.
  void unlink(pending& p) noexcept;

  switchboard& board_;
  net::reactor& reactor_;
  finished done_;
  pending* pending_ = nullptr; ///< the first of a list of those that wait; owned
  std::size_t count_ = 0;
};

/// What a report says, as the error of who sent the message.
error to_error(const report& r);
/// What `finished` was told, as a handler gets it: the reply, or the error (also a report is one).
result<message_ptr> to_result(message_ptr reply, errc why);

} // namespace ockam
