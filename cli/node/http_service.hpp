// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "operation/http_endpoint.hpp"
#include "runtime/node/node.hpp"

#include <memory>
#include <string>

namespace ockam {

/// The HTTP endpoint of a node, if its configuration has one. Goes, or is closed, before the node stops. Thread: main.
class http_service {
 public:
  /// `control_socket`: of the node; empty: it has none.
  http_service(node& n, std::string control_socket) : node_{n}, control_socket_{std::move(control_socket)} {}

  /// What is to be: who may ask, and the endpoint, open, where it is to be at another place.
  struct next {
    http_config config;
    operation::http_endpoint::access who = {};
    std::unique_ptr<operation::http_endpoint> fresh = {};
  };
  /// Reads the files that it names and opens another place, beside the one that is open. Nothing has changed after an error:
  /// those of `http_endpoint::open`.
  result<next> prepare(const http_config& wanted);
  /// One that stays at its place goes on listening there.
  void take(next n);
  /// Both.
  result<void> serve(const http_config& wanted);
  /// Empty: it has none.
  std::string address() const { return endpoint_ ? endpoint_->address() : std::string{}; }
  /// The node stops: it is not ready any more.
  void stopping();
  void close() { endpoint_.reset(); }

 private:
  node& node_;
  std::string control_socket_;
  http_config config_;
  std::unique_ptr<operation::http_endpoint> endpoint_;
};

} // namespace ockam
