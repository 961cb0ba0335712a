// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cli/ockam/command.hpp"

namespace ockam::cli {

/// Every command of the program.
command_table all_commands();

} // namespace ockam::cli
