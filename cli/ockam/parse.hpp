// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cli/ockam/command.hpp"

#include <nlohmann/json.hpp>

#include <map>
#include <string>
#include <variant>
#include <vector>

namespace ockam::cli {

/// What was given for one command: options by name, positional arguments by name.
class arguments {
 public:
  bool has(const std::string& name) const { return given_.contains(name); }
  /// The value, the fallback of the option, or empty text.
  std::string get(const std::string& name) const;
  std::vector<std::string> list(const std::string& name) const;
  /// How often a flag was given.
  std::size_t count(const std::string& name) const { return list(name).size(); }

  void add(const std::string& name, std::string value) { given_[name].push_back(std::move(value)); }
  void fallback(const std::string& name, std::string value) { fallback_[name] = std::move(value); }

 private:
  std::map<std::string, std::vector<std::string>> given_;
  std::map<std::string, std::string> fallback_;
};

/// A command with its arguments.
struct parsed_command {
  const command* what;
  arguments args;
};

/// Text to print, and to end: help (exit 0), or what is wrong with the usage (exit 64).
struct usage_answer {
  std::string text;
  int exit_code;
  nlohmann::json data = {}; ///< the same for programs, where there is nothing wrong
};

/// Reads the words after the program's name. Options may stand anywhere, global ones also in front of the
/// command; `--` ends them.
std::variant<parsed_command, usage_answer> parse(const command_table& t, const std::vector<std::string>& words);

inline constexpr int exit_usage = 64;
inline constexpr int exit_failure = 70;
inline constexpr int exit_interrupted = 130; ///< as shells have it for a program that Ctrl-C ends
inline constexpr int exit_config = 78; ///< of `node create --foreground`, as of `ockam-node`

} // namespace ockam::cli
