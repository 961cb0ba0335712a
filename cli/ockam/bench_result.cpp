// SPDX-License-Identifier: Apache-2.0
#include "cli/ockam/bench_result.hpp"

#include "cli/ockam/columns.hpp"
#include "runtime/core/address.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <vector>

namespace ockam::cli {

namespace {

struct percentile {
  const char* name;
  double part;
};
constexpr std::array<percentile, 5> percentiles{{{"p50", 0.5}, {"p90", 0.9}, {"p99", 0.99}, {"p99.9", 0.999}, {"p99.99", 0.9999}}};

std::string formatted(const char* format, double value) {
  std::array<char, 64> out{};
  std::snprintf(out.data(), out.size(), format, value);
  return out.data();
}

/// Three digits and a unit: 12.3 k, 1.23 M.
std::string short_number(double n) {
  for (auto [unit, name] : {std::pair{1e9, " G"}, {1e6, " M"}, {1e3, " k"}})
    if (n >= unit)
      return formatted("%.3g", n / unit) + name;
  return formatted("%.3g", n) + " ";
}

double us(double ns) {
  return std::round(ns) / 1000;
}

/// Rows of a histogram: neighbouring classes together, so that there are at most this many.
struct row {
  std::uint64_t from_ns;
  std::uint64_t to_ns;
  std::uint64_t count;
};

std::vector<row> rows_of(const fine_histogram& h, std::size_t most_rows) {
  std::size_t first = fine_histogram::size, last = 0;
  for (std::size_t i = 0; i < fine_histogram::size; ++i)
    if (h[i] > 0) {
      first = std::min(first, i);
      last = i;
    }
  std::vector<row> out;
  if (first > last)
    return out;
  auto step = (last - first) / most_rows + 1;
  for (auto i = first; i <= last; i += step) {
    row r{fine_histogram::least_ns(i), fine_histogram::least_ns(std::min(i + step, fine_histogram::size - 1)), 0};
    for (auto k = i; k < i + step && k <= last; ++k)
      r.count += h[k];
    out.push_back(r);
  }
  return out;
}

std::string bars(const fine_histogram& h, std::size_t width) {
  constexpr std::size_t most_rows = 16, beside = 40;
  constexpr std::array<const char*, 8> eighths{"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
  auto rows = rows_of(h, most_rows);
  std::uint64_t most = 1;
  for (const auto& r : rows)
    most = std::max(most, r.count);
  auto room = std::max<std::size_t>(10, (width == 0 ? 80 : width) - std::min(width == 0 ? 80 : width, beside));
  std::string out;
  for (const auto& r : rows) {
    auto from = time_text(static_cast<double>(r.from_ns));
    auto parts = r.count * room * 8 / most;
    std::string bar;
    for (std::uint64_t i = 0; i < parts / 8; ++i)
      bar += "█";
    bar += eighths[parts % 8];
    if (parts == 0 && r.count > 0)
      bar = "▏";
    out += std::string(from.size() < 12 ? 12 - display_width(from) : 0, ' ') + from + " │" + bar + " " + std::to_string(r.count) + "\n";
  }
  return out;
}

} // namespace

double bench_result::messages_per_second() const {
  return elapsed_us == 0 ? 0 : static_cast<double>(answered_in_time) * 1e6 / static_cast<double>(elapsed_us);
}

std::string time_text(double ns) {
  if (ns >= 1e9)
    return formatted("%.3f s", ns / 1e9);
  if (ns >= 1e6)
    return formatted("%.3f ms", ns / 1e6);
  return formatted("%.1f µs", ns / 1e3);
}

json to_json(const bench_result& r) {
  json latency = json::object();
  latency["min"] = us(static_cast<double>(r.least_ns));
  latency["mean"] = r.answered == 0 ? 0 : us(r.sum_ns / static_cast<double>(r.answered));
  for (const auto& p : percentiles)
    latency[p.name] = us(std::min(static_cast<double>(r.latencies.quantile_ns(p.part)), static_cast<double>(r.most_ns)));
  latency["max"] = us(static_cast<double>(r.most_ns));
  auto histogram = json::array();
  for (const auto& one : rows_of(r.latencies, fine_histogram::size))
    if (one.count > 0)
      histogram.push_back({{"from_us", us(static_cast<double>(one.from_ns))}, {"to_us", us(static_cast<double>(one.to_ns))}, {"count", one.count}});
  json errors = json::object();
  std::uint64_t failed = 0;
  for (const auto& [name, n] : r.errors) {
    errors[printable(name)] = n;
    failed += n;
  }
  auto per_second = r.messages_per_second();
  return {{"what", r.what}, {"from", r.from.empty() ? json{} : json(r.from)}, {"size", r.size}, {"in_flight", r.in_flight}, {"rate", r.rate},
          {"seconds", static_cast<double>(r.elapsed_us) / 1e6}, {"sent", r.sent}, {"answered", r.answered}, {"failed", failed}, {"errors", errors},
          {"messages_per_second", std::round(per_second * 10) / 10}, {"bytes_per_second", std::round(per_second * static_cast<double>(r.size))},
          {"latency_us", r.answered == 0 ? json{} : latency}, {"histogram", histogram}};
}

std::string page(const bench_result& r, std::size_t width) {
  auto per_second = r.messages_per_second();
  auto out = std::to_string(r.answered) + " answered of " + std::to_string(r.sent) + " sent in " + formatted("%.1f s", static_cast<double>(r.elapsed_us) / 1e6) + "\n"
             + "throughput  " + short_number(per_second) + "messages/s  " + short_number(per_second * static_cast<double>(r.size)) + "B/s\n";
  if (r.answered > 0) {
    auto j = to_json(r)["latency_us"];
    out += "latency     ";
    for (const char* name : {"min", "mean", "p50", "p90", "p99", "p99.9", "max"})
      out += std::string{name} + " " + time_text(j[name].get<double>() * 1000) + (std::string_view{name} == "max" ? "\n" : "  ");
    out += "\n" + bars(r.latencies, width);
  }
  for (const auto& [name, n] : r.errors)
    out += "  ! " + std::to_string(n) + " " + printable(name) + "\n";
  if (!out.empty())
    out.pop_back();
  return out;
}

std::string progress_line(const bench_result& r) {
  std::uint64_t failed = 0;
  for (const auto& [name, n] : r.errors)
    failed += n;
  return formatted("%.1f s", static_cast<double>(r.elapsed_us) / 1e6) + "  " + short_number(r.messages_per_second()) + "messages/s  p50 "
         + time_text(static_cast<double>(r.latencies.quantile_ns(0.5))) + "  p99 " + time_text(static_cast<double>(r.latencies.quantile_ns(0.99)))
         + (failed > 0 ? "  " + std::to_string(failed) + " failed" : "");
}

result<json> compare(const bench_result& now, const json& before) {
  if (!before.is_object() || !before.contains("messages_per_second") || !before["messages_per_second"].is_number())
    return error{errc::invalid_argument, "the earlier run is not a result of bench", "one that --save FILE or --output json has made"};
  auto is = to_json(now);
  auto rows = json::array();
  auto add = [&](const std::string& name, const json& was, const json& now_is) {
    if (was.is_number() && now_is.is_number())
      rows.push_back({{"name", name}, {"before", was}, {"now", now_is}, {"ratio", was.get<double>() > 0 ? json(now_is.get<double>() / was.get<double>()) : json{}}});
  };
  add("messages_per_second", before["messages_per_second"], is["messages_per_second"]);
  auto latency = before.value("latency_us", json{});
  for (const char* name : {"p50", "p90", "p99", "p99.9", "max"})
    if (latency.is_object() && is["latency_us"].is_object())
      add(std::string{"latency_us."} + name, latency.value(name, json{}), is["latency_us"][name]);
  add("failed", before.value("failed", json{}), is["failed"]);
  return rows;
}

std::string comparison_page(const json& rows) {
  columns table{{"FIGURE"}, {"BEFORE", true}, {"NOW", true}, {"CHANGE", true}};
  for (const auto& r : rows) {
    auto change = r["ratio"].is_number() ? formatted("%+.1f %%", (r["ratio"].get<double>() - 1) * 100) : std::string{"-"};
    table.add({r["name"].get<std::string>(), formatted("%.1f", r["before"].get<double>()), formatted("%.1f", r["now"].get<double>()), change});
  }
  return table.text(0);
}

} // namespace ockam::cli
