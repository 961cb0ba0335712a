// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string_view>

namespace ockam {

/// The text that a payload is: the one rule for what a sender meant (docs/protocol.md, What a payload is), for
/// services, scripts and the command line. The Python client has the same one (python/ockam_client/payloads.py).
///
/// 1. A JSON object or array is JSON as it stands, and no text.
/// 2. A BARE string that fills the payload, its length in the shortest form, and is UTF-8, is a text.
/// 3. Anything else is bytes.
///
/// The first line matters where a payload is both: `{` is the length 123, so a JSON object of 124 bytes looks like
/// a string that has lost its brace.
std::optional<std::string_view> payload_text(std::span<const std::byte> payload);

} // namespace ockam
