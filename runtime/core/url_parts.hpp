// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string_view>

namespace ockam {

/// Of the part of a URL that names the host: whether it names no port, as `host` and `[::1]`.
bool lacks_port(std::string_view authority) noexcept;

/// Largest path and query that is taken.
inline constexpr std::size_t max_url_target = 1024;

/// Whether these are a path and a query that fit there: the characters of RFC 3986, sections 3.3 and 3.4; others are
/// written in percent signs.
bool is_url_target(std::string_view target) noexcept;

} // namespace ockam
