// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

namespace ockam {

/// What went wrong, as a number that never changes its meaning: it appears in JSON output, in
/// `control.proto` and in logs. Add at the end of a group, never renumber.
enum class errc : std::uint16_t {
  ok = 0,
  // What the caller said makes no sense.
  invalid_argument = 1,   ///< a value of the wrong form
  invalid_route = 2,      ///< a route or multiaddr that does not parse or cannot be followed
  invalid_address = 3,    ///< an address, endpoint or name of the wrong form
  invalid_config = 4,     ///< a configuration that cannot be used; the cause names file and line
  // What the caller named.
  not_found = 10,         ///< no such node, worker, service, listener, connection
  already_exists = 11,    ///< the name or the address is taken
  // The world.
  unreachable = 20,       ///< a peer or node cannot be reached
  timed_out = 21,         ///< no answer in time
  io_failure = 22,        ///< a system call failed; the cause has the system's words
  address_in_use = 23,    ///< a listening address is taken
  permission_denied = 24, ///< the system or the node does not allow it
  closed = 25,            ///< the other side is gone
  limit_reached = 26,     ///< a configured limit (connections, bytes) was met
  corrupt_state = 27,     ///< the database or a lock cannot be used
  address_unavailable = 28, ///< a listening address that no interface of this host has
  // Bytes from the network.
  malformed = 30,         ///< bytes that are not what the protocol says
  too_large = 31,         ///< beyond a limit on size or count
  unsupported = 32,       ///< a version or feature that this build does not have
  // Delivery.
  undeliverable = 40,     ///< a report said where and why a message ended
  service_failed = 41,    ///< a service answered with an error
  // Who somebody is (identity/), and whether that is enough.
  not_authentic = 60,     ///< a proof, a signature or a sealed message that does not hold
  not_authorized = 61,    ///< somebody has proved who it is, and is not whom we take
  // Bugs.
  internal = 50,          ///< should not happen
};

/// The spelling of an error code in JSON and logs, for example `not-found`.
std::string_view to_string(errc code) noexcept;

/// An error is a value: what it is, what exactly happened, and what to do about it.
struct error {
  errc code = errc::internal;
  std::string cause; ///< one line, no final full stop: "no worker at 0#nothere on node n1"
  std::string hint;  ///< may be empty: "see them with: ockam worker list --at n1"
};

/// `cause (hint)`, as logs print it. The command line prints the same parts on two lines.
std::string to_string(const error& e);

/// From `errno`: `what: strerror`. EADDRINUSE, EACCES, ECONNREFUSED and so on get their own codes.
error system_error(std::string_view what, int err);

/// The value of `T`, or the reason why there is none. `result<void>` has no value.
template <class T>
class [[nodiscard]] result {
 public:
  result(T value) : state_{std::in_place_index<0>, std::move(value)} {}
  result(ockam::error e) : state_{std::in_place_index<1>, std::move(e)} {}

  explicit operator bool() const noexcept { return state_.index() == 0; }
  T& operator*() & { return std::get<0>(state_); }
  const T& operator*() const& { return std::get<0>(state_); }
  T&& operator*() && { return std::get<0>(std::move(state_)); }
  T* operator->() { return &std::get<0>(state_); }
  const T* operator->() const { return &std::get<0>(state_); }
  const ockam::error& error() const& { return std::get<1>(state_); }
  ockam::error&& error() && { return std::get<1>(std::move(state_)); }

 private:
  std::variant<T, ockam::error> state_;
};

template <>
class [[nodiscard]] result<void> {
 public:
  result() = default;
  result(ockam::error e) : error_{std::move(e)}, ok_{false} {}

  explicit operator bool() const noexcept { return ok_; }
  const ockam::error& error() const& { return error_; }
  ockam::error&& error() && { return std::move(error_); }

 private:
  ockam::error error_{errc::ok, {}, {}};
  bool ok_ = true;
};

} // namespace ockam
