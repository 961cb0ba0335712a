// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "runtime/core/service_options.hpp"
#include "services/lua/lua_engine.hpp"

#include <cstdint>
#include <string>

namespace ockam::lua {

/// The options of a script that are the node's.
struct script_options {
  std::string file;
  sandbox limits;
  std::uint64_t rate = 0;     ///< messages a second; 0: any number
  bool ends_on_error = false; ///< an error in a call ends the script as one that has failed
};

/// `script`, `instructions`, `time`, `budget`, `rate`, `allow`, `on-error`. What is wrong is said in `o`
/// (`service_options::wrong`). Of a child: the limits of its parent, which it has where it says nothing, and may not go
/// beyond; null: it is no child.
script_options read_script_options(const service_options& o, const sandbox* of_parent = nullptr);

/// The limits alone, for what has no file.
sandbox read_sandbox(const service_options& o, const sandbox* of_parent = nullptr);

} // namespace ockam::lua
