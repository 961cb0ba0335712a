// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "runtime/node/config.hpp"
#include "runtime/core/error.hpp"
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

/// What stands where in a configuration file, for what is found out about its sections later.
struct config_places {
  std::string file;
  std::map<std::string, int, std::less<>> lines; ///< of `section title`, and of `section title` '\n' `key`
  std::set<std::string, std::less<>> wrong;      ///< titles of sections that have problems already

  /// 0: the file does not have it. A key that is not there stands where its section does.
  int line(const std::string& title, const std::string& key) const;
};

/// Reads an INI file (ini_document.hpp) into `out`, on top of what is there. `section_kinds` are the sections that it
/// may have; docs/configuration.md lists their keys. `service_types` are what `type` may name. Every path is looked for
/// from the directory of the configuration.
config_problems read_config_file(const std::string& path, std::span<const service_type> service_types, node_config& out,
                                 config_places* places = nullptr);

/// The same for text; `name` stands for the file in what is reported.
config_problems read_config_text(const std::string& text, const std::string& name, std::span<const service_type> service_types,
                                 node_config& out, config_places* places = nullptr);

} // namespace ockam
