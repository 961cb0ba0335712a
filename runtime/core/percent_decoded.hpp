// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace ockam {

/// Text with `%XX` in place of some bytes (RFC 3986, section 2.1), as those bytes. Nothing when a `%` is not followed by
/// two hex digits.
std::optional<std::string> percent_decoded(std::string_view text);

} // namespace ockam
