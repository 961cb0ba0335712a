// SPDX-License-Identifier: Apache-2.0
// secure-channel and secure-channel-listener.
#include "cli/ockam/commands/commands.hpp"

#include "channels/keys.hpp"
#include "cli/ockam/channel_views.hpp"
#include "cli/ockam/check_worker.hpp"
#include "cli/ockam/node_identity.hpp"
#include "cli/ockam/nodes.hpp"
#include "cli/ockam/portal_views.hpp"
#include "cli/ockam/sending.hpp"
#include "runtime/core/suggest.hpp"
#include "runtime/core/units.hpp"

namespace ockam::cli {

namespace {

/// `/service/NAME` and `NAME` are the same.
std::string plain_name(const std::string& text) {
  constexpr std::string_view prefix = "/service/";
  return text.starts_with(prefix) ? text.substr(prefix.size()) : text;
}

std::string joined(const std::vector<std::string>& all) {
  std::string out;
  for (const auto& one : all)
    out += (out.empty() ? "" : ", ") + one;
  return out;
}

/// Of this name, as the reference words it that there is none.
result<control::Item> existing_item(invocation& in, std::string_view kind, const std::string& node, const std::string& name) {
  auto all = items_of(in, node, kind);
  if (!all)
    return std::move(all).error();
  std::vector<std::string> names;
  for (auto& i : *all) {
    if (i.name() == name)
      return std::move(i);
    names.push_back(i.name());
  }
  auto near = nearest(name, names);
  return error{errc::not_found, (kind == channels::channel_kind ? "Secure channel with address, 0#" : "Secure channel listener with address, 0#") + printable(name) + ", not found",
               near ? "did you mean /service/" + *near + "?" : "see what there is with: ockam " + std::string{kind} + " list --at " + node};
}

void set_key_if_given(control::CreateItem& to, std::string_view key, const std::vector<std::string>& values) {
  if (!values.empty())
    set_key(to, key, joined(values));
}

/// The new one.
result<control::Item> created_item(invocation& in, const std::string& node, control::CreateItem wanted) {
  auto made = create_item(in, node, std::move(wanted));
  if (!made)
    return std::move(made).error();
  if (made->empty())
    return error{errc::not_found, "it has ended at once", {}};
  return (*made)[0];
}

/// Why a handshake came to nothing: who is there is not whom we want, or nobody is there.
errc code_of(const std::string& reason_code) {
  for (auto c : {errc::not_authentic, errc::not_authorized})
    if (reason_code == to_string(c))
      return c;
  return errc::unreachable;
}

/// Where to look. That somebody is not authorized is only ever said at the end that says so: here.
const char* hint_for(errc code) {
  return code == errc::not_authorized ? "the other end has proved to be somebody else than --authorized names: is that the right route, and the right identifier?"
                                      : "is the listener there, and does it take this node? An end that refuses says nothing";
}

// -- channels ----------------------------------------------------------------------------------------

result<void> create_channel(invocation& in) {
  auto node = node_or_default(in, in.args.get("from"), without_default::create);
  if (!node)
    return std::move(node).error();
  auto route = resolve_route_of(in, in.args.get("to"), *node);
  if (!route)
    return std::move(route).error();
  if (auto ok = channels::check_listener_route(*route); !ok)
    return ok;
  control::CreateItem wanted;
  wanted.set_kind(std::string{channels::channel_kind});
  set_key(wanted, "to", *route);
  set_key_if_given(wanted, "authorized", in.args.list("authorized"));
  set_key_if_given(wanted, "allow", in.args.list("allow"));
  if (auto ok = set_identity(wanted, in, *node); !ok)
    return ok;
  if (auto credential = in.args.get("credential"); !credential.empty()) {
    if (auto ok = channels::check_credential(credential); !ok)
      return ok;
    set_key(wanted, "credential", credential);
  }
  wanted.set_wait_ms(wait_ms(in, in.by().left()));
  auto made = created_item(in, *node, std::move(wanted));
  if (!made)
    return std::move(made).error();
  if (field_of(*made, "state") != "up") { // who has asked for a channel has no use for one that may come some day
    (void)delete_item(in, *node, channels::channel_kind, made->name());
    auto why = field_of(*made, "reason");
    auto code = code_of(field_of(*made, "reason_code"));
    return error{code, "no secure channel to " + *route + ": " + (why.empty() ? "nothing has come back in time" : why), hint_for(code)};
  }
  auto address = "/service/" + made->name();
  return in.out.show({json::array({{{"address", address}}}),
                      done_line("Created a secure channel from node " + *node + " with " + field_of(*made, "their_identifier") + "\n    " + address), address});
}

result<void> list_channels(invocation& in) {
  auto node = node_or_default(in, in.args.get("at"));
  if (!node)
    return std::move(node).error();
  auto all = items_of(in, *node, channels::channel_kind);
  if (!all)
    return std::move(all).error();
  answer a{json::array(), all->empty() ? "  > There are no secure channels" : table_of_channels(*all).text(in.out.style().width)};
  for (const auto& i : *all)
    a.data.push_back(channel_view(i));
  return in.out.show(a);
}

result<void> show_channel(invocation& in) {
  auto m = parse_multiaddr(in.args.get("at"));
  if (!m)
    return std::move(m).error();
  std::string node;
  if (!m->parts.empty() && m->parts.front().protocol == multiaddr_protocol::node) {
    node = m->parts.front().value;
    m->parts.erase(m->parts.begin());
  }
  if (m->parts.size() != 1)
    return error{errc::invalid_route, "the route names no secure channel", "for example --at /node/n1/service/89a3eff4871fae04627e9fe50041febb"};
  auto from = node_or_default(in, node);
  if (!from)
    return std::move(from).error();
  auto i = existing_item(in, channels::channel_kind, *from, m->parts.front().value);
  if (!i)
    return std::move(i).error();
  return in.out.show({channel_view(*i), text_of_channel(*i)});
}

result<void> delete_channel(invocation& in) {
  auto node = node_or_default(in, in.args.get("at"));
  if (!node)
    return std::move(node).error();
  auto name = plain_name(in.args.get("ADDRESS"));
  if (auto there = existing_item(in, channels::channel_kind, *node, name); !there)
    return std::move(there).error();
  if (auto ok = in.confirm("End the secure channel /service/" + name + " of node " + *node + "?"); !ok)
    return ok;
  if (auto ok = delete_item(in, *node, channels::channel_kind, name); !ok)
    return ok;
  auto address = "/service/" + name;
  return in.out.show({json::array({{{"address", address}}}), done_line("Ended the secure channel " + address), address});
}

// -- listeners ---------------------------------------------------------------------------------------

result<void> create_listener(invocation& in) {
  auto node = node_or_default(in, in.args.get("at"), without_default::create);
  if (!node)
    return std::move(node).error();
  control::CreateItem wanted;
  wanted.set_kind(std::string{channels::listener_kind});
  wanted.set_name(plain_name(in.args.get("ADDRESS")));
  set_key_if_given(wanted, "authorized", in.args.list("authorized"));
  set_key_if_given(wanted, "allow", in.args.list("allow"));
  if (auto ok = set_identity(wanted, in, *node); !ok)
    return ok;
  auto made = created_item(in, *node, std::move(wanted));
  if (!made)
    return std::move(made).error();
  auto address = "/service/" + made->name();
  return in.out.show({json::array({{{"address", address}}}), done_line("Secure channels of others may begin at " + address + " of node " + *node), address});
}

result<void> list_listeners(invocation& in) {
  auto node = node_or_default(in, in.args.get("at"));
  if (!node)
    return std::move(node).error();
  auto all = items_of(in, *node, channels::listener_kind);
  if (!all)
    return std::move(all).error();
  answer a{json::array(), all->empty() ? "  > There are no secure channel listeners" : table_of_channel_listeners(*all).text(in.out.style().width), std::string{}};
  for (const auto& i : *all) {
    a.data.push_back(channel_listener_view(i));
    *a.plain += (a.plain->empty() ? "" : "\n\n") + item_line("Listener at /service/" + i.name()); // piped as the reference has it
  }
  return in.out.show(a);
}

result<void> show_listener(invocation& in) {
  auto node = node_or_default(in, in.args.get("at"));
  if (!node)
    return std::move(node).error();
  auto i = existing_item(in, channels::listener_kind, *node, plain_name(in.args.get("ADDRESS")));
  if (!i)
    return std::move(i).error();
  return in.out.show({channel_listener_view(*i), text_of_channel_listener(*i), "/service/" + i->name()});
}

result<void> delete_listener(invocation& in) {
  auto node = node_or_default(in, in.args.get("at"));
  if (!node)
    return std::move(node).error();
  auto name = plain_name(in.args.get("ADDRESS"));
  if (auto there = existing_item(in, channels::listener_kind, *node, name); !there)
    return std::move(there).error();
  if (auto ok = delete_item(in, *node, channels::listener_kind, name); !ok)
    return ok;
  return in.out.show({{{"address", "/service/" + name}}, done_line("Ended the secure channel listener /service/" + name), "0#" + name});
}

result<void> check_identifier(const std::string& text) {
  auto id = identities::parse_identifier(text);
  return id ? result<void>{} : result<void>{id.error()};
}

option authorized_option(const std::string& value = "IDENTIFIER") {
  return {.name = "authorized", .letter = 'a', .value = value, .about = "Who may be at the other end; anybody who proves to be somebody if not given",
          .repeated = true, .check = &check_identifier};
}

} // namespace

std::vector<command> secure_channel_commands() {
  argument address{.name = "ADDRESS", .about = "Its address: /service/NAME"};
  auto at = node_option("at", "Node that has it");
  option yes{.name = "yes", .letter = 'y', .about = "Do not ask"};
  std::vector<command> out;
  out.push_back({"secure-channel create", "Make a secure channel to a listener, and print its address", {},
                 {node_option("from", "Node that begins it"),
                  {.name = "to", .value = "ROUTE", .about = "The route to the listener: /node/n2/service/api", .required = true, .check = &check_route},
                  authorized_option(), identity_option(),
                  {.name = "credential", .letter = 'c', .value = "HEX", .about = "What an issuer says of the node, for the other end"},
                  {.name = "allow", .value = "WORKER", .about = "A worker that the other end may reach through it, beside answers", .repeated = true, .check = &check_worker},
                  timeout_option()},
                 "ockam secure-channel create --from n1 --to /node/n2/service/api", &create_channel});
  out.push_back({"secure-channel list", "List the secure channels that a node has begun", {}, {at, timeout_option()}, "ockam secure-channel list --at n1", &list_channels});
  out.push_back({"secure-channel show", "Show a secure channel, and who is at its other end", {},
                 {{.name = "at", .value = "ROUTE", .about = "The channel: /node/n1/service/ADDRESS", .required = true, .check = &check_route}, timeout_option()},
                 "ockam secure-channel show --at /node/n1/service/89a3eff4871fae04627e9fe50041febb", &show_channel});
  out.push_back({"secure-channel delete", "End a secure channel", {address}, {at, yes, timeout_option()},
                 "ockam secure-channel delete /service/89a3eff4871fae04627e9fe50041febb --at n1 -y", &delete_channel});
  out.push_back({"secure-channel-listener create", "Let secure channels of others begin at an address", {address},
                 {at, authorized_option("IDENTIFIERS"), identity_option(),
                  {.name = "allow", .value = "WORKER", .about = "A worker that those at the other end may reach; services if none is given", .repeated = true, .check = &check_worker},
                  timeout_option()},
                 "ockam secure-channel-listener create private --at n2", &create_listener});
  out.push_back({"secure-channel-listener list", "List the secure channel listeners of a node", {}, {at, timeout_option()},
                 "ockam secure-channel-listener list --at n2", &list_listeners});
  out.push_back({"secure-channel-listener show", "Show a secure channel listener", {address}, {at, timeout_option()},
                 "ockam secure-channel-listener show api --at n2", &show_listener});
  out.push_back({"secure-channel-listener delete", "End a secure channel listener and its channels", {address}, {at, timeout_option()},
                 "ockam secure-channel-listener delete private --at n2", &delete_listener});
  return out;
}

} // namespace ockam::cli
