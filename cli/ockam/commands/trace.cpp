// SPDX-License-Identifier: Apache-2.0
#include "cli/ockam/commands/commands.hpp"

#include "cli/ockam/items.hpp"
#include "cli/ockam/nodes.hpp"
#include "cli/ockam/sending.hpp"
#include "runtime/core/channel_parts.hpp"

#include <algorithm>
#include <cstdio>
#include <map>

namespace ockam::cli {

namespace {

std::string ms_text(std::uint64_t us) {
  char out[32];
  std::snprintf(out, sizeof(out), "%.3f ms", static_cast<double>(us) / 1000);
  return out;
}

double ms_number(std::uint64_t us) {
  return static_cast<double>(us) / 1000;
}

std::string padded(std::string text, std::size_t width) {
  text.resize(std::max(width, text.size()), ' ');
  return text;
}

/// Stands for a channel among the addresses of a route.
address channel_mark() { return address{"secure channel"}; }

/// Hops as they come in; those that never do are known from the route, at the end.
class trace_view {
 public:
  trace_view(output& out, route to) : out_{out}, route_{std::move(to)} {}

  void hop(const control::TraceHop& h) {
    if (h.type().starts_with("secure-channel with "))
      place_channel(h.number());
    silent_until(h.number(), "does not say"); // a later one was reached through it
    out_.line(row(h.number(), h.address(), h.node(), h.type(), ms_text(h.round_trip_us())
                  + (h.held_us() < 1000 ? "" : "  (" + ms_text(h.held_us()) + " in this node)")));
    hops_[h.number()] = {{"hop", h.number()},  {"address", h.address()}, {"node", h.node()},
                         {"type", h.type()},   {"round_trip_ms", ms_number(h.round_trip_us())},
                         {"held_ms", ms_number(h.held_us())}, {"answered", true}};
  }

  /// What the trace found, as JSON; the rest of it as lines.
  json end(const control::TraceEnd& e) {
    using control::TraceEnd;
    auto reached = e.outcome() == TraceEnd::ANSWERED || e.outcome() == TraceEnd::ARRIVED;
    silent_until(e.outcome() == TraceEnd::DIED ? e.number() : static_cast<std::uint32_t>(route_.size()) + 1,
                 reached || e.outcome() == TraceEnd::DIED ? "does not say" : "no answer");
    json found{{"hops", json::array()}, {"outcome", to_string(e.outcome())}, {"round_trip_ms", ms_number(e.round_trip_us())}};
    for (auto& [n, h] : hops_)
      found["hops"].push_back(std::move(h));
    if (e.outcome() == TraceEnd::DIED)
      found["died"] = {{"hop", e.number()}, {"address", e.address()}, {"node", e.node()}, {"reason", e.reason()}, {"detail", e.detail()}};
    if (e.outcome() == TraceEnd::ANSWERED)
      out_.line("answered after " + ms_text(e.round_trip_us()));
    if (e.outcome() == TraceEnd::ARRIVED)
      out_.line("arrived; the last worker does not reply");
    return found;
  }

  static std::string to_string(control::TraceEnd::Outcome o) {
    switch (o) {
      case control::TraceEnd::ANSWERED: return "answered";
      case control::TraceEnd::ARRIVED: return "arrived";
      case control::TraceEnd::DIED: return "died";
      default: return "silent";
    }
  }

 private:
  /// The next channel of the route has this number. Where that is more than the route says, a relay on the way to it has made
  /// the route longer, by hops whose addresses only nodes on the way know.
  void place_channel(std::uint32_t number) {
    auto next = std::find_if(route_.begin() + static_cast<std::ptrdiff_t>(placed_), route_.end(), [](auto& a) { return a == channel_mark(); });
    auto place = static_cast<std::size_t>(next - route_.begin()) + 1;
    if (next == route_.end() || number < place)
      return; // one that was there before, at the beginning of the route
    route_.insert(next, number - place, address{"?"});
    placed_ = number;
  }

  /// Hops before this one from which nothing has come.
  void silent_until(std::uint32_t number, const std::string& what) {
    for (std::uint32_t n = 1; n < number && n <= route_.size(); ++n) {
      if (hops_.contains(n))
        continue;
      auto address = ockam::to_string(route_[n - 1]);
      out_.line(row(n, address, "*", "", what));
      hops_[n] = {{"hop", n}, {"address", address}, {"answered", false}};
    }
  }

  static std::string row(std::uint32_t number, const std::string& address, const std::string& node, const std::string& type, const std::string& rest) {
    auto n = std::to_string(number);
    return std::string(n.size() < 3 ? 3 - n.size() : 0, ' ') + n + "  " + padded(address, 34) + "  " + padded(node, 12) + "  " + padded(type, 12) + "  " + rest;
  }

