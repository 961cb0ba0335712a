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

  /// Another place is opened before the one before is closed; one that stays is closed and opened. Errors: those of
  /// `http_endpoint::open`; it answers then where it did before, unless that was the same place.
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
