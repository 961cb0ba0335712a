// SPDX-License-Identifier: Apache-2.0
// Listeners and connections of every transport: the same commands, made for each row of the table.
#include "cli/ockam/commands/commands.hpp"

#include "cli/ockam/check_worker.hpp"
#include "cli/ockam/lists.hpp"
#include "cli/ockam/nodes.hpp"
#include "cli/ockam/pairs.hpp"
#include "cli/ockam/views.hpp"
#include "runtime/core/suggest.hpp"

#include <cctype>
#include <filesystem>
#include <span>

namespace ockam::cli {

namespace {

using transport = const transport_descriptor&;

result<control::Response> ask(invocation& in, const std::string& node_option_name, control::Request r,
                              without_default otherwise = without_default::fail) {
  auto node = node_or_default(in, in.args.get(node_option_name), otherwise);
  if (!node)
    return std::move(node).error();
  return ask_node(in, *node, std::move(r));
}

/// `x`, `0#x`, `/worker/x` and `/service/x` name the same.
std::string plain_address(std::string_view text) {
  for (std::string_view prefix : {"/worker/", "/service/", "0#"})
    if (text.starts_with(prefix))
      return std::string{text.substr(prefix.size())};
  return std::string{text};
}

/// What goes to the node for what was typed.
std::string wire_address(transport t, const std::string& given) {
  return t.is_path() && !given.empty() ? std::filesystem::absolute(given).lexically_normal().string() : given;
}

/// What `--option` says, and what the options that are called like keys of the transport say. The node may run elsewhere:
/// it gets whole paths.
pairs given_options(const invocation& in, std::span<const key_descriptor> keys) {
  auto options = option_pairs(in);
  for (const auto& k : keys)
    if (std::string name{k.name}; in.args.has(name)) {
      auto value = in.args.get(name);
      options[name] = k.type == key_type::flag   ? "yes"
                      : k.type == key_type::path ? std::filesystem::absolute(value).string()
                                                 : value;
    }
  return options;
}

std::vector<std::string> names_of(const control::ListenerInfo& l) {
  return {l.socket_address(), plain_address(l.address())};
}

std::vector<std::string> names_of(const control::ConnectionInfo& c) {
  return {c.worker_address(), c.socket_address()};
}

/// `tcp-listener` for Listener.
std::string list_command(transport t, std::string kind) {
  kind.front() = static_cast<char>(std::tolower(static_cast<unsigned char>(kind.front())));
  return std::string{t.name} + "-" + kind;
}

/// The one of `all` that `given` names, by any of its names; else `not_found` with the nearest.
template <class List>
result<const typename List::value_type*> pick(const List& all, const std::string& given, const std::string& kind, transport t, const std::string& node) {
  auto wanted = plain_address(given);
  std::vector<std::string> names;
  for (const auto& item : all)
    for (const auto& n : names_of(item)) {
      if (n == wanted)
        return &item;
      names.push_back(n);
    }
  auto near = nearest(wanted, names);
  return error{errc::not_found, kind + " " + given + " was not found", near ? "did you mean " + *near + "?" : "see what there is with: ockam " + list_command(t, kind) + " list" + (node.empty() ? "" : " --at " + node)};
}

/// What is deleted, and where.
struct deletion {
  transport of;
  const std::string& node;
  std::string kind; ///< Listener
  std::string word; ///< listener
};

/// Sends `r`, which deletes the one of `all` that ADDRESS names, once the user has agreed.
template <class List>
result<void> delete_one(const deletion& what, invocation& in, const List& all, control::Request r, json answer) {
  auto address = in.args.get("ADDRESS");
  if (all.empty())
    return in.out.show({json::array(), "  > The node has no " + what.word + "s over " + std::string{what.of.title}});
  if (auto there = pick(all, address, what.kind, what.of, what.node); !there)
    return std::move(there).error();
  if (auto ok = in.confirm("Delete the " + what.word + " " + address + " of node " + what.node + "?"); !ok)
    return ok;
  if (auto done = ask_node(in, what.node, std::move(r)); !done)
    return std::move(done).error();
  return in.out.show({std::move(answer), done_line(what.kind + " " + address + " was deleted")});
}

// -- listeners ---------------------------------------------------------------------------------------

result<void> create_listener(transport t, invocation& in) {
  control::Request r;
  auto& m = *r.mutable_create_listener();
  m.set_transport(std::string{t.name});
  m.set_address(wire_address(t, in.args.get("ADDRESS")));
  write(*m.mutable_options(), given_options(in, t.listener.keys));
  for (const auto& worker : in.args.list("allow"))
    m.add_allow(plain_address(worker));
  auto created = ask(in, "at", std::move(r), without_default::create);
  if (!created)
    return std::move(created).error();
  const auto& l = created->listener();
  auto route = route_to(t.name, l.socket_address());
  auto text = done_line(std::string{t.type} + " listener created! You can send messages to it via "
                        + (route.empty() ? "a " + std::string{t.name} + "-connection to:\n    " + l.socket_address() : "this route:\n    " + route));
  return in.out.show({view(l), text, text});
}

result<control::Response> listeners(transport t, invocation& in) {
  control::Request r;
  r.mutable_list_listeners()->set_transport(std::string{t.name});
  return ask(in, "at", std::move(r));
}

result<void> list_listeners(transport t, invocation& in) {
  auto found = listeners(t, in);
  if (!found)
    return std::move(found).error();
  return show_list(in, found->listeners().listeners(), std::string{t.title} + " listeners");
}

result<void> show_listener(transport t, invocation& in) {
  auto found = listeners(t, in);
  if (!found)
    return std::move(found).error();
  auto l = pick(found->listeners().listeners(), in.args.get("ADDRESS"), "Listener", t, in.args.get("at"));
  if (!l)
    return std::move(l).error();
  return in.out.show({view(**l), page_of(**l)});
}

result<void> delete_listener(transport t, invocation& in) {
  auto node = node_or_default(in, in.args.get("at"));
  if (!node)
    return std::move(node).error();
  auto address = in.args.get("ADDRESS");
  auto found = listeners(t, in);
  if (!found)
    return std::move(found).error();
  control::Request r;
  r.mutable_delete_listener()->set_transport(std::string{t.name});
  r.mutable_delete_listener()->set_address(address);
  return delete_one({t, *node, "Listener", "listener"}, in, found->listeners().listeners(), std::move(r),
                    {{"node", *node}, {"address", address}});
}

// -- connections -------------------------------------------------------------------------------------

result<void> create_connection(transport t, invocation& in) {
  auto node = node_or_default(in, in.args.get("from"), without_default::create);
  if (!node)
    return std::move(node).error();
  control::Request r;
  auto& m = *r.mutable_create_connection();
  m.set_transport(std::string{t.name});
  m.set_address(wire_address(t, in.args.get("to")));
  m.set_once(in.args.has("once"));
  write(*m.mutable_options(), given_options(in, t.connection.keys));
  for (const auto& worker : in.args.list("allow"))
    m.add_allow(plain_address(worker));
  auto created = ask_node(in, *node, std::move(r));
  if (!created)
    return std::move(created).error();
  auto route = "/worker/" + created->connection().worker_address();
  auto data = view(created->connection());
  data["address"] = route;
  data["from"] = *node;
  data["to"] = in.args.get("to");
  return in.out.show({data, done_line("Connected node " + *node + " to " + in.args.get("to") + "; send to it through:\n    " + route), route});
}

result<control::Response> connections(transport t, invocation& in) {
  control::Request r;
  r.mutable_list_connections()->set_transport(std::string{t.name});
  return ask(in, "at", std::move(r));
}

result<void> list_connections(transport t, invocation& in) {
  auto found = connections(t, in);
  if (!found)
    return std::move(found).error();
  return show_list(in, found->connections().connections(), std::string{t.title} + " connections");
}

result<void> show_connection(transport t, invocation& in) {
  auto found = connections(t, in);
  if (!found)
    return std::move(found).error();
  auto c = pick(found->connections().connections(), in.args.get("ADDRESS"), "Connection", t, in.args.get("at"));
  if (!c)
    return std::move(c).error();
  return in.out.show({view(**c), page_of(**c), page_of(**c)});
}

result<void> delete_connection(transport t, invocation& in) {
  auto node = node_or_default(in, in.args.get("at"));
  if (!node)
    return std::move(node).error();
  auto address = in.args.get("ADDRESS");
  auto found = connections(t, in);
  if (!found)
    return std::move(found).error();
  control::Request r;
  r.mutable_delete_connection()->set_transport(std::string{t.name});
  r.mutable_delete_connection()->set_address(address);
  return delete_one({t, *node, "Connection", "connection"}, in, found->connections().connections(), std::move(r),
                    {{"address", address}});
}

// -- the table ---------------------------------------------------------------------------------------

option allow_option() {
  return {.name = "allow", .value = "WORKER", .about = "A worker that peers may reach through it", .repeated = true, .check = &check_worker};
}

option option_option() {
  return {.name = "option", .value = "KEY=VALUE", .about = "A key that a node's configuration has for it", .repeated = true, .check = &check_pair};
}

option yes_option() {
  return {.name = "yes", .letter = 'y', .about = "Do not ask"};
}

/// One option for each key that only this transport has.
std::vector<option> key_options(std::span<const key_descriptor> keys) {
  std::vector<option> out;
  for (const auto& k : keys) {
    std::string about{k.about};
    about.front() = static_cast<char>(std::toupper(static_cast<unsigned char>(about.front())));
    option o{.name = std::string{k.name}, .value = std::string{value_form(k)}, .about = std::move(about),
             .fallback = std::string{k.fallback}};
    if (k.type == key_type::flag)
      o.fallback.clear(); // given or not
    else if (k.type == key_type::choice)
      o.values.assign(k.words.begin(), k.words.end());
    out.push_back(std::move(o));
  }
  return out;
}

/// Those of the command, those of the transport, and what both kinds of `create` end with.
std::vector<option> create_options(std::vector<option> first, std::span<const key_descriptor> keys) {
  for (auto& o : key_options(keys))
    first.push_back(std::move(o));
  first.push_back(option_option());
  first.push_back(timeout_option());
  return first;
}

void add_listener_commands(std::vector<command>& out, transport t) {
  std::string name{t.name}, title{t.title}, example{t.example};
  auto path = name + "-listener ";
  auto at = node_option("at", "Node of the listener");
  argument address{.name = "ADDRESS", .about = "Its socket address, or its processor address"};
  auto run = [&t](auto f) { return [&t, f](invocation& in) { return f(t, in); }; };
  out.push_back({path + "create", "Listen for other nodes over " + title,
                 {{.name = "ADDRESS", .about = "Where to listen, for example " + example + (t.is_path() ? "" : "; port 0 lets the system choose")}},
                 create_options({at, allow_option()}, t.listener.keys),
                 "ockam " + path + "create " + example + " --at n1", run(&create_listener)});
  out.push_back({path + "list", "List the " + title + " listeners of a node", {}, {at, timeout_option()},
                 "ockam " + path + "list --at n1", run(&list_listeners)});
  out.push_back({path + "show", "Show a " + title + " listener", {address}, {at, timeout_option()},
                 "ockam " + path + "show " + example + " --at n1", run(&show_listener)});
  out.push_back({path + "delete", "Stop listening over " + title, {address}, {at, yes_option(), timeout_option()},
                 "ockam " + path + "delete " + example + " --at n1 -y", run(&delete_listener)});
}

void add_connection_commands(std::vector<command>& out, transport t) {
  std::string name{t.name}, title{t.title}, example{t.example};
  auto path = name + "-connection ";
  auto at = node_option("at", "Node of the connection");
  argument address{.name = "ADDRESS", .about = "The peer's socket address, or the address of its worker"};
  auto run = [&t](auto f) { return [&t, f](invocation& in) { return f(t, in); }; };
  option to{.name = "to", .value = "ADDRESS", .about = "Where the other node listens, for example " + example, .required = true};
  option once{.name = "once", .about = "Do not connect again when the connection ends"};
  out.push_back({path + "create", "Connect a node to another over " + title, {},
                 create_options({node_option("from", "Node that connects"), to, allow_option(), once}, t.connection.keys),
                 "ockam " + path + "create --from n1 --to " + example, run(&create_connection)});
  out.push_back({path + "list", "List the " + title + " connections of a node", {}, {at, timeout_option()},
                 "ockam " + path + "list --at n1", run(&list_connections)});
  out.push_back({path + "show", "Show a " + title + " connection", {address}, {at, timeout_option()},
                 "ockam " + path + "show " + example + " --at n1", run(&show_connection)});
  out.push_back({path + "delete", "Close a " + title + " connection", {address}, {at, yes_option(), timeout_option()},
                 "ockam " + path + "delete " + example + " --at n1 -y", run(&delete_connection)});
}

} // namespace

std::vector<command> transport_commands() {
  std::vector<command> out;
  for (const auto& t : transport_descriptors) {
    add_listener_commands(out, t);
    add_connection_commands(out, t);
  }
  return out;
}

} // namespace ockam::cli
