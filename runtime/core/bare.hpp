// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

/// BARE as the reference writes it (docs/protocol.md, BARE strings): strings and byte strings are a LEB128
/// length and the bytes. Payloads of the command line and of `uppercase` are one BARE string.
namespace ockam::bare {

/// Appends a LEB128 unsigned integer (at most 10 bytes).
void append_uint(std::vector<std::byte>& out, std::uint64_t value);

/// Appends length and bytes.
void append_string(std::vector<std::byte>& out, std::string_view text);

/// One BARE string as a payload.
std::vector<std::byte> encode_string(std::string_view text);

/// Reads a LEB128 integer from the front of `in` and moves `in` past it. Nothing when it is cut off,
/// over 10 bytes, or over 64 bits; `in` is then unchanged.
std::optional<std::uint64_t> read_uint(std::span<const std::byte>& in);

/// Reads a string (any bytes) from the front of `in` and moves `in` past it.
std::optional<std::string_view> read_string(std::span<const std::byte>& in);

/// The BARE string at the front of a payload: nothing when there is none or it is not UTF-8. Bytes after it are
/// ignored, as the reference does. What a payload as a whole means, `payload_text` says.
std::optional<std::string_view> decode_string(std::span<const std::byte> payload);

} // namespace ockam::bare
