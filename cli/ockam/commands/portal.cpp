// SPDX-License-Identifier: Apache-2.0
// tcp-outlet and tcp-inlet: the two ends of portals.
#include "cli/ockam/commands/commands.hpp"

#include "cli/ockam/items.hpp"
#include "cli/ockam/names.hpp"
#include "cli/ockam/node_identity.hpp"
#include "cli/ockam/nodes.hpp"
#include "cli/ockam/portal_views.hpp"
#include "cli/ockam/sending.hpp"
#include "portals/keys.hpp"
#include "runtime/core/units.hpp"

#include <cctype>
#include <filesystem>

namespace ockam::cli {

namespace {

/// One of the two families, as far as their commands are alike.
struct family {
  std::string_view kind;  ///< tcp-outlet
  std::string_view title; ///< TCP Outlet
  std::string_view noun;  ///< tcp outlet
  std::span<const key_descriptor> keys;
};
const family outlet_family{portal::outlet_kind, "TCP Outlet", "tcp outlet", portal::outlet_keys};
const family inlet_family{portal::inlet_kind, "TCP Inlet", "tcp inlet", portal::inlet_keys};

/// The name of a new one: the argument, or one of the options that say the same; empty: none was given. Error: they say two.
result<std::string> given_name(const invocation& in, std::initializer_list<const char*> options) {
  auto without_prefix = [](std::string text) {
    constexpr std::string_view prefix = "/service/";
    return text.starts_with(prefix) ? text.substr(prefix.size()) : text;
  };
  auto name = without_prefix(in.args.get("NAME"));
  for (const auto* o : options) {
    auto other = without_prefix(in.args.get(o));
    if (!name.empty() && !other.empty() && other != name)
      return error{errc::invalid_argument, "two names were given: " + printable(name) + ", and " + printable(other) + " by --" + o, "keep one of them"};
    if (name.empty())
      name = std::move(other);
  }
  return name;
}

/// What the options that are called like keys of the section say. The node may run elsewhere: it gets whole paths.
void write_keys(const invocation& in, const family& f, control::CreateItem& to) {
  for (const auto& k : f.keys) {
    std::string name{k.name};
    if (!in.args.has(name) || name == "identity" || (f.kind == portal::outlet_kind && name == "from"))
      continue;
    auto value = in.args.get(name);
    set_key(to, name, k.type == key_type::flag ? "yes" : k.type == key_type::path ? std::filesystem::absolute(value).string() : value);
  }
}

error not_found(const family& f, const std::string& name, const item_list& all) {
  return item_not_found(std::string{f.noun}, name, all, "ockam " + std::string{f.kind} + " list");
}

/// The one that NAME names, and its node.
result<std::pair<control::Item, std::string>> named_item(invocation& in, const family& f) {
  auto node = node_or_default(in, in.args.get("at"));
  if (!node)
    return std::move(node).error();
  auto all = items_of(in, *node, f.kind);
  if (!all)
    return std::move(all).error();
  auto name = in.args.get("NAME");
  if (name.empty())
    return error{errc::invalid_argument, "No " + std::string{f.title} + " alias provided", "see what there is with: ockam " + std::string{f.kind} + " list"};
  if (const auto* i = find_item(*all, name))
    return std::pair{*i, std::move(*node)};
  return not_found(f, name, *all);
}

/// `table` is how they are shown, `entry` what JSON says of one.
result<void> list_items(invocation& in, const family& f, columns (*table)(const item_list&), json (*entry)(const control::Item&)) {
  auto node = node_or_default(in, in.args.get("at"));
  if (!node)
    return std::move(node).error();
  auto all = items_of(in, *node, f.kind);
  if (!all)
    return std::move(all).error();
  answer a{json::array(), all->empty() ? "  > There are no " + std::string{f.title} + "s" : table(*all).text(in.out.style().width)};
  for (const auto& i : *all)
    a.data.push_back(entry(i));
  return in.out.show(a);
}

result<void> delete_items(invocation& in, const family& f) {
  auto node = node_or_default(in, in.args.get("at"));
  if (!node)
    return std::move(node).error();
  auto all = items_of(in, *node, f.kind);
  if (!all)
    return std::move(all).error();
  auto name = in.args.get("NAME");
  if (all->empty() && !name.empty())
    return none_to_delete(in, std::string{f.noun} + "s");
  std::vector<std::string> names;
  for (const auto& i : *all)
    if (in.args.has("all") || i.name() == name)
      names.push_back(i.name());
  if (names.empty() && !name.empty())
    return not_found(f, name, *all);
  if (names.empty()) // nothing was named, or there is nothing
    return in.out.show({json::array(), "  > Nothing was deleted: name one, or give --all", ""});
  if (auto ok = in.confirm("Delete " + std::string{f.noun} + " " + names.front() + (names.size() > 1 ? " and all others" : "") + " of node " + *node + "?"); !ok)
    return ok;
  answer a{json::array(), {}, std::string{}};
  for (const auto& one : names) {
    if (auto done = delete_item(in, *node, f.kind, one); !done)
      return done;
    json j{{"alias", one}, {"node", *node}};
    *a.plain += f.kind == portal::outlet_kind ? one : to_text(j, false);
    a.text += done_line("The " + std::string{f.noun} + " " + one + " was deleted") + (one == names.back() ? "" : "\n");
    a.data.push_back(std::move(j));
  }
  if (names.size() == 1)
    a.data = json(a.data.front());
  return in.out.show(a);
}

// -- outlets -----------------------------------------------------------------------------------------

result<void> create_outlet(invocation& in) {
  auto name = given_name(in, {"from", "alias"});
  if (!name)
    return std::move(name).error();
  auto node = node_or_default(in, in.args.get("at"), without_default::create);
  if (!node)
    return std::move(node).error();
  control::CreateItem wanted;
  wanted.set_kind(std::string{portal::outlet_kind});
  write_keys(in, outlet_family, wanted);
  wanted.set_name(name->empty() ? "outlet" : *name);
  auto made = create_item(in, *node, wanted);
  while (!made && name->empty() && made.error().code == errc::already_exists) {
    wanted.set_name(two_words());
    made = create_item(in, *node, wanted);
  }
  if (!made)
    return std::move(made).error();
  if (made->empty())
    return error{errc::not_found, "the outlet has ended at once", {}};
  const auto& i = made->Get(0);
  auto route = "/service/" + i.name();
  return in.out.show({outlet_status(i), done_line("Created a TCP outlet on node " + *node + " at " + route + " to " + field_of(i, "to")), route});
}

result<void> list_outlets(invocation& in) { return list_items(in, outlet_family, table_of_outlets, outlet_entry); }

result<void> show_outlet(invocation& in) {
  auto i = named_item(in, outlet_family);
  if (!i)
    return std::move(i).error();
  return in.out.show({outlet_page(i->first, i->second), text_of_outlet(i->first)});
}

// -- inlets ------------------------------------------------------------------------------------------

result<void> create_inlet(invocation& in) {
  auto to = in.args.get("to");
  if (to.empty())
    return error{errc::invalid_argument, "invalid value '(None)' for 'to' : No projects found", "say where the outlet is: --to /node/NAME/service/outlet"};
  auto name = given_name(in, {"alias"});
  if (!name)
    return std::move(name).error();
  auto node = node_or_default(in, in.args.get("at"), without_default::create);
  if (!node)
    return std::move(node).error();
  auto route = resolve_route_of(in, to, *node);
  if (!route)
    return std::move(route).error();
  control::CreateItem wanted;
  wanted.set_kind(std::string{portal::inlet_kind});
  write_keys(in, inlet_family, wanted);
  for (auto& k : *wanted.mutable_keys())
    if (k.name() == "to")
      k.set_value(*route);
  if (auto ok = set_identity(wanted, in, *node); !ok)
    return ok;
  wanted.set_name(name->empty() ? two_words() : *name);
  auto wait = parse_duration(in.args.get("connection-wait"));
  if (wait && !in.args.has("no-connection-wait"))
    wanted.set_wait_ms(wait_ms(in, *wait));
  auto made = create_item(in, *node, std::move(wanted));
  if (!made)
    return std::move(made).error();
  if (made->empty())
    return error{errc::not_found, "the inlet has ended at once", {}};
  const auto& i = made->Get(0);
  auto from = field_of(i, "from");
  if (auto why = field_of(i, "reason"); !why.empty())
    in.out.warn("The inlet is down, and tries again: " + why);
  return in.out.show({inlet_status(i), done_line("Created a TCP inlet on node " + *node + ": " + from + " leads to " + field_of(i, "to")), from});
}

result<void> list_inlets(invocation& in) { return list_items(in, inlet_family, table_of_inlets, inlet_status); }

result<void> show_inlet(invocation& in) {
  auto i = named_item(in, inlet_family);
  if (!i)
    return std::move(i).error();
  return in.out.show({inlet_status(i->first), text_of_inlet(i->first)});
}

// -- the table ---------------------------------------------------------------------------------------

template <auto Parse>
result<void> check_place(const std::string& text) {
  auto e = Parse(text);
  if (e)
    return {};
  return error{errc::invalid_argument, "cannot parse the address " + printable(text) + " as a socket address", e.error().cause};
}

/// An option for each key that has none yet.
std::vector<option> with_keys(std::vector<option> first, const family& f) {
  for (const auto& k : f.keys) {
    auto has = [&](const option& o) { return o.name == k.name; };
    if (std::any_of(first.begin(), first.end(), has))
      continue;
    std::string about{k.about};
    about.front() = static_cast<char>(std::toupper(static_cast<unsigned char>(about.front())));
    option o{.name = std::string{k.name}, .value = std::string{value_form(k)}, .about = std::move(about), .fallback = std::string{k.fallback}};
    if (k.check == &channels::check_identifiers)
      o.check = k.check;
    if (k.type == key_type::flag)
      o.fallback.clear(); // given or not
    first.push_back(std::move(o));
  }
  first.push_back(timeout_option());
  return first;
}

void add_common(std::vector<command>& out, const family& f, std::string_view example, result<void> (*list)(invocation&), result<void> (*show)(invocation&)) {
  std::string path{f.kind}, noun = std::string{f.title.substr(0, 4)} + std::string{f.noun.substr(4)};
  auto at = node_option("at", "Node of the " + noun);
  argument name{.name = "NAME", .about = "Its name", .required = false};
  out.push_back({path + " list", "List the " + noun + "s of a node", {}, {at, timeout_option()}, "ockam " + path + " list --at n1", list});
  out.push_back({path + " show", "Show what a " + noun + " does", {name}, {at, timeout_option()}, "ockam " + path + " show " + std::string{example} + " --at n1", show});
  out.push_back({path + " delete", "End a " + noun + " and its connections", {name},
                 {at, {.name = "all", .about = "All of the node"}, {.name = "yes", .letter = 'y', .about = "Do not ask"}, timeout_option()},
                 "ockam " + path + " delete " + std::string{example} + " --at n1 -y", [&f](invocation& in) { return delete_items(in, f); }});
}

} // namespace

std::vector<command> portal_commands() {
  option alias{.name = "alias", .value = "NAME", .about = "The name, as older versions wanted it"};
  std::vector<command> out;
  out.push_back({"tcp-outlet create", "Let inlets of other nodes reach a TCP service",
                 {{.name = "NAME", .about = "Address of the outlet; outlet if not given, or two random words if there is one", .required = false}},
                 with_keys({node_option("at", "Node of the outlet"),
                            {.name = "to", .value = "SOCKET_ADDRESS", .about = "Where connections go to, for example 127.0.0.1:5432; 5432 alone is a port of this machine",
                             .required = true, .check = &check_place<portal::parse_target>},
                            {.name = "from", .value = "ADDRESS", .about = "The same as NAME"}, alias},
                           outlet_family),
                 "ockam tcp-outlet create --at db --to 127.0.0.1:5432", &create_outlet});
  add_common(out, outlet_family, "outlet", &list_outlets, &show_outlet);
  out.push_back({"tcp-inlet create", "Reach the TCP service of an outlet at a port of this machine",
                 {{.name = "NAME", .about = "Name of the inlet; two random words if not given", .required = false}},
                 with_keys({node_option("at", "Node of the inlet"),
                            {.name = "from", .value = "SOCKET_ADDRESS", .about = "Where clients connect to; a free port of this machine if not given",
                             .check = &check_place<portal::parse_listen>},
                            {.name = "to", .value = "ROUTE", .about = "The route to the outlet", .check = &check_route}, alias,
                            {.name = "connection-wait", .value = "DURATION", .about = "Wait so long for the far end to answer", .fallback = "5s", .check = &check_duration},
                            {.name = "no-connection-wait", .about = "Do not wait for the far end"},
                            {.name = "retry", .about = "Where the host of the node has not the address: try again until it has"},
                            {.name = "no-tcp-fallback", .about = "Accepted for scripts: there is no other way than the route to fall back from"}},
                           inlet_family),
                 "ockam tcp-inlet create --at app --from 127.0.0.1:15432 --to /node/db/service/outlet", &create_inlet});
  add_common(out, inlet_family, "db", &list_inlets, &show_inlet);
  return out;
}

} // namespace ockam::cli
