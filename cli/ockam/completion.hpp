// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cli/ockam/command.hpp"

namespace ockam::cli {

/// A script that completes commands, options, their values and names of nodes; made from the command
/// table, so that nothing has to be run for it. `shell` is bash, zsh or fish.
std::string completion_script(const command_table& t, const std::string& shell);

} // namespace ockam::cli
