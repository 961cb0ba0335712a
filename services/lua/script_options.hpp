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
  std::uint64_t rate = 0; ///< messages a second; 0: any number
};

/// `script`, `instructions`, `time`, `budget`, `rate`, `allow`. What is wrong is said in `o` (`service_options::wrong`).
script_options read_script_options(const service_options& o);

/// The limits alone, for what has no file.
sandbox read_sandbox(const service_options& o);

} // namespace ockam::lua
