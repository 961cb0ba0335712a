// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cli/ockam/command.hpp"

#include <nlohmann/json.hpp>

#include <string>

/// Help and usage, made from the command table.
namespace ockam::cli {

/// `ockam --help`.
std::string help(const command_table& t);
/// `ockam node --help`.
std::string help(const command_table& t, const group& g);
/// `ockam node create --help`.
std::string help(const command_table& t, const command& c);

/// The same as JSON: about, usage, commands or arguments, options, example.
nlohmann::json help_data(const command_table& t);
nlohmann::json help_data(const command_table& t, const group& g);
nlohmann::json help_data(const command_table& t, const command& c);

/// `Usage: ockam node [OPTIONS] <COMMAND>`, without a line end.
std::string usage_line(const command_table& t);
std::string usage_line(const group& g);
/// `brief` shows only what has to be given.
std::string usage_line(const command& c, bool brief = false);

/// `--to <ROUTE>` or `--yes`.
std::string spelled(const option& o);
/// `<MESSAGE>`, or `[NAME]` when it may be left out.
std::string spelled(const argument& a);

} // namespace ockam::cli
