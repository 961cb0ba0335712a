// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "operation/span_sender.hpp"
#include "runtime/core/tracer.hpp"
#include "runtime/node/config.hpp"

#include <memory>
#include <string>

namespace ockam {

/// Keeps spans of traces and sends them, as the section `[tracing]` says. Lives longer than the node. Thread: main.
class tracing_service {
 public:
  using clock = tracer::clock;

  explicit tracing_service(std::string node_name) : node_name_{std::move(node_name)} {}

  /// For the node: closed until a configuration has a collector.
  tracer& spans() noexcept { return *spans_; }
  /// From now on; what waits goes where this one says.
  void serve(const tracing_config& wanted);
  /// Sends what waits, until then at most. No spans are kept any more.
  void finish(clock::time_point until);
  /// A thread of it is in a call that does not return: the process has to end by `_exit`.
  bool is_stuck() const noexcept { return stuck_; }

 private:
  std::string node_name_;
  std::shared_ptr<tracer> spans_ = std::make_shared<tracer>();
  tracing_config config_;
  std::unique_ptr<operation::span_sender> sender_;
  bool stuck_ = false;
};

} // namespace ockam
