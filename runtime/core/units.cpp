// SPDX-License-Identifier: Apache-2.0
#include "runtime/core/units.hpp"

#include "runtime/core/address.hpp"

#include <array>
#include <charconv>
#include <limits>
#include <optional>

namespace ockam {

namespace {

struct unit {
  std::string_view name;
  std::uint64_t factor;
};
constexpr std::array<unit, 6> time_units{
  {{"d", 86'400'000}, {"h", 3'600'000}, {"m", 60'000}, {"s", 1'000}, {"ms", 1}, {"", 1'000}}};
constexpr std::array<unit, 8> size_units{{{"GiB", 1u << 30}, {"MiB", 1u << 20}, {"KiB", 1u << 10}, {"", 1},
                                          {"g", 1u << 30}, {"m", 1u << 20}, {"k", 1u << 10}, {"B", 1}}};

template <std::size_t N>
std::optional<std::uint64_t> parse(std::string_view text, const std::array<unit, N>& units) {
  std::uint64_t n = 0;
  auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), n);
  if (ec != std::errc{} || end == text.data())
    return std::nullopt;
  auto name = text.substr(static_cast<std::size_t>(end - text.data()));
  constexpr auto most = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  for (const auto& u : units)
    if (u.name == name)
      return n > most / u.factor ? std::nullopt : std::optional{n * u.factor};
  return std::nullopt;
}

} // namespace

result<std::chrono::milliseconds> parse_duration(std::string_view text) {
  auto ms = parse(text, time_units);
  constexpr std::uint64_t most = 100ull * 365 * 86'400'000; // a clock counts nanoseconds in 63 bits: 292 years
  if (!ms || *ms > most)
    return error{errc::invalid_argument, "\"" + printable(text) + "\" is not a duration", "for example 10s, 500ms or 2m"};
  return std::chrono::milliseconds{static_cast<std::int64_t>(*ms)};
}

std::string to_string(std::chrono::milliseconds d) {
  auto n = static_cast<std::uint64_t>(d.count());
  for (const auto& u : time_units)
    if (n % u.factor == 0 && n >= u.factor)
      return std::to_string(n / u.factor) + std::string{u.name};
  return std::to_string(n) + "ms";
}

result<std::uint64_t> parse_size(std::string_view text) {
  auto n = parse(text, size_units);
  if (!n)
    return error{errc::invalid_argument, "\"" + printable(text) + "\" is not a size in bytes", "for example 4096, 64KiB or 16MiB"};
  return *n;
}

std::string size_text(std::uint64_t bytes) {
  for (const auto& u : size_units)
    if (bytes % u.factor == 0 && bytes >= u.factor)
      return std::to_string(bytes / u.factor) + std::string{u.name};
  return std::to_string(bytes);
}

std::vector<std::string> split_list(std::string_view text) {
  std::vector<std::string> out;
  while (true) {
    auto comma = text.find(',');
    auto item = text.substr(0, comma);
    auto first = item.find_first_not_of(" \t");
    if (first != std::string_view::npos)
      out.emplace_back(item.substr(first, item.find_last_not_of(" \t") - first + 1));
    if (comma == std::string_view::npos)
      return out;
    text.remove_prefix(comma + 1);
  }
}

result<double> parse_ratio(std::string_view text) {
  double n = 0;
  auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), n, std::chars_format::fixed);
  if (text.empty() || ec != std::errc{} || end != text.data() + text.size() || !(n >= 0 && n <= 1))
    return error{errc::invalid_argument, "\"" + printable(text) + "\" is no number from 0 to 1", "for example 0.1"};
  return n;
}

} // namespace ockam
