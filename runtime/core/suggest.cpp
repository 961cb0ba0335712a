// SPDX-License-Identifier: Apache-2.0
#include "runtime/core/suggest.hpp"

#include "runtime/core/address.hpp"

#include <algorithm>

namespace ockam {

namespace {

std::size_t distance(std::string_view a, std::string_view b) {
  auto columns = b.size() + 1;
  std::vector<std::size_t> d((a.size() + 1) * columns);
  auto at = [&](std::size_t i, std::size_t j) -> std::size_t& { return d[i * columns + j]; };
  for (std::size_t i = 0; i <= a.size(); ++i)
    at(i, 0) = i;
  for (std::size_t j = 0; j <= b.size(); ++j)
    at(0, j) = j;
  for (std::size_t i = 1; i <= a.size(); ++i)
    for (std::size_t j = 1; j <= b.size(); ++j) {
      auto cost = a[i - 1] == b[j - 1] ? 0u : 1u;
      auto best = std::min({at(i - 1, j) + 1, at(i, j - 1) + 1, at(i - 1, j - 1) + cost});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
        best = std::min(best, at(i - 2, j - 2) + 1);
      at(i, j) = best;
    }
  return at(a.size(), b.size());
}

} // namespace

std::optional<std::string> nearest(std::string_view word, std::span<const std::string_view> candidates) {
  constexpr std::size_t longest = 128; // what a user types; beyond it nothing is near
  if (word.empty() || word.size() > longest)
    return std::nullopt;
  auto limit = std::max<std::size_t>(1, word.size() / 3);
  std::optional<std::string> best;
  for (auto c : candidates) {
    if (c.size() > longest)
      continue;
    auto n = distance(word, c);
    if (n <= limit && n > 0 && printable(c) != printable(word)) { // which would read like what was typed
      best = std::string{c};
      limit = n - 1;
    }
    if (limit == 0)
      break;
  }
  return best;
}

std::optional<std::string> nearest(std::string_view word, const std::vector<std::string>& candidates) {
  std::vector<std::string_view> views{candidates.begin(), candidates.end()};
  return nearest(word, std::span<const std::string_view>{views});
}

} // namespace ockam
