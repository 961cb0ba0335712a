// SPDX-License-Identifier: Apache-2.0
#include "cli/ockam/routes.hpp"

#include "runtime/core/endpoint.hpp"

#include <algorithm>
#include <optional>
#include <utility>

namespace ockam::cli {

namespace {

/// Whether a message may leave the node at this worker: links have 32 hex digits, relays a prefix.
bool may_leave(const multiaddr::part& p) {
  using proto = multiaddr_protocol;
  if (p.protocol != proto::service && p.protocol != proto::worker)
    return true;
  auto hex = [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); };
  return (p.value.size() == 32 && std::all_of(p.value.begin(), p.value.end(), hex)) || p.value.starts_with("forward_to_");
}

/// `0.0.0.0:N` and `[::]:N` are reached over loopback.
result<void> append_address(multiaddr& out, const std::string& socket_address) {
  using proto = multiaddr_protocol;
  auto e = parse_endpoint(socket_address);
  if (!e)
    return std::move(e).error();
  bool v6 = e->host.find(':') != std::string::npos;
  auto host = e->host == "0.0.0.0" ? "127.0.0.1" : e->host == "::" ? "::1" : e->host;
  out.parts.push_back({v6 ? proto::ip6 : is_ip_literal(host) ? proto::ip4 : proto::dnsaddr, host});
  out.parts.push_back({proto::tcp, std::to_string(e->port)});
  return {};
}

std::string filled_in(const std::string& word, const std::string& line) {
  std::string out;
  std::size_t pos = 0;
  while (true) {
    auto slash = word.find('/', pos);
    auto part = word.substr(pos, slash == std::string::npos ? slash : slash - pos);
    if (part != "-") {
      out += part;
    } else {
      // The line may bring its own slash along, or none.
      if (out.ends_with('/') && line.starts_with('/'))
        out.pop_back();
      else if (pos == 0 && !line.starts_with('/'))
        out += '/';
      out += line;
    }
    if (slash == std::string::npos)
      return out;
    if (part != "-" || !out.ends_with('/'))
      out += '/';
    pos = slash + 1;
  }
}

bool has_pipe_part(const std::string& word) {
  return word.starts_with("-/") || word.find("/-/") != std::string::npos || word.ends_with("/-");
}

} // namespace

result<planned_route> plan_route(const multiaddr& to, const std::string& from, const node_lookup& lookup) {
  planned_route out{from, {}};
  std::optional<std::string> here; // the node where the message is, as far as that can be told
  if (!from.empty())
    here = from;
  bool first = true;
  for (const auto& p : to.parts) {
    if (p.protocol != multiaddr_protocol::node) {
      if (may_leave(p))
        here.reset();
      out.to.parts.push_back(p);
    } else if (first && from.empty()) {
      out.from = p.value;
      here = p.value;
    } else if (here != p.value) {
      auto address = lookup(p.value);
      if (!address)
        return std::move(address).error();
      if (auto ok = append_address(out.to, *address); !ok)
        return std::move(ok).error();
      here = p.value;
    }
    first = false;
  }
  return out;
}

std::vector<emptied_word> take_pipe(std::vector<std::string>& words, const std::function<std::string()>& read_line) {
  std::vector<emptied_word> emptied;
  std::optional<std::string> line;
  for (auto& w : words) {
    if (!has_pipe_part(w))
      continue;
    if (!line)
      line = read_line();
    auto typed = std::exchange(w, filled_in(w, *line));
    if (line->empty())
      emptied.push_back({std::move(typed), w});
  }
  return emptied;
}

result<void> check_route(const std::string& text) {
  auto m = parse_multiaddr(text);
  if (!m)
    return std::move(m).error();
  return {};
}

} // namespace ockam::cli
