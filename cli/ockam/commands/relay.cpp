// SPDX-License-Identifier: Apache-2.0
#include "cli/ockam/commands/commands.hpp"

#include "cli/ockam/lists.hpp"
#include "cli/ockam/nodes.hpp"
#include "cli/ockam/relay_sections.hpp"
#include "cli/ockam/views.hpp"
#include "runtime/core/suggest.hpp"
#include "runtime/links/relay_names.hpp"

namespace ockam::cli {

namespace {

/// `RELAY_NAME`, where no other can be meant.
result<std::string> given_name(const invocation& in) {
  if (auto name = in.args.get("RELAY_NAME"); !name.empty())
    return name;
  return error{errc::invalid_argument, "No relay name provided", "see them with: ockam relay list"};
}

/// Up: what routes name; else what there is to know.
result<void> create(invocation& in) {
  auto node = node_or_default(in, in.args.get("to"), without_default::create);
  if (!node)
    return std::move(node).error();
  auto at = resolve_relay_route(in, in.args.get("at"), *node);
  if (!at)
    return std::move(at).error();
  control::Request r;
  auto& m = *r.mutable_create_relay();
  m.set_name(in.args.has("RELAY_NAME") ? in.args.get("RELAY_NAME") : "default");
  m.set_at(*at);
  m.set_relay_address(in.args.get("relay-address"));
  m.set_wait(!in.args.has("no-connection-wait"));
  for (const auto& worker : in.args.list("allow"))
    m.add_allow(worker);
  auto created = ask_node(in, *node, std::move(r));
  if (!created)
    return std::move(created).error();
  const auto& relay = created->relay();
  answer a{view(relay), {}};
  if (relay.state() == "up") {
    auto route = "/service/" + relay.remote_address();
    a.text = done_line("Node " + *node + " has the relay " + relay.name() + " at " + relay.at()
                       + "; send to it, there:\n    " + route);
    a.plain = route;
  } else {
    a.text = done_line("Node " + *node + " is to have the relay " + relay.name() + " at " + relay.at()) + "\n"
             + (relay.last_error().empty() ? "" : "    Until now: " + relay.last_error() + "\n")
             + "    It is tried again, see: ockam relay show " + relay.name() + " --at " + *node;
  }
  return in.out.show(a);
}

result<control::Response> relays(invocation& in, const std::string& node) {
  control::Request r;
  r.mutable_list_relays();
  return ask_node(in, node, std::move(r));
}

result<void> list(invocation& in) {
  auto node = node_or_default(in, in.args.get("to"));
  if (!node)
    return std::move(node).error();
  auto found = relays(in, *node);
  if (!found)
    return std::move(found).error();
  return show_list(in, found->relays().relays(), "relays");
}

result<void> show(invocation& in) {
  auto name = given_name(in);
  if (!name)
    return std::move(name).error();
  auto node = node_or_default(in, in.args.get("at"));
  if (!node)
    return std::move(node).error();
  auto found = relays(in, *node);
  if (!found)
    return std::move(found).error();
  std::vector<std::string> names;
  for (const auto& relay : found->relays().relays()) {
    if (relay.name() == *name)
      return in.out.show({page_view(relay), page_of(relay), relay.name()});
    names.push_back(relay.name());
  }
  auto near = nearest(*name, names);
  return error{errc::not_found, "The relay " + printable(*name) + " was not found",
               near ? "did you mean " + *near + "?" : "see them with: ockam relay list --to " + *node};
}

result<void> remove(invocation& in) {
  auto node = node_or_default(in, in.args.get("at"));
  if (!node)
    return std::move(node).error();
  auto name = given_name(in);
  if (!name)
    return std::move(name).error();
  if (auto ok = in.confirm("Delete the relay " + *name + " of node " + *node + "?"); !ok)
    return ok;
  control::Request r;
  r.mutable_delete_relay()->set_name(*name);
  if (auto done = ask_node(in, *node, std::move(r)); !done)
    return std::move(done).error();
  auto said = done_line("Relay with name " + *name + " on Node " + *node + " has been deleted");
  return in.out.show({{{"name", *name}, {"node", *node}}, said, said});
}

} // namespace

std::vector<command> relay_commands() {
  argument name{.name = "RELAY_NAME", .about = "Its name", .required = false};
  return {{.path = "relay create",
           .about = "Give a node a name at another one, by which others reach it",
           .arguments = {{.name = "RELAY_NAME",
                          .about = "Its name; default if not given",
                          .required = false,
                          .check = &check_typed_relay_name}},
           .options = {{.name = "at",
                        .value = "ROUTE",
                        .about = "The node that is to have the relay: its name, or the route to it"},
                       node_option("to", "Node that is to be reached by it"),
                       {.name = "relay-address",
                        .value = "NAME",
                        .about = "The name there, behind forward_to_; RELAY_NAME if not given",
                        .check = &check_typed_relay_name},
                       {.name = "allow",
                        .value = "WORKER",
                        .about = "A worker that what comes through it may reach; echo and uppercase if none is given",
                        .repeated = true},
                       {.name = "no-connection-wait", .about = "Do not wait until it is up"},
                       timeout_option()},
           .example = "ockam relay create db --at /node/relay --to db",
           .run = &create},
          {.path = "relay list",
           .about = "List the relays of a node",
           .arguments = {},
           .options = {node_option("to", "Node that is reached by them"), timeout_option()},
           .example = "ockam relay list --to db",
           .run = &list},
          {.path = "relay show",
           .about = "Show a relay, and why it is not up",
           .arguments = {name},
           .options = {node_option("at", "Node that is reached by it"), timeout_option()},
           .example = "ockam relay show db --at db",
           .run = &show},
          {.path = "relay delete",
           .about = "Give up a relay",
           .arguments = {name},
           .options = {node_option("at", "Node that is reached by it"),
                       {.name = "yes", .letter = 'y', .about = "Do not ask"},
                       timeout_option()},
           .example = "ockam relay delete db --at db -y",
           .run = &remove}};
}

} // namespace ockam::cli
