// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cli/ockam/invocation.hpp"

#include <string>

/// Options whose values are `key=value`: what only one kind of service or transport knows.
namespace ockam::cli {

/// For `option::check`.
inline result<void> check_pair(const std::string& text) {
  if (text.find('=') == std::string::npos || text.front() == '=')
    return error{errc::invalid_argument, "invalid key=value pair: no `=` found in `" + text + "`", {}};
  return {};
}

/// Writes the pairs of `--option` into a map of strings.
template <class Map>
void fill_options(const invocation& in, Map& out) {
  for (const auto& pair : in.args.list("option"))
    out[pair.substr(0, pair.find('='))] = pair.substr(pair.find('=') + 1);
}

} // namespace ockam::cli
