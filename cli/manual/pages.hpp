// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cli/manual/page.hpp"
#include "cli/ockam/command.hpp"

#include <string>
#include <vector>

namespace ockam::manual {

/// ockam(1), then a page for each group and each command of the table, in the order of help.
std::vector<page> pages_of_commands(const cli::command_table& t);
/// ockam-node(8), from its options.
page page_of_node();
/// node.ini(5), from the descriptors of sections.
page page_of_configuration();

/// What stands between the marks of docs/commands.md: all commands, and ockam-node.
std::string commands_reference(const cli::command_table& t);

} // namespace ockam::manual
