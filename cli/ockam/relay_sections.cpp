// SPDX-License-Identifier: Apache-2.0
#include "cli/ockam/relay_sections.hpp"

#include "cli/ockam/nodes.hpp"
#include "cli/ockam/sending.hpp"
#include "relays/keys.hpp"
#include "runtime/core/address.hpp"

namespace ockam::cli {

result<std::string> resolve_relay_route(invocation& in, const std::string& at, const std::string& node) {
  if (at.empty())
    return error{errc::permission_denied, "There is no default project defined",
                 "name the node that is to have the relay: --at /node/NAME"};
  auto typed = parse_multiaddr(at.find('/') == std::string::npos ? "/node/" + at : at);
  if (!typed)
    return error{errc::invalid_argument, "invalid value '(\"" + printable(at) + "\")' for 'at': " + typed.error().cause,
                 typed.error().hint};
  auto plan = plan_route(
    *typed, node, [&](const std::string& name) { return tcp_address_of(in, name, whether_it_runs::does_not_matter); });
  if (!plan)
    return std::move(plan).error();
  if (plan->to.parts.empty())
    return error{errc::invalid_route, "node " + node + " cannot have a relay at itself",
                 "name another one: --at /node/NAME"};
  auto text = to_string(plan->to);
  if (auto ok = parse_relay_route(text); !ok)
    return std::move(ok).error();
  return text;
}

result<void> resolve_relay_sections(invocation& in, ini_file& ini, const std::string& node) {
  for (auto* s : ini.of_kind(relay_kind)) {
    if (auto to = s->take("to"); !to.empty()) {
      auto name = plain_node_name(to);
      if (!name)
        return std::move(name).error();
      if (*name != node)
        return error{errc::invalid_config,
                     "[" + printable(s->title) + "]: to = " + printable(to) + " is another node than " + node,
                     "a node's configuration has its own relays"};
    }
    auto at = resolve_relay_route(in, s->take("at"), node);
    if (!at)
      return std::move(at).error();
    s->set("at", std::move(*at));
  }
  return {};
}

} // namespace ockam::cli
