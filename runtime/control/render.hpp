// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "runtime/links/config_comparison.hpp"
#include "runtime/links/snapshot.hpp"

#include "proto/control.pb.h"

/// The values that the runtime shows, as messages of `control.proto`. Texts go as they are, whatever their bytes.
namespace ockam {

void render(control::NodeInfo& out, const node_snapshot& in);
void render(control::Item& out, std::string_view kind, const item_info& in);
void render(control::ServiceInfo& out, const service_info& in);
void render(control::ListenerInfo& out, const listener_info& in);
void render(control::ConnectionInfo& out, const link_info& in);
void render(control::WorkerDetails& out, const worker_info& in);
void render(control::ConfigComparison& out, const config_comparison& in);
void render(control::Error& out, const error& in);
/// Where a worker runs, or the actor that it speaks for: `socket`, `pool`, `detached` (in a thread of its own), `scheduler` (on
/// the threads of CAF's).
std::string thread_text(worker_thread where, const worker_kin& k);

/// Options of a request. Of one that is there twice, the last counts.
template <class Map>
Map values_of(const google::protobuf::RepeatedPtrField<control::Option>& options) {
  Map out;
  for (const auto& o : options)
    out[o.name()] = o.value();
  return out;
}

} // namespace ockam
