// SPDX-License-Identifier: Apache-2.0
#include "cli/ockam/commands/commands.hpp"

#include "cli/ockam/nodes.hpp"
#include "runtime/core/multiaddr.hpp"

namespace ockam::cli {

namespace {

/// One worker: `/service/echo`.
result<void> check_worker(const std::string& text) {
  auto m = parse_multiaddr(text);
  if (!m)
    return std::move(m).error();
  auto to = to_route(*m);
  if (!to)
    return std::move(to).error();
  if (to->size() != 1 || !to->front().is_local())
    return error{errc::invalid_route, "it has to name one worker of the node", "for example /service/echo"};
  return {};
}

result<void> add_consumer(invocation& in) {
  auto node = node_or_default(in, in.args.get("at"));
  if (!node)
    return std::move(node).error();
  auto worker = to_route(*parse_multiaddr(in.args.get("ADDRESS")))->front().name;
  control::Request r;
  r.mutable_add_consumer()->set_flow_control_id(in.args.get("FLOW_CONTROL_ID"));
  r.mutable_add_consumer()->set_address(worker);
  if (auto done = ask_node(in, *node, std::move(r)); !done)
    return std::move(done).error();
  return in.out.show({{{"flow_control_id", in.args.get("FLOW_CONTROL_ID")}, {"address", worker}, {"node", *node}},
                      done_line("Peers of " + in.args.get("FLOW_CONTROL_ID") + " may reach " + worker), ""});
}

} // namespace

std::vector<command> flow_control_commands() {
  return {{.path = "flow-control add-consumer",
           .about = "Let the peers of a listener or connection reach a worker",
           .arguments = {{.name = "FLOW_CONTROL_ID", .about = "Of the listener or connection, as show prints it"},
                         {.name = "ADDRESS", .about = "The worker, for example /service/echo", .check = &check_worker}},
           .options = {node_option("at", "Node of both"), timeout_option()},
           .example = "ockam flow-control add-consumer 86d052ef38b08a9f701c04be760630d8 /service/echo --at n1",
           .run = &add_consumer}};
}

} // namespace ockam::cli
