// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

namespace ockam {

/// Whether `bytes` are well-formed UTF-8 (no surrogates, no over-long forms, at most U+10FFFF).
bool is_utf8(std::string_view bytes) noexcept;

} // namespace ockam
