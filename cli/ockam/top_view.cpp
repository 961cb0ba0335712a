// SPDX-License-Identifier: Apache-2.0
#include "cli/ockam/top_view.hpp"

#include "cli/ockam/columns.hpp"
#include "cli/ockam/views.hpp"
#include "runtime/core/address.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>

namespace ockam::cli {

namespace {

std::string formatted(const char* format, double n) {
  std::array<char, 48> out{};
  std::snprintf(out.data(), out.size(), format, n);
  return out.data();
}

std::uint64_t sum(const google::protobuf::RepeatedPtrField<control::Counter>& all) {
  std::uint64_t n = 0;
  for (const auto& c : all)
    n += c.value();
  return n;
}

/// A second; what counts backwards (the node was started anew) is none.
double rate(std::uint64_t before, std::uint64_t now, double seconds) {
  return now < before || seconds <= 0 ? 0 : std::round(static_cast<double>(now - before) / seconds * 10) / 10;
}

const control::ConnectionInfo* same_link(const node_sample* s, const control::ConnectionInfo& l) {
  if (!s)
    return nullptr;
  auto it = std::find_if(s->links.begin(), s->links.end(), [&](auto& one) { return one.worker_address() == l.worker_address(); });
  return it == s->links.end() ? nullptr : &*it;
}

json link_data(const control::ConnectionInfo& l, const control::ConnectionInfo* before, double seconds) {
  static const control::ConnectionInfo none;
  const auto& b = before ? *before : none;
  auto per = [&](std::uint64_t was, std::uint64_t is) { return before ? rate(was, is, seconds) : 0; };
  return {{"transport", l.transport()}, {"mode", l.mode()}, {"peer", printable(l.peer().empty() ? l.socket_address() : l.peer())}, {"address", printable(l.worker_address())},
          {"state", l.state()}, {"messages_in_per_second", per(b.messages_in(), l.messages_in())}, {"messages_out_per_second", per(b.messages_out(), l.messages_out())},
          {"bytes_in_per_second", per(b.bytes_in(), l.bytes_in())}, {"bytes_out_per_second", per(b.bytes_out(), l.bytes_out())},
          {"queued_bytes", l.queued_bytes()}, {"pending_bytes", l.pending_bytes()}, {"dropped", l.dropped()}, {"pauses", l.pauses()}, {"reconnects", l.reconnects()}};
}

double traffic(const json& link) {
  return link["bytes_in_per_second"].get<double>() + link["bytes_out_per_second"].get<double>();
}

json node_data(const node_sample* before, const node_sample& now) {
  if (!now.trouble.empty())
    return {{"name", now.name}, {"trouble", now.trouble}};
  bool has_before = before && before->trouble.empty() && before->info.pid() == now.info.pid();
  auto seconds = has_before ? std::chrono::duration<double>(now.at - before->at).count() : 0;
  auto per = [&](std::uint64_t was, std::uint64_t is) { return has_before ? rate(was, is, seconds) : 0; };
  const auto& i = now.info;
  json dropped = json::object(), links = json::array();
  for (const auto& c : i.dropped())
    if (c.value() > 0)
      dropped[c.name()] = c.value();
  for (const auto& l : now.links)
    links.push_back(link_data(l, has_before ? same_link(before, l) : nullptr, seconds));
  std::stable_sort(links.begin(), links.end(), [](auto& l, auto& r) { return traffic(l) > traffic(r); });
  return {{"name", now.name}, {"pid", i.pid()}, {"uptime_ms", i.uptime_ms()}, {"messages", i.messages()},
          {"messages_per_second", per(has_before ? before->info.messages() : 0, i.messages())}, {"memory_used", i.memory_used()}, {"memory_limit", i.memory_limit()},
          {"resident", now.resident}, {"connections", i.connections()}, {"max_connections", i.max_connections()}, {"workers", i.workers()},
          {"dropped", dropped}, {"dropped_per_second", per(has_before ? sum(before->info.dropped()) : 0, sum(i.dropped()))},
          {"refused_per_second", per(has_before ? sum(before->info.refused()) : 0, sum(i.refused()))}, {"overdue", i.overdue_size()}, {"links", links}};
}

std::string node_line(const json& n) {
  auto name = n["name"].get<std::string>();
  if (n.contains("trouble"))
    return "  x " + name + "  " + n["trouble"].get<std::string>() + "\n";
  auto get = [&](const char* key) { return n[key].get<double>(); };
  auto out = "  ✔ " + name + "  up " + uptime_text(n["uptime_ms"].get<std::uint64_t>()) + "  " + short_count(get("messages_per_second")) + " msg/s  memory "
             + short_size(get("memory_used")) + " of " + short_size(get("memory_limit"));
  if (get("resident") > 0)
    out += "  resident " + short_size(get("resident"));
  out += "  connections " + std::to_string(n["connections"].get<std::uint64_t>()) + " of " + std::to_string(n["max_connections"].get<std::uint64_t>()) + "  workers "
         + std::to_string(n["workers"].get<std::uint64_t>()) + "\n";
  std::string reasons;
  for (const auto& [why, count] : n["dropped"].items())
    reasons += "  " + why + " " + std::to_string(count.get<std::uint64_t>());
  if (!reasons.empty())
    out += "      dropped " + short_count(get("dropped_per_second")) + "/s, in all:" + reasons + "\n";
  if (n["overdue"].get<int>() > 0)
    out += "  ! " + std::to_string(n["overdue"].get<int>()) + " workers do not return\n";
  return out;
}

columns links_table(const json& nodes) {
  columns out{{"NODE"}, {"LINK"}, {"PEER", false, true}, {"STATE"}, {"MSG/S IN", true}, {"MSG/S OUT", true}, {"B/S IN", true}, {"B/S OUT", true}, {"QUEUED", true}, {"DROPPED", true}, {"PAUSES", true}};
  std::vector<std::pair<std::string, json>> all;
  for (const auto& n : nodes)
    if (n.contains("links"))
      for (const auto& l : n["links"])
        all.emplace_back(n["name"].get<std::string>(), l);
  std::stable_sort(all.begin(), all.end(), [](auto& l, auto& r) { return traffic(l.second) > traffic(r.second); });
  for (const auto& [node, l] : all) {
    auto number = [&, &link = l](const char* key) { return link[key].get<double>(); };
    out.add({node, l["transport"].get<std::string>() + (l["mode"] == "Outgoing" ? " →" : " ←"), l["peer"].get<std::string>(), l["state"].get<std::string>(),
             short_count(number("messages_in_per_second")), short_count(number("messages_out_per_second")), short_size(number("bytes_in_per_second")),
             short_size(number("bytes_out_per_second")), short_size(number("queued_bytes")), short_count(number("dropped")), short_count(number("pauses"))});
  }
  return out;
}

} // namespace

std::string short_count(double n) {
  for (auto [unit, name] : {std::pair{1e9, " G"}, {1e6, " M"}, {1e3, " k"}})
    if (n >= unit)
      return formatted("%.3g", n / unit) + name;
  return formatted("%.3g", n);
}

std::string short_size(double bytes) {
  for (auto [unit, name] : {std::pair{1073741824.0, " GiB"}, {1048576.0, " MiB"}, {1024.0, " KiB"}})
    if (bytes >= unit)
      return formatted(bytes / unit < 100 ? "%.1f" : "%.0f", bytes / unit) + name;
  return formatted("%.0f", bytes) + " B";
}

json top_data(const std::vector<node_sample>& before, const std::vector<node_sample>& now) {
  auto nodes = json::array();
  for (std::size_t i = 0; i < now.size(); ++i)
    nodes.push_back(node_data(i < before.size() ? &before[i] : nullptr, now[i]));
  return {{"nodes", nodes}};
}

std::string top_page(const json& data, std::size_t width, std::size_t height) {
  std::string out;
  for (const auto& n : data["nodes"])
    out += node_line(n);
  auto table = links_table(data["nodes"]);
  out += table.empty() ? "\n    no links" : "\n" + table.text(width);
  if (height == 0)
    return out;
  std::string cut;
  std::size_t lines = 0;
  for (std::string_view rest = out; !rest.empty() && lines < height; ++lines) {
    auto end = rest.find('\n');
    cut += (cut.empty() ? "" : "\n") + (width == 0 ? std::string{rest.substr(0, end)} : cut_to(rest.substr(0, end), width));
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
  }
  return cut;
}

} // namespace ockam::cli
