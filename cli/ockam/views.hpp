// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cli/ockam/output.hpp"
#include "transports/list.hpp"
#include "cli/state/state.hpp"

#include "proto/control.pb.h"

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

/// A line of `NAME-listener list` and `NAME-connection list`: `TCP, Outgoing at 127.0.0.1:4000`.
std::string line_of(const control::ListenerInfo& l);
std::string line_of(const control::ConnectionInfo& c);
/// A connection in full, a field a line.
std::string page_of(const control::ConnectionInfo& c);
std::string page_of(const control::WorkerDetails& w);
std::string page_of(const control::ListenerInfo& l);
std::string page_of(const state::node_row& row, state::node_status status, const control::NodeInfo* info);

/// Items as the reference lists them: `  │ item`, a blank line between two.
std::string item_list(const std::vector<std::string>& items);

/// How a route names a listener: `/dnsaddr/localhost/tcp/4000`, `/ip4/…/tcp/443/wss`, `/unix/…`; empty for a WebSocket
/// listener with a path, which routes cannot name.
std::string route_to(std::string_view transport, const std::string& socket_address);

/// The row of the table; `tcp` for a name that is not in it.
const transport_descriptor& family_of(std::string_view transport);

} // namespace ockam::cli
