// SPDX-License-Identifier: Apache-2.0
#include "cli/ockam/commands/commands.hpp"

#include "cli/ockam/check_worker.hpp"
#include "cli/ockam/node_identity.hpp"
#include "cli/ockam/nodes.hpp"
#include "cli/ockam/relay_sections.hpp"
#include "cli/ockam/relay_views.hpp"
#include "relays/keys.hpp"

#include <chrono>

namespace ockam::cli {

namespace {

/// `RELAY_NAME`, where no other can be meant.
result<std::string> given_name(const invocation& in) {
  if (auto name = in.args.get("RELAY_NAME"); !name.empty())
    return name;
  return error{errc::invalid_argument, "No relay name provided", "see them with: ockam relay list"};
}

/// One that is not up yet is no error: it is waited for no longer than this.
constexpr std::chrono::milliseconds longest_wait{5'000};

/// Up: what routes name; else what there is to know.
result<void> create(invocation& in) {
  auto node = node_or_default(in, in.args.get("to"), without_default::create);
  if (!node)
    return std::move(node).error();
  auto at = resolve_relay_route(in, in.args.get("at"), *node);
  if (!at)
    return std::move(at).error();
  control::CreateItem wanted;
  wanted.set_kind(std::string{relay_kind});
  wanted.set_name(in.args.has("RELAY_NAME") ? in.args.get("RELAY_NAME") : "default");
  set_key(wanted, "at", *at);
  if (auto there = in.args.get("relay-address"); !there.empty())
    set_key(wanted, "relay-address", there);
  for (const auto* key : {"authorized", "allow"}) {
    std::string all;
    for (const auto& one : in.args.list(key))
      all += (all.empty() ? "" : ", ") + one;
    if (!all.empty())
      set_key(wanted, key, all);
  }
  if (auto ok = set_identity(wanted, in, *node); !ok)
    return ok;
  if (!in.args.has("no-connection-wait"))
    wanted.set_wait_ms(wait_ms(in, longest_wait));
  auto created = create_item(in, *node, wanted);
  if (!created) {
    auto e = std::move(created).error();
    if (e.code == errc::already_exists)
      e.cause = "Failed to create relay at " + printable(*at) + " with name " + printable(wanted.name()) + ". " + e.cause;
    return e;
  }
  if (created->empty())
    return error{errc::closed, "the relay was deleted meanwhile", {}};
  const auto& relay = created->Get(0);
  answer a{relay_entry(relay), {}};
  if (field_of(relay, "state") == "up") {
    auto route = "/service/" + field_of(relay, "remote_address");
    a.text = done_line("Node " + *node + " has the relay " + relay.name() + " at " + *at + "; send to it, there:\n    " + route);
    a.plain = route;
  } else {
    auto why = field_of(relay, "reason");
    a.text = done_line("Node " + *node + " is to have the relay " + relay.name() + " at " + *at) + "\n"
             + (why.empty() ? "" : "    Until now: " + why + "\n") + "    It is tried again, see: ockam relay show " + relay.name()
             + " --at " + *node;
  }
  return in.out.show(a);
}

result<void> list(invocation& in) {
  auto node = node_or_default(in, in.args.get("to"));
  if (!node)
    return std::move(node).error();
  auto all = items_of(in, *node, relay_kind);
  if (!all)
    return std::move(all).error();
  answer a{json::array(), all->empty() ? "  > There are no relays" : table_of_relays(*all).text(in.out.style().width)};
  for (const auto& i : *all)
    a.data.push_back(relay_entry(i));
  return in.out.show(a);
}

result<void> show(invocation& in) {
  auto name = given_name(in);
  if (!name)
    return std::move(name).error();
  auto node = node_or_default(in, in.args.get("at"));
  if (!node)
    return std::move(node).error();
  auto all = items_of(in, *node, relay_kind);
  if (!all)
    return std::move(all).error();
  if (const auto* relay = find_item(*all, *name))
    return in.out.show({relay_page(*relay), text_of_relay(*relay), relay->name()});
  return item_not_found("relay", *name, *all, "ockam relay list --to " + *node);
}

result<void> remove(invocation& in) {
  auto node = node_or_default(in, in.args.get("at"));
  if (!node)
    return std::move(node).error();
  auto name = given_name(in);
  if (!name)
    return std::move(name).error();
  auto all = items_of(in, *node, relay_kind);
  if (!all)
    return std::move(all).error();
  if (all->empty())
    return none_to_delete(in, "relays");
  if (!find_item(*all, *name))
    return item_not_found("relay", *name, *all, "ockam relay list --to " + *node);
  if (auto ok = in.confirm("Delete the relay " + *name + " of node " + *node + "?"); !ok)
    return ok;
  if (auto done = delete_item(in, *node, relay_kind, *name); !done)
    return done;
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
                       identity_option(),
                       {.name = "authorized",
                        .value = "IDENTIFIER",
                        .about = "Who may be at the other end of the secure channel that it goes through; anybody who proves to be somebody if not given",
                        .repeated = true,
                        .check = &identities::check_identifiers},
                       {.name = "allow",
                        .value = "WORKER",
                        .about = "A worker that what comes through it may reach; echo, uppercase and api if none is given",
                        .repeated = true,
                        .check = &check_worker},
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
