// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "runtime/core/error.hpp"

#include <functional>
#include <string>
#include <string_view>
#include <vector>

/// The command line as data. One table (`table.hpp`) lists every command with its arguments, options and
/// an example; parsing, help, tips and shell completion are all made from it. To add a command: write a
/// function in the file of its family and give it a row there.
namespace ockam::cli {

class invocation;

/// Says why a value is wrong; the hint may be empty.
using check_function = result<void> (*)(const std::string& value);

/// `--name VALUE`, or a flag when `value` is empty.
struct option {
  std::string name = {};           ///< without the dashes
  char letter = 0;                 ///< `-x`, or 0
  std::string value = {};          ///< what it takes, for help: ROUTE, DURATION, …; NODE completes node names
  std::string about = {};
  bool required = false;
  bool repeated = false;
  std::string fallback = {};       ///< taken when it is not given
  std::vector<std::string> values = {}; ///< the only values, when there are few
  check_function check = nullptr;
  std::string needs = {};          ///< another option that has to be given as well
};

/// A positional argument.
struct argument {
  std::string name = {};           ///< MESSAGE, NAME, …
  std::string about = {};
  bool required = true;
  std::vector<std::string> values = {};
  check_function check = nullptr;
  bool repeated = false; ///< only the last one: any number of them
};

struct command {
  std::string path = {};  ///< `node create`; a command that is in no group has one word
  std::string about = {}; ///< one sentence without a full stop
  std::vector<argument> arguments = {};
  std::vector<option> options = {};
  std::string example = {}; ///< a line that works
  std::function<result<void>(invocation&)> run = {};
};

/// The first word of a path, where several commands share it.
struct group {
  std::string name;
  std::string about;
};

struct command_table {
  std::vector<group> groups;
  std::vector<command> commands; ///< in the order of help
  std::vector<option> globals;   ///< valid everywhere

  const command* find(std::string_view path) const;
  const group* find_group(std::string_view name) const;
};

/// The first word of `node create`, and the last.
std::string_view first_word(std::string_view path);
std::string_view last_word(std::string_view path);

} // namespace ockam::cli
