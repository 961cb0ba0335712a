// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "runtime/node/config.hpp"
#include "runtime/core/error.hpp"

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace ockam {

/// One key of the section `[node]` or `[routing]`; also the command-line option of the same name.
struct node_key {
  std::string_view name;
  std::string_view value;  ///< what it takes, for help: SIZE, DURATION, N, …
  std::string_view about;
  /// Sets it. Error: `invalid_config`, only the cause: `"x" is not …`.
  result<void> (*set)(node_config& c, const std::string& text);
};

/// All of them, in the order of help.
std::span<const node_key> node_keys();
/// Those of the section `[routing]`, options as well.
std::span<const node_key> routing_keys();

/// One key of the sections of connections, of every transport, beside `address` and `allow`.
struct connection_key {
  std::string_view name;
  /// Sets it. Error: `invalid_config`, only the cause.
  result<void> (*set)(connection_config& c, const std::string& text);
};
std::span<const connection_key> connection_keys();

} // namespace ockam
