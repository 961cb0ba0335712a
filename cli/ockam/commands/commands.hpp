// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cli/ockam/command.hpp"

#include <vector>

/// The commands of the program, a function for each family. A new family: a file here that defines one of
/// these, a line in `all_commands` (table.cpp).
namespace ockam::cli {

std::vector<command> node_create_command();
std::vector<command> node_commands();
std::vector<command> message_commands();
std::vector<command> ping_command();
std::vector<command> bench_command();
std::vector<command> top_command();
std::vector<command> logs_command();
std::vector<command> trace_command();
std::vector<command> service_commands();
std::vector<command> worker_commands();
std::vector<command> transport_commands(); ///< tcp-listener, tcp-connection, and so on for each transport
std::vector<command> relay_commands();
std::vector<command> portal_commands();    ///< tcp-outlet, tcp-inlet
std::vector<command> secure_channel_commands(); ///< secure-channel, secure-channel-listener
std::vector<command> flow_control_commands();
std::vector<command> config_commands();    ///< config diff, schema
std::vector<command> vault_commands();
std::vector<command> identity_commands();
std::vector<command> support_commands();   ///< support-bundle, backup
std::vector<command> home_commands();      ///< status, reset
std::vector<command> script_commands();
command repl_command();                    ///< script repl
std::vector<command> completion_command();

} // namespace ockam::cli
