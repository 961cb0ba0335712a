// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "runtime/core/span.hpp"

#include <cstdint>
#include <span>
#include <string>

namespace ockam::operation {

/// Whose spans they are.
struct span_source {
  std::string service; ///< `service.name`
  std::string node;    ///< `service.instance.id`
};

/// An `ExportTraceServiceRequest` in the JSON of OTLP (opentelemetry-proto, trace/v1; ids are hex, 64-bit numbers are text).
/// Attributes are those of OpenTelemetry's conventions where there are any, and `ockam.…` otherwise (docs/operation.md).
std::string otlp_json(const span_source& of, std::span<const ockam::span> spans);

/// How many spans an answer says were not taken; 0 when it says nothing that can be read.
std::uint64_t rejected_spans(const std::string& answer);

} // namespace ockam::operation
