// SPDX-License-Identifier: Apache-2.0
#include "cli/node/config_check.hpp"

#include "channels/keys.hpp"
#include "operation/http_endpoint.hpp"
#include "operation/http_keys.hpp"
#include "portals/keys.hpp"
#include "runtime/core/address.hpp"
#include "runtime/core/channel_parts.hpp"
#include "runtime/core/endpoint.hpp"
#include "runtime/core/units.hpp"
#include "runtime/core/unix_path.hpp"
#include "runtime/links/listen_address.hpp"
#include "runtime/workers/service_catalog.hpp"
#include "transports/tls/tls_context.hpp"
#include "transports/transports.hpp"

#include <algorithm>
#include <filesystem>
#include <map>
#include <optional>
#include <unistd.h>

namespace ockam {

namespace {

using findings = std::vector<config_finding>;

/// Addresses that begin so are the node's own.
constexpr std::string_view reserved = "_internal.";

std::string title(const listener_config& l) {
  return l.transport + "-listener " + l.name;
}

std::string title(const connection_config& c) {
  return c.transport + "-connection " + c.name;
}

std::string title(const service_config& s) {
  return "service " + s.name;
}

error wrong(std::string cause, std::string hint) {
  return {errc::invalid_config, std::move(cause), std::move(hint)};
}

void check_budgets(const node_config& c, findings& out) {
  if (c.limit.link_budget > c.limit.node_budget)
    out.push_back({"node", "link-budget", wrong("link-budget (" + size_text(c.limit.link_budget) + ") is above node-budget ("
                                                  + size_text(c.limit.node_budget) + ")", "a link has its share of what the node has")});
}

/// Where a section listens: a port of an address of this host, or a path.
struct place {
  std::string section, key, text; ///< `tcp-listener main`, `address`, what stands there
  std::string_view kind;          ///< whose sockets know nothing of those of other kinds
  std::optional<endpoint> at;     ///< nothing: a path
};

constexpr std::string_view tcp_kind = "tcp", udp_kind = "udp", unix_kind = "unix";

std::vector<place> places_of(const node_config& c) {
  std::vector<place> all;
  auto add_path_or_port = [&](std::string section, std::string key, const std::string& text, std::string_view kind, std::optional<endpoint> at) {
    if (at || (kind == unix_kind && !text.empty()) || text.starts_with('/'))
      all.push_back({std::move(section), std::move(key), text, at ? kind : unix_kind, std::move(at)});
  };
  auto literal = [](result<endpoint> at) { return at ? std::optional{*std::move(at)} : std::nullopt; }; // others were said when they were read
  add_path_or_port("node", "control-socket", c.control_socket, unix_kind, {});
  for (const auto& l : c.listeners)
    add_path_or_port(title(l), "address", l.address, l.transport == "uds" ? unix_kind : l.transport == "udp" ? udp_kind : tcp_kind, place_of(l));
  for (const auto& s : c.items)
    if (auto from = s.keys.find("from"); s.kind == portal::inlet_kind && from != s.keys.end())
      add_path_or_port(s.kind + " " + s.name, "from", from->second, tcp_kind, literal(portal::parse_listen(from->second)));
  add_path_or_port(std::string{operation::http_kind}, "address", c.http.address, tcp_kind, literal(parse_socket_address(c.http.address)));
  return all;
}

bool in_the_way(const place& l, const place& r) {
  return l.kind == r.kind && (l.at && r.at ? overlap(*l.at, *r.at) : l.text == r.text);
}

std::string hint_for(const place& l, const place& r) {
  if (!l.at || !r.at)
    return "each needs a path of its own";
  auto kind_of = [](const place& p) { return p.section.substr(0, p.section.find(' ')); };
  if (l.at->host != r.at->host && (l.at->host == "::" || r.at->host == "::") && kind_of(l) == kind_of(r))
    return to_string(endpoint{"::", l.at->port}) + " takes IPv4 as well: it is enough alone";
  return "each needs a port of its own; port 0 lets the system choose";
}

void check_places(const node_config& c, findings& out) {
  auto all = places_of(c);
  for (auto p = all.begin(); p != all.end(); ++p)
    if (auto before = std::find_if(all.begin(), p, [&](auto& other) { return in_the_way(other, *p); }); before != p)
      out.push_back({p->section, p->key, wrong("[" + printable(before->section) + "] listens there already, at " + printable(before->text), hint_for(*before, *p))});
}

/// Identities that channels name and that no section makes.
void check_identity_names(const node_config& c, findings& out) {
  for (const auto& s : c.items) {
    auto name = s.keys.find(std::string{channel_identity_key.name});
    if (name == s.keys.end() || name->second.empty())
      continue;
    if (std::none_of(c.items.begin(), c.items.end(), [&](auto& other) { return other.kind == channels::identity_kind && other.name == name->second; }))
      out.push_back({s.kind + " " + s.name, std::string{channel_identity_key.name},
                     wrong("there is no section [channel-identity " + printable(name->second) + "]", "add it, or leave the key out: it is the node's own identity then")});
  }
}

/// Names of workers that the sections make and that something else has. That two sections have one and the same was
/// said when they were read.
void check_names(const node_config& c, std::span<const service_type> types, findings& out) {
  std::map<std::string, std::string> taken; // name → who has it
  for (const auto& t : types)
    if (t.at_start)
      taken.emplace(t.name, "the service " + std::string{t.name} + " that every node has");
  auto take = [&](const std::string& name, const std::string& who, const std::string& key) {
    if (name.starts_with(reserved))
      out.push_back({who, key, wrong("addresses that begin with " + std::string{reserved} + " are the node's own", "choose another name")});
    else if (auto [it, fresh] = taken.emplace(name, "[" + who + "]"); !fresh)
      out.push_back({who, key, wrong("the address " + printable(name) + " is that of " + printable(it->second), "choose another name")});
  };
  for (const auto& s : c.services) {
    taken.erase(s.name); // it takes the place of one that every node has
    take(s.name, title(s), {});
  }
  for (const auto& s : c.items)
    if (s.kind == portal::outlet_kind || s.kind == channels::channel_kind || s.kind == channels::listener_kind)
      take(s.name, s.kind + " " + s.name, {});
  auto services = taken;
  for (const auto& n : c.connections)
    if (auto s = services.find(n.name); !n.name.empty() && (s == services.end() || !s->second.starts_with('[')))
      take(n.name, title(n), {});
  for (const auto& l : c.listeners)
    if (auto w = l.options.find("worker"); w != l.options.end())
      take(w->second, title(l), "worker");
}

/// Where a Unix socket is to be made.
void check_socket_path(const std::string& section, const std::string& key, const std::string& path, findings& out) {
  std::error_code unseen;
  auto absolute = std::filesystem::absolute(path, unseen);
  auto ok = parse_unix_path(absolute.string());
  if (!ok)
    out.push_back({section, key, ok.error()});
  else if (auto directory = absolute.parent_path(); !std::filesystem::is_directory(directory, unseen))
    out.push_back({section, key, wrong("there is no directory " + printable(directory.string()), "make it, or choose another path")});
}

void check_socket_paths(const node_config& c, findings& out) {
  if (!c.control_socket.empty())
    check_socket_path("node", "control-socket", c.control_socket, out);
  for (const auto& l : c.listeners)
    if (l.transport == "uds")
      check_socket_path(title(l), "address", l.address, out);
}

/// Of an identity beside the node's own, which the node does not make.
void check_identities(const node_config& c, findings& out) {
  for (const auto& s : c.items) {
    if (s.kind != channels::identity_kind)
      continue;
    for (const char* key : {"vault", "history"}) {
      std::error_code unseen;
      auto file = s.keys.find(key);
      if (file != s.keys.end() && !std::filesystem::is_regular_file(file->second, unseen))
        out.push_back({s.kind + " " + s.name, key, wrong("[" + printable(s.kind + " " + s.name) + "]: there is no file " + printable(file->second),
                                                         "a node makes only the identity of [identity] itself; `ockam identity create` and `export` make this one")});
    }
  }
}

/// Of outlets: whom to trust.
void check_targets(const node_config& c, findings& out) {
  for (const auto& s : c.items) {
    auto ca = s.keys.find("ca");
    if (s.kind != portal::outlet_kind || ca == s.keys.end())
      continue;
    tls_files files;
    files.ca = ca->second;
    if (auto ok = make_tls_client(files); !ok)
      out.push_back({s.kind + " " + s.name, "ca", ok.error()});
  }
}

void check_endpoints(const node_config& c, findings& out) {
  for (const auto& l : c.listeners)
    if (auto ok = check_endpoint(l); !ok)
      out.push_back({title(l), {}, ok.error()});
  for (const auto& n : c.connections)
    if (auto ok = check_endpoint(n); !ok)
      out.push_back({title(n), {}, ok.error()});
}

} // namespace

findings check_whole(const node_config& c, std::span<const service_type> types) {
  findings out;
  check_budgets(c, out);
  check_places(c, out);
  check_identity_names(c, out);
  check_names(c, types, out);
  check_socket_paths(c, out);
  check_identities(c, out);
  check_targets(c, out);
  check_endpoints(c, out);
  return out;
}

namespace {

/// The option that is the matter, where the service has named one.
std::string option_named_in(const std::string& cause, const service_config& s) {
  for (const auto& [key, value] : s.options)
    if (cause.ends_with(" named " + printable(key)) || cause.starts_with("option " + printable(key) + ":"))
      return key;
  return {};
}

} // namespace

findings check_log(const node_config& c) {
  if (c.log.file.empty())
    return {};
  std::error_code unseen;
  auto file = std::filesystem::absolute(c.log.file, unseen);
  auto there = file; // the log makes directories that are missing
  while (!there.empty() && there != there.root_path() && !std::filesystem::exists(there, unseen))
    there = there.parent_path();
  bool writable = there == file ? !std::filesystem::is_directory(file, unseen) : std::filesystem::is_directory(there, unseen);
  if (writable && ::access(there.c_str(), W_OK) == 0)
    return {};
  return {{"node", "log-file", wrong("the log cannot be written to " + printable(file.string()), "a file in a directory that this user may write to")}};
}

findings check_http(const node_config& c) {
  if (c.http.address.empty())
    return {};
  auto who = operation::http_endpoint::read_access(c.http);
  if (who)
    return {};
  bool is_token = !c.http.token_file.empty() && who.error().cause.starts_with(printable(c.http.token_file));
  return {{std::string{operation::http_kind}, is_token ? "token-file" : c.http.certificate.empty() ? "" : "certificate", wrong("[http]: " + who.error().cause, who.error().hint)}};
}

findings check_services(const node_config& c, std::span<const service_type> types) {
  findings out;
  for (const auto& s : c.services) {
    auto t = std::find_if(types.begin(), types.end(), [&](auto& one) { return one.name == s.type; });
    if (t == types.end())
      continue; // said when it was read
    // A service names one option at a time. Without that one it names the next, so that all of them are said.
    for (auto left = s; true;) {
      auto ok = check_service(*t, service_options{service_options::values{left.options.begin(), left.options.end()}});
      if (ok)
        break;
      auto named = option_named_in(ok.error().cause, left);
      if (named.empty() && !option_named_in(ok.error().cause, s).empty())
        break; // it misses the one that was wrong
      out.push_back({title(s), named, wrong("[" + printable(title(s)) + "]: " + ok.error().cause, ok.error().hint)});
      if (named.empty())
        break;
      left.options.erase(named);
    }
  }
  return out;
}

} // namespace ockam
