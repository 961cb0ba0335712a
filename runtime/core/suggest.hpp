// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace ockam {

/// The candidate that `word` most likely was meant to be, for "did you mean": at most a third of its
/// letters differ (Damerau-Levenshtein distance), the closest wins, the first of equals. Nothing when
/// none is near.
std::optional<std::string> nearest(std::string_view word, std::span<const std::string_view> candidates);
std::optional<std::string> nearest(std::string_view word, const std::vector<std::string>& candidates);

} // namespace ockam
