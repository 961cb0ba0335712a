// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "identity/digest.hpp"
#include "runtime/core/error.hpp"

#include <compare>
#include <string>
#include <string_view>

namespace ockam::identities {

/// The hash of a change, which names it: SHA-256 of its signed bytes.
using change_hash = digest;

/// Who somebody is: the hash of the first change of their history. It never changes, whatever keys follow. As text `I`
/// and 64 hex digits. A plain value, public.
struct identifier {
  digest hash{};

  friend auto operator<=>(const identifier&, const identifier&) = default;
  friend bool operator==(const identifier&, const identifier&) = default;
};

std::string to_string(const identifier& who);
/// Reads `I…`, blanks around it ignored, hex digits of either case. Errors: `invalid_argument`.
result<identifier> parse_identifier(std::string_view text);

} // namespace ockam::identities
