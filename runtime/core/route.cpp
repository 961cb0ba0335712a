// SPDX-License-Identifier: Apache-2.0
#include "runtime/core/route.hpp"

namespace ockam {

namespace {

std::string_view trim(std::string_view s) {
  auto first = s.find_first_not_of(" \t");
  return first == std::string_view::npos ? std::string_view{} : s.substr(first, s.find_last_not_of(" \t") - first + 1);
}

} // namespace

std::string to_string(const route& r) {
  std::string out;
  for (const auto& a : r)
    out += (out.empty() ? "" : " => ") + to_string(a);
  return out;
}

result<route> parse_route(std::string_view text) {
  route out;
  if (trim(text).empty())
    return out;
  for (bool more = true; more;) {
    auto arrow = text.find("=>");
    more = arrow != std::string_view::npos;
    auto a = parse_address(trim(text.substr(0, arrow)));
    if (!a)
      return std::move(a).error();
    if (out.size() == max_route_hops)
      return error{errc::too_large, "a route has at most " + std::to_string(max_route_hops) + " hops", {}};
    out.push_back(std::move(*a));
    if (more)
      text.remove_prefix(arrow + 2);
  }
  return out;
}

} // namespace ockam