  output& out_;
  route route_;
  std::size_t placed_ = 0; ///< addresses up to the last channel that was heard of
  std::map<std::uint32_t, json> hops_;
};

/// The error that a trace which did not arrive ends with.
error failure(const control::TraceEnd& e) {
  if (e.outcome() == control::TraceEnd::SILENT)
    return {errc::timed_out, "nothing more was heard of the message",
            "hops of other implementations do not answer; the first hop without an answer is the one to look at"};
  return {errc::undeliverable, "undeliverable at hop " + std::to_string(e.number()) + " (" + e.address() + (e.node().empty() ? "" : " on node " + e.node()) + "): "
                                 + e.reason() + (e.detail().empty() ? "" : ": " + e.detail()), {}};
}

/// What the node numbers: the addresses of the route, and behind each listener the channel that begins there.
result<route> hops_of(const std::string& text) {
  auto parsed = parse_multiaddr(text);
  if (!parsed)
    return std::move(parsed).error();
  route out;
  auto parts = split_at_channels(*parsed);
  for (std::size_t i = 0; i < parts.size(); ++i) {
    auto to = to_route(parts[i]);
    if (!to)
      return to;
    if (i > 0)
      out.push_back(channel_mark());
    out.insert(out.end(), to->begin(), to->end());
  }
  return out;
}

/// How a trace ended, and what it found, as JSON.
struct traced {
  control::TraceEnd end;
  json found;
};

/// Sends one message along `to` from the node, and shows its hops as they come in.
result<traced> follow(invocation& in, const std::string& node, const std::string& to) {
  auto hops = hops_of(to);
  if (!hops)
    return std::move(hops).error();
  auto c = open_node(in, node);
  if (!c)
    return std::move(c).error();
  control::Request r;
  r.mutable_trace_route()->set_route(to);
  trace_view view{in.out, std::move(*hops)};
  auto answered = c->call(std::move(r), in.by());
  while (answered && answered->has_trace_hop()) {
    view.hop(answered->trace_hop());
    answered = c->more(in.by());
  }
  if (!answered)
    return std::move(answered).error();
  auto found = view.end(answered->trace_end());
  found["from"] = node;
  found["route"] = to;
  return traced{answered->trace_end(), std::move(found)};
}

/// Where the channel leads that the route begins with; empty when it begins with none of that node.
result<std::string> way_of_channel(invocation& in, const std::string& node, const std::string& to) {
  auto hops = hops_of(to);
  if (!hops || hops->empty())
    return std::string{};
  auto all = items_of(in, node, "secure-channel");
  if (!all)
    return std::move(all).error();
  const auto* channel = find_item(*all, hops->front().name);
  return channel ? field_of(*channel, "to") : std::string{};
}

/// A message in a channel hides the hops that the channel itself takes: they are traced first, outermost first.
result<void> trace_outside(invocation& in, const std::string& node, const std::string& to, json& outside) {
  constexpr std::size_t deepest = 8; // channels in channels
  std::vector<std::string> ways;
  for (auto way = way_of_channel(in, node, to); ways.size() < deepest; way = way_of_channel(in, node, *way)) {
    if (!way)
      return std::move(way).error();
    if (way->empty())
      break;
    ways.push_back(*way);
  }
  for (auto way = ways.rbegin(); way != ways.rend(); ++way) {
    in.out.line("outside of the channel, along " + *way);
    auto found = follow(in, node, *way);
    if (!found)
      return std::move(found).error();
    outside.push_back(std::move(found->found));
  }
  return {};
}

result<void> trace(invocation& in) {
  auto origin = resolve_route(in, in.args.get("ROUTE"), in.args.get("from"));
  if (!origin)
    return std::move(origin).error();
  in.out.line("trace from node " + origin->node + " along " + origin->route);
  auto outside = json::array();
  if (auto ok = trace_outside(in, origin->node, origin->route, outside); !ok)
    return ok;
  if (!outside.empty())
    in.out.line("within the channel");
  auto done = follow(in, origin->node, origin->route);
  if (!done)
    return std::move(done).error();
  if (!outside.empty())
    done->found["outside"] = std::move(outside);
  if (in.out.style().as_json)
    if (auto ok = in.out.show({std::move(done->found), {}}); !ok)
      return ok;
  const auto& e = done->end;
  if (e.outcome() == control::TraceEnd::DIED || e.outcome() == control::TraceEnd::SILENT)
    return failure(e);
  return {};
}

} // namespace

std::vector<command> trace_command() {
  return {{.path = "trace",
           .about = "Show the hops of a route, how long it takes to each, and where a message dies",
           .arguments = {{.name = "ROUTE", .about = "/node/n1/service/hop/node/n2/service/echo", .check = &check_route}},
           .options = {node_option("from", "Node to send from"), timeout_option()},
           .example = "ockam trace /node/n1/service/echo",
           .run = &trace}};
}

} // namespace ockam::cli
