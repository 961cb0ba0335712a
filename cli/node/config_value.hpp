// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "runtime/core/error.hpp"

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ockam {

/// What a configuration takes from outside of its text. Functions, so that tests and fuzzers give their own.
struct config_world {
  /// A variable of the environment; nothing when it is not set.
  std::function<std::optional<std::string>(const std::string& name)> variable;
  /// The whole of a regular file of at most `most` bytes. Error: why not, with the path.
  std::function<result<std::string>(const std::string& path, std::size_t most)> read;
  /// The files of a directory whose names match (fnmatch; no hidden ones), sorted by their bytes. Errors: those of the
  /// system; `limit_reached` beyond `most`.
  std::function<result<std::vector<std::string>>(const std::string& directory, const std::string& pattern, std::size_t most)> match;

  /// That of this process.
  static const config_world& real();
  /// In which there is nothing.
  static const config_world& empty();
};

/// A value with what it names in place of the names.
struct expanded_value {
  std::string text;
  bool is_secret = false;             ///< something of it is from a file
  std::vector<std::string> variables; ///< of the environment that it names
  std::vector<std::string> secrets;   ///< contents of files that are in it
  std::vector<std::string> files;     ///< those files
};

/// Most bytes that `${file:…}` may stand for.
inline constexpr std::size_t max_secret = 64u << 10;

/// Puts in what a value names:
///
///     ${NAME}           a variable of the environment, which has to be set
///     ${NAME:-TEXT}     TEXT, up to the next }, where it is not set or is empty
///     ${file:PATH}      what is in a file, without the line end behind it; PATH as seen from `directory`
///     $${               stands for ${
///
/// What is put in is not looked at again. Every other $ stands for itself. Errors: `invalid_config`; no secret is in them.
result<expanded_value> expand_value(std::string_view written, const std::string& directory, const config_world& world);

/// Whether the text names something, or has an escape.
bool is_expression(std::string_view written);

/// The text as it has to be written so that `expand_value` gives it back.
std::string escape_value(std::string_view text);

/// `text` with `shown` in place of every occurrence of each secret that is long enough to be one (4 bytes).
std::string without_secrets(std::string text, const std::vector<std::string>& secrets, std::string_view shown = "********");

} // namespace ockam
