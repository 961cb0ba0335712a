// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cli/ockam/command.hpp"

#include <nlohmann/json.hpp>

#include <string>
#include <vector>

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

/// What help and manual both say.
inline constexpr const char* about_all = "Create nodes, connect them, and send messages along routes through them";
inline constexpr const char* first_steps = "ockam node create n1\nockam message send hello --to /node/n1/service/echo\n";
inline constexpr const char* about_home = "Where state is kept (default ~/.ockam)";
inline constexpr const char* about_exit_codes = "0 done, 64 wrong usage, 70 anything else";
/// What an option or argument is, with its values and its default.
std::string remarks(const std::string& about, const std::vector<std::string>& values, const std::string& fallback);

/// `--to <ROUTE>` or `--yes`.
std::string spelled(const option& o);
/// `<MESSAGE>`, or `[NAME]` when it may be left out.
std::string spelled(const argument& a);

} // namespace ockam::cli
