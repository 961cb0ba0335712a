// SPDX-License-Identifier: Apache-2.0
#include "cli/ockam/commands/commands.hpp"

#include "channels/keys.hpp"
#include "cli/ockam/create_node.hpp"
#include "cli/ockam/inspect.hpp"
#include "cli/ockam/items.hpp"
#include "cli/ockam/node_identity.hpp"
#include "cli/ockam/node_yaml.hpp"
#include "cli/ockam/nodes.hpp"
#include "cli/ockam/relay_sections.hpp"
#include "cli/ockam/sending.hpp"
#include "portals/keys.hpp"
#include "relays/keys.hpp"
#include "runtime/core/address.hpp"
#include "transports/list.hpp"

#include <algorithm>
#include <chrono>
#include <fstream>
#include <sstream>

namespace ockam::cli {

namespace {

constexpr const char* name_argument = "NAME_OR_CONFIGURATION";

bool is_file(const std::string& text) {
  std::error_code ignored;
  return !text.empty() && std::filesystem::is_regular_file(text, ignored);
}

result<std::string> read_text(const std::string& file) {
  std::ifstream in{file};
  std::ostringstream text;
  text << in.rdbuf();
  if (!in)
    return system_error("cannot read " + file, errno);
  return text.str();
}

/// YAML, and the directory from which it names files.
struct configuration {
  std::string text;
  std::filesystem::path directory = std::filesystem::current_path();
};

/// The YAML that was given, in a file or inline; empty when only a name was.
result<configuration> configuration_text(const invocation& in) {
  for (const auto& given : {in.args.get("configuration"), in.args.get(name_argument)}) {
    if (is_file(given)) {
      auto text = read_text(given);
      if (!text)
        return std::move(text).error();
      return configuration{std::move(*text), std::filesystem::absolute(given).parent_path()};
    }
    if (looks_like_yaml(given))
      return configuration{given};
  }
  if (auto given = in.args.get("configuration"); !given.empty() && given != in.args.get(name_argument)) {
    if (auto name = state::check_node_name(given); !name)
      return error{errc::invalid_config, "\"" + printable(given) + "\" is neither a file nor YAML", "for example '{name: n1}'"};
    return configuration{"{name: " + given + "}"};
  }
  return configuration{};
}

result<void> check_port(const std::string& text) {
  if (!text.empty() && text.find_first_not_of("0123456789") == std::string::npos && parse_socket_address("127.0.0.1:" + text))
    return {};
  return error{errc::invalid_argument, "\"" + printable(text) + "\" is not a port", "a port is a number from 0 to 65535"};
}

/// Options win over the configuration.
void apply_options(const invocation& in, ini_file& ini) {
  for (const auto& t : transport_descriptors) {
    std::string name{t.name};
    auto address = in.args.get(name + "-listener-address");
    if (address.empty())
      continue;
    auto& section = ini.at(name + "-listener default");
    section.set("address", t.is_path() ? std::filesystem::absolute(address).string() : address);
    if (!t.is_path())
      section.set("retry", "no"); // who has just typed it is still there to hear that it is wrong
  }
  if (!ini.contains("tcp-listener default"))
    ini.at("tcp-listener default").set("address", "127.0.0.1:0");
  auto http_port = in.args.get("http-server-port");
  if (in.args.has("http-server") || !http_port.empty())
    ini.at("http").set("address", "127.0.0.1:" + (http_port.empty() ? "0" : http_port));
  auto verbose = in.out.style().verbose;
  if (auto level = in.args.get("log-level"); !level.empty())
    ini.at("node").set("log-level", level);
  else if (verbose > 0)
    ini.at("node").set("log-level", verbose > 1 ? "trace" : "debug");
}

/// The sections of one kind, by name.
std::vector<std::string> named_sections(const ini_file& ini, std::string_view kind) {
  std::vector<std::string> out;
  for (const auto& s : ini.sections())
    if (s.title.starts_with(std::string{kind} + " "))
      out.push_back(s.title.substr(kind.size() + 1));
  return out;
}

/// Routes of inlets and of secure channels name other nodes as people do; the node itself knows addresses.
result<void> resolve_routes(invocation& in, new_node& n) {
  for (auto kind : {portal::inlet_kind, channels::channel_kind})
    for (auto* s : n.ini.of_kind(kind)) {
      auto to = s->take("to");
      if (to.empty())
        continue; // the node says that it has to be there
      auto route = resolve_route_of(in, to, n.name);
      if (!route)
        return std::move(route).error();
      s->set("to", std::move(*route));
    }
  return {};
}

/// How long `node create` waits until the relays of its configuration are up, as `relay create` does for one.
constexpr std::chrono::milliseconds longest_wait{5'000};

/// What the relays of its configuration answer when they are made; of one that is not up yet there is nothing to send to.
result<std::string> relays_of(invocation& in, const new_node& n) {
  auto names = named_sections(n.ini, relay_kind);
  if (names.empty())
    return std::string{};
  auto all = items_of(in, n.name, relay_kind, longest_wait);
  if (!all)
    return std::move(all).error();
  std::string out;
  for (const auto& name : names) {
    const auto* relay = find_item(*all, name);
    if (relay && field_of(*relay, "state") == "up")
      out += "/service/" + field_of(*relay, "remote_address");
    else
      in.out.warn("The relay " + printable(name) + " is not up yet. It is tried again, see: ockam relay show " + printable(name) + " --at " + n.name);
  }
  return out;
}

/// What the outlets and inlets of its configuration answer when they are made, one after the other.
result<std::string> portals_of(invocation& in, const new_node& n) {
  auto outlets = named_sections(n.ini, portal::outlet_kind), inlets = named_sections(n.ini, portal::inlet_kind);
  std::string out;
  for (const auto& name : outlets)
    out += "/service/" + name;
  if (inlets.empty())
    return out;
  auto all = items_of(in, n.name, portal::inlet_kind);
  if (!all)
    return std::move(all).error();
  for (const auto& name : inlets)
    if (const auto* i = find_item(*all, name))
      out += field_of(*i, "from");
  return out;
}

result<new_node> described_node(invocation& in) {
  auto text = configuration_text(in);
  if (!text)
    return std::move(text).error();
  std::map<std::string, std::string> variables;
  for (const auto& v : in.args.list("variable")) {
    auto name = v.substr(0, v.find('='));
    variables[name] = v.substr(name.size() + 1);
    if (variables[name].empty())
      return error{errc::invalid_argument, "Empty value for variable '" + name + "'", "give it with --variable " + name + "=VALUE"};
  }
  auto yaml = read_node_yaml(text->text, variables, text->directory);
  if (!yaml)
    return std::move(yaml).error();
  for (const auto& w : yaml->warnings)
    in.out.warn(w);
  // A name beside the configuration wins over the one in it.
  auto given = in.args.get(name_argument);
  bool is_name = in.args.has(name_argument) && !is_file(given) && !looks_like_yaml(given);
  auto name = is_name ? given : yaml->name.empty() ? random_node_name(in.home) : yaml->name;
  if (auto ok = state::check_node_name(name); !ok)
    return error{errc::invalid_argument, "Invalid value for " + std::string{name_argument} + ": " + printable(name),
                 "a node name has " + ok.error().hint + "; a configuration is a file or YAML"};
  new_node out{name, std::move(yaml->ini), in.args.has("foreground"), in.args.has("exit-on-eof"), std::move(yaml->identity)};
  if (in.args.has("identity"))
    out.identity = in.args.get("identity");
  out.ini.at("node").set("name", name);
  apply_options(in, out.ini);
  if (auto ok = resolve_relay_sections(in, out.ini, name); !ok)
    return std::move(ok).error();
  if (auto ok = resolve_routes(in, out); !ok)
    return std::move(ok).error();
  if (auto ok = resolve_channel_identities(in, out.ini); !ok)
    return std::move(ok).error();
  return out;
}

/// What is said of the node is wrong, and not the world around it.
bool is_of_configuration(errc code) {
  return code == errc::invalid_config || code == errc::invalid_argument || code == errc::invalid_address || code == errc::invalid_route
         || code == errc::malformed;
}

result<void> create(invocation& in) {
  auto n = described_node(in);
  if (!n) {
    // In the foreground it is the node that has not started, whichever program has found out why. In the background all failures end with 70,
    // as those of the reference do.
    if (in.args.has("foreground") && is_of_configuration(n.error().code))
      in.failure_code = exit_config;
    return std::move(n).error();
  }
  auto started = create_node(in, *n);
  if (!started)
    return std::move(started).error();
  if (says_its_name(in, *n))
    return {};
  auto relays = relays_of(in, *n); // in the order of the reference: relays, outlets, inlets
  if (!relays)
    return std::move(relays).error();
  auto portals = portals_of(in, *n);
  if (!portals)
    return std::move(portals).error();
  auto where = started->tcp_address.empty() ? std::string{} : ", listening at " + started->tcp_address;
  answer a{{{"name", n->name}}, done_line("Node " + n->name + " is running, pid " + std::to_string(started->pid) + where), n->name + *relays + *portals};
  if (in.out.style().as_json) {
    auto row = known_node(in, n->name);
    if (!row)
      return std::move(row).error();
    a.data = inspect(in, std::move(*row)).data();
  }
  return in.out.show(a);
}

} // namespace

std::vector<command> node_create_command() {
  std::vector<option> options{
    {.name = "configuration", .value = "YAML", .about = "Configuration of the node, inline or a file"},
    {.name = "variable", .value = "VARIABLE", .about = "NAME=VALUE for $NAME in the configuration", .repeated = true, .check = &check_pair},
    {.name = "foreground", .letter = 'f', .about = "Stay in the foreground; the exit code is that of ockam-node"},
    {.name = "identity", .value = "NAME", .about = "Who it is: an identity, made if it is not there; the default identity if not given"},
    {.name = "exit-on-eof", .letter = 'e', .about = "With --foreground: stop when standard input ends"},
    {.name = "http-server", .about = "Answer HTTP requests on this machine: health, metrics and a page, on a free port"},
    {.name = "http-server-port", .value = "PORT", .about = "The same, on this port", .check = &check_port},
    {.name = "log-level", .value = "LEVEL", .about = "How much the node logs", .values = {"trace", "debug", "info", "warn", "error", "off"}},
    timeout_option()};
  for (const auto& t : transport_descriptors) {
    option o{.name = std::string{t.name} + "-listener-address", .value = "ADDRESS", .about = "Where it listens for other nodes over " + std::string{t.title}};
    if (t.name == "tcp")
      o.letter = 't', o.about += " [default: 127.0.0.1:0]";
    options.push_back(std::move(o));
  }
  return {{.path = "node create",
           .about = "Create a node and start it in the background",
           .arguments = {{.name = name_argument, .about = "A name, a YAML file, or YAML; a random name if not given", .required = false}},
           .options = std::move(options),
           .example = "ockam node create n1 --tcp-listener-address 127.0.0.1:4000",
           .run = &create}};
}

} // namespace ockam::cli
