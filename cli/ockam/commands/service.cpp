// SPDX-License-Identifier: Apache-2.0
#include "cli/ockam/commands/commands.hpp"

#include "cli/ockam/lists.hpp"
#include "cli/ockam/nodes.hpp"
#include "cli/ockam/pairs.hpp"
#include "cli/ockam/views.hpp"
#include "runtime/core/access_control.hpp"
#include "runtime/core/section.hpp"

#include <filesystem>

namespace ockam::cli {

namespace {

result<control::Response> ask_service_node(invocation& in, control::Request r, without_default otherwise) {
  auto node = node_or_default(in, in.args.get("at"), otherwise);
  if (!node)
    return std::move(node).error();
  return ask_node(in, *node, std::move(r));
}

result<void> start(invocation& in) {
  control::Request r;
  auto& s = *r.mutable_start_service();
  s.set_type(in.args.get("TYPE"));
  s.set_address(in.args.get("addr"));
  auto options = option_pairs(in);
  if (in.args.has("allow-from"))
    options["allow-from"] = in.args.get("allow-from");
  // The option that names the file of a type is called like the type; the node may run elsewhere.
  if (auto file = in.args.get("file"); !file.empty())
    options[s.type()] = std::filesystem::absolute(file).string();
  write(*s.mutable_options(), options);
  auto started = ask_service_node(in, std::move(r), without_default::create);
  if (!started)
    return std::move(started).error();
  const auto& service = started->service();
  if (service.type() == "hop")
    in.out.warn("SECURITY WARNING: Don't use Hop service in production nodes");
  return in.out.show({view(service), done_line("Service started at address " + service.address()), ""});
}

result<void> stop(invocation& in) {
  control::Request r;
  r.mutable_stop_service()->set_address(in.args.get("ADDRESS"));
  auto stopped = ask_service_node(in, std::move(r), without_default::fail);
  if (!stopped)
    return std::move(stopped).error();
  return in.out.show({{{"addr", in.args.get("ADDRESS")}}, done_line("Service at address " + in.args.get("ADDRESS") + " was stopped"), ""});
}

result<void> list(invocation& in) {
  control::Request r;
  r.mutable_list_services();
  auto found = ask_service_node(in, std::move(r), without_default::fail);
  if (!found)
    return std::move(found).error();
  return show_list(in, listed(found->services().services()), "services");
}

} // namespace

std::vector<command> service_commands() {
  auto at = node_option("at", "Node of the service");
  return {{.path = "service start",
           .about = "Start a service",
           .arguments = {{.name = "TYPE", .about = "echo, uppercase, hop, plugin, or another type that the node has"}},
           .options = {{.name = "addr", .value = "ADDRESS", .about = "Where messages reach it; the name of the type if not given"},
                       at,
                       {.name = "file", .value = "FILE", .about = "The file of a plugin or script"},
                       {.name = "allow-from",
                        .value = "local|IDENTITY…",
                        .about = "Whose messages it takes, also behind a hop: local, or proved identities, with bars between them: I… of a secure channel, uid=1000, CN=n1,O=Example; all if not given",
                        .check = &checked_by<parse_allow_from>},
                       {.name = "option", .value = "KEY=VALUE", .about = "An option of the service", .repeated = true, .check = &check_pair},
                       timeout_option()},
           .example = "ockam service start hop --addr h1 --at n1",
           .run = &start},
          {.path = "service stop",
           .about = "Stop a service",
           .arguments = {{.name = "ADDRESS", .about = "Where it is"}},
           .options = {at, timeout_option()},
           .example = "ockam service stop h1 --at n1",
           .run = &stop},
          {.path = "service list", .about = "List the services of a node", .arguments = {}, .options = {at, timeout_option()}, .example = "ockam service list --at n1", .run = &list}};
}

} // namespace ockam::cli
