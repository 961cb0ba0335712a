// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cli/ockam/columns.hpp"
#include "cli/ockam/output.hpp"
#include "transports/list.hpp"
#include "cli/state/state.hpp"

#include "proto/control.pb.h"

#include <cstdint>
#include <string>
#include <vector>

/// What nodes answer, as JSON and as text for people. Field names are those of the reference where it has
/// the field.
namespace ockam::cli {

json view(const control::ServiceInfo& s);
json view(const control::WorkerInfo& w);
json view(const control::WorkerDetails& w);
json view(const control::ListenerInfo& l);
json view(const control::ConnectionInfo& c);
/// `info` is null for a node that does not run.
json view(const state::node_row& row, state::node_status status, const control::NodeInfo* info);

/// The services that lists have: as in the reference without the two names of the relay service, which the list of workers
/// has.
google::protobuf::RepeatedPtrField<control::ServiceInfo> listed(const google::protobuf::RepeatedPtrField<control::ServiceInfo>& all);

/// A line of a list that is piped, in the words of the reference without its decoration: `Worker echo`, `TCP, Listening
/// at 127.0.0.1:4000`, `TCP, Outgoing at 127.0.0.1:4000`.
std::string line_of(const control::WorkerInfo& w);
std::string line_of(const control::ListenerInfo& l);
std::string line_of(const control::ConnectionInfo& c);

/// Lists for a terminal; they show what the next command needs.
columns table_of(const google::protobuf::RepeatedPtrField<control::ServiceInfo>& list);
columns table_of(const google::protobuf::RepeatedPtrField<control::WorkerInfo>& list);
columns table_of(const google::protobuf::RepeatedPtrField<control::ListenerInfo>& list);
columns table_of(const google::protobuf::RepeatedPtrField<control::ConnectionInfo>& list);

/// A connection in full, a field a line.
std::string page_of(const control::ConnectionInfo& c);
std::string page_of(const control::WorkerDetails& w);
std::string page_of(const control::ListenerInfo& l);
std::string page_of(const state::node_row& row, state::node_status status, const control::NodeInfo* info);

/// `3m 12s`, the two largest units.
std::string uptime_text(std::uint64_t ms);

/// How a route names a listener: `/dnsaddr/localhost/tcp/4000`, `/ip4/…/tcp/443/wss`, `/unix/…`; empty for a WebSocket
/// listener with a path, which routes cannot name.
std::string route_to(std::string_view transport, const std::string& socket_address);

/// The row of the table; `tcp` for a name that is not in it.
const transport_descriptor& family_of(std::string_view transport);

} // namespace ockam::cli
