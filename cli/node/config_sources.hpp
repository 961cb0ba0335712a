// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cli/node/config_value.hpp"
#include "runtime/core/section.hpp"

#include <array>
#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace ockam {

/// A place in the files of a configuration.
struct config_place {
  std::size_t file = 0; ///< which of them; 0 is the one that was asked for
  int line = 0;         ///< from 1; 0: nowhere
  friend auto operator<=>(const config_place&, const config_place&) = default;
};

struct sourced_entry {
  std::string key;
  std::string written;  ///< as it stands there
  expanded_value value; ///< with what it names
  config_place at;
  bool is_right = true; ///< what it names is there
};

struct sourced_section {
  std::string title; ///< as in ini_document.hpp
  config_place at;
  std::vector<sourced_entry> entries;
};

/// Something that is wrong with the form of a line, or with what it names.
struct source_problem {
  config_place at;
  std::string cause;
  std::string hint;
};

/// The text of a configuration: its file, and those that it includes, at the place where it does.
///
///     [include]
///     files = conf.d/*.ini, local.ini      relative to this file; * and ? in the last part, sorted by name
///
/// An included file may include others. Bounded in depth, number and bytes.
struct config_sources {
  std::vector<std::string> files;                ///< names of them, for people; the first is the one that was asked for
  std::vector<std::filesystem::path> directories; ///< of each file, from the root
  /// In the order of reading, without [include]. What has no name in its title and stands in several files is one, whose
  /// keys are those of all of them.
  std::vector<sourced_section> sections;
  std::vector<source_problem> problems;          ///< no secret is in them
  std::vector<std::string> secrets;              ///< all that came from files of values

  /// Where a section or (with `key`) a key of it stands in an included file, as FILE:LINE; empty when it does not.
  std::string included_at(std::string_view title, std::string_view key = {}) const;
  std::string text(config_place at) const;
};

inline constexpr std::string_view include_kind = "include";
inline constexpr std::array<key_descriptor, 1> include_keys{{
  {.name = "files", .type = key_type::list, .about = "files to be read here, relative to this one; * and ? may stand in the last part, as in conf.d/*.ini",
   .example = "conf.d/*.ini", .required = true},
}};

inline constexpr std::size_t max_include_depth = 8;
inline constexpr std::size_t max_included_files = 1000;
inline constexpr std::size_t max_config_bytes = 16u << 20; ///< of all included files

/// `file` names the text, for people and to find what it includes. Thread: any.
config_sources read_config_sources(std::string_view text, const std::string& file, const config_world& world = config_world::real());

} // namespace ockam
