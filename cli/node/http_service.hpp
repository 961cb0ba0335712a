// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "operation/http_endpoint.hpp"
#include "runtime/node/node.hpp"

#include <chrono>
#include <memory>
#include <optional>
#include <string>

namespace ockam {

/// The HTTP endpoint of a node, if its configuration has one. Where this host has not its address yet, it is tried again until
/// it has, as listeners are, unless `retry` says otherwise. Goes, or is closed, before the node stops. Thread: main.
class http_service {
 public:
  using clock = std::chrono::steady_clock;
  static constexpr std::chrono::seconds pause{1}; ///< between tries

  /// `control_socket`: of the node; empty: it has none.
  http_service(node& n, std::string control_socket) : node_{n}, control_socket_{std::move(control_socket)} {}

  /// What is to be: who may ask, and the endpoint, open, where it is to be at another place.
  struct next {
    http_config config;
    operation::http_endpoint::access who = {};
    std::unique_ptr<operation::http_endpoint> fresh = {};
    std::optional<error> absent = {}; ///< this host has not the address yet
  };
  /// Reads the files that it names and opens another place, beside the one that is open. Nothing has changed after an error:
  /// those of `http_endpoint::open`.
  result<next> prepare(const http_config& wanted);
  /// One that stays at its place goes on listening there.
  void take(next n);
  /// Both.
  result<void> serve(const http_config& wanted);
  /// When to call `try_again`; never, unless it waits for its address.
  clock::time_point next_try() const noexcept { return next_try_; }
  void try_again();
  /// Empty: it has none, or waits for its address.
  std::string address() const { return endpoint_ ? endpoint_->address() : std::string{}; }
  /// The node stops: it is not ready any more.
  void stopping();
  void close() { endpoint_.reset(); }

 private:
  result<next> open(next n);
  void wait(const error& why);
  bool waits() const noexcept { return next_try_ != clock::time_point::max(); }

  node& node_;
  std::string control_socket_;
  http_config config_;
  std::unique_ptr<operation::http_endpoint> endpoint_;
  clock::time_point next_try_ = clock::time_point::max();
  std::string why_; ///< it waits
};

} // namespace ockam
