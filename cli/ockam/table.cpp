// SPDX-License-Identifier: Apache-2.0
#include "cli/ockam/table.hpp"

#include "cli/ockam/commands/commands.hpp"
#include "transports/list.hpp"

namespace ockam::cli {

namespace {

std::vector<group> all_groups() {
  std::vector<group> out{{"node", "Create, inspect and end nodes"},
                         {"message", "Send messages"},
                         {"service", "Start, stop and list services of a node"},
                         {"worker", "See the workers of a node"},
                         {"script", "Check Lua scripts, or try Lua inside a node"}};
  for (const auto& t : transport_descriptors) {
    out.push_back({std::string{t.name} + "-listener", "Let other nodes connect to a node over " + std::string{t.title}});
    out.push_back({std::string{t.name} + "-connection", "Connect a node to others over " + std::string{t.title}});
  }
  out.push_back({"relay", "Reach a node that nobody can dial, by a name at another node"});
  out.push_back({"tcp-outlet", "Let inlets of other nodes reach a TCP service"});
  out.push_back({"tcp-inlet", "Reach the TCP service of an outlet at a port of this machine"});
  out.push_back({"secure-channel", "Make secure channels to other nodes"});
  out.push_back({"secure-channel-listener", "Let secure channels of other nodes begin at a node"});
  out.push_back({"vault", "Where private keys are: files, sealed by a passphrase or not"});
  out.push_back({"identity", "Who nodes are: names, keys, and what others see of them"});
  out.push_back({"backup", "Keep all state in one file, and take it back"});
  out.push_back({"config", "Compare and describe configurations"});
  out.push_back({"flow-control", "Say which workers network peers may reach"});
  return out;
}

std::vector<option> global_options() {
  return {{.name = "output", .value = "OUTPUT_FORMAT", .about = "How results are printed", .fallback = "plain", .values = {"plain", "json"}},
          {.name = "jq", .value = "JQ_QUERY", .about = "Print what this jq query finds in the JSON result"},
          {.name = "compact-output", .about = "JSON on one line"},
          {.name = "no-color", .about = "No colors [env: NO_COLOR]"},
          {.name = "no-input", .about = "Never ask [env: NO_INPUT]"},
          {.name = "quiet", .letter = 'q', .about = "No notices and warnings [env: QUIET]"},
          {.name = "verbose", .letter = 'v', .about = "Say more; nodes created with -v log more", .repeated = true},
          {.name = "help", .letter = 'h', .about = "Print help"}};
}

} // namespace

command_table all_commands() {
  command_table out{all_groups(), {}, global_options()};
  for (auto family : {&node_create_command, &node_commands, &message_commands, &trace_command, &ping_command, &bench_command, &top_command, &logs_command, &service_commands, &worker_commands, &script_commands,
                      &transport_commands, &relay_commands, &portal_commands, &secure_channel_commands, &flow_control_commands, &config_commands, &vault_commands, &identity_commands, &support_commands, &home_commands, &completion_command})
    for (auto& c : family())
      out.commands.push_back(std::move(c));
  return out;
}

} // namespace ockam::cli
