// SPDX-License-Identifier: Apache-2.0
#include "runtime/core/payload_text.hpp"

#include "runtime/core/bare.hpp"
#include "runtime/core/utf8.hpp"

#include <nlohmann/json.hpp>

namespace ockam {

std::optional<std::string_view> payload_text(std::span<const std::byte> payload) {
  auto rest = payload;
  auto length = bare::read_uint(rest);
  auto head = payload.size() - rest.size();
  if (!length || *length != rest.size() || (head > 1 && payload[head - 1] == std::byte{0})) // a longer form than there must be
    return std::nullopt;
  std::string_view text{reinterpret_cast<const char*>(rest.data()), rest.size()};
  if (!is_utf8(text))
    return std::nullopt;
  std::string_view whole{reinterpret_cast<const char*>(payload.data()), payload.size()};
  if ((whole.front() == '{' || whole.front() == '[') && nlohmann::json::accept(whole)) // of 124 or 92 bytes
    return std::nullopt;
  return text;
}

} // namespace ockam
