// SPDX-License-Identifier: Apache-2.0
#include "runtime/links/allow.hpp"

#include "runtime/core/log.hpp"

#include <algorithm>

namespace ockam {

bool allows_services(const std::vector<std::string>& allow) {
  return std::find(allow.begin(), allow.end(), services_word) != allow.end();
}

std::vector<std::string> or_services_if_first(std::vector<std::string> allow, bool first) {
  if (first && allow.empty())
    allow.emplace_back(services_word);
  std::erase(allow, nothing_word);
  return allow;
}

std::string allow_text(const std::vector<std::string>& allow) {
  std::string out;
  for (const auto& w : allow)
    out += (out.empty() ? "" : ", ") + w;
  return out.empty() ? std::string{nothing_word} : out;
}

void allow_workers(switchboard& board, std::uint32_t flow, const std::vector<std::string>& workers,
                   std::string_view transport) {
  for (const auto& w : workers)
    if (address a{w}; w != services_word && w != nothing_word && !board.allow(flow, a))
      log(level::warn, transport, "allow: there is no worker at " + to_string(a) + " yet");
}

} // namespace ockam
