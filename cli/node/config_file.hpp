// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cli/node/config_sources.hpp"
#include "runtime/core/error.hpp"
#include "runtime/node/config.hpp"
#include "runtime/workers/service_type.hpp"

#include <map>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace ockam {

/// Everything that is wrong with a configuration file, each `FILE:LINE: cause` with its hint. Empty: fine.
using config_problems = std::vector<error>;

/// What stands where in a configuration, for what is found out about its sections later, and to show it.
struct config_places {
  struct written {
    config_place at;
    std::string text = {};              ///< of a key: as it stands there
    std::string value = {};             ///< and with what it names
    std::vector<std::string> variables = {}; ///< of the environment that it names
    bool is_secret = false;             ///< something of it is from a file
  };
  std::vector<std::string> files;       ///< the one that was asked for, and those that it includes; none: it cannot be read
  std::map<std::string, written, std::less<>> lines; ///< of `section title`, and of `section title` '\n' `key`
  std::set<std::string, std::less<>> wrong;      ///< titles of sections that have problems already
  std::vector<std::string> secrets;     ///< what came from files of values

  /// Line 0: the files do not have it. A key that is not there stands where its section does.
  config_place place(const std::string& title, const std::string& key) const;
  /// Null: no file has this key.
  const written* find(const std::string& title, const std::string& key) const;
  /// `FILE:LINE`.
  std::string text(config_place at) const;
};

/// Reads an INI file (ini_document.hpp), with what it includes and names (config_sources.hpp), into `out`, on top of what is there. `section_kinds` are the sections that it
/// may have; docs/configuration.md lists their keys. `service_types` are what `type` may name. Every path is looked for
/// from the directory of the file in which it stands. No secret is in what is reported.
config_problems read_config_file(const std::string& path, std::span<const service_type> service_types, node_config& out,
                                 config_places* places = nullptr);

/// The same for text; `name` stands for the file in what is reported.
config_problems read_config_text(const std::string& text, const std::string& name, std::span<const service_type> service_types,
                                 node_config& out, config_places* places = nullptr, const config_world& world = config_world::real());

} // namespace ockam
