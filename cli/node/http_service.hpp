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
  explicit http_service(node& n) : node_{n} {}

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
  http_config config_;
  std::unique_ptr<operation::http_endpoint> endpoint_;
};

} // namespace ockam
