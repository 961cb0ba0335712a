// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cli/ockam/node_ini.hpp"

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace ockam::cli {

/// A node as a YAML configuration describes it.
struct yaml_node {
  std::string name;                  ///< empty: not given
  ini_file ini;                      ///< without the name
  std::optional<std::string> identity; ///< its name
  std::vector<std::string> warnings; ///< keys that this version does not have
};

/// Reads YAML for one node:
///
///     name: n1
///     tcp-listener-address: 127.0.0.1:4000
///     identity: alice                   # of this home; a map is the section [identity]
///     log-level: debug                  # and every other key of [node]
///     services: {h1: hop, echo2: {type: echo}}
///     tcp-listeners: {second: {address: "127.0.0.1:4001", allow: [echo]}}
///     tcp-connections: {to-n2: "127.0.0.1:7000"}
///     relays: {n1: {at: /node/relay}}
///     variables: {PORT: 4000}
///
/// Lists without names (`services: [hop]`) get names of their own. Keys may have _ for -. `$NAME` and
/// `${NAME}` stand for variables: those given, else the environment, else `variables`. Errors:
/// `invalid_config` with line and column, or with the variable that has no value.
///
/// Paths are looked for from `directory`, which is absolute: that of the file, or where the command runs.
result<yaml_node> read_node_yaml(const std::string& text, const std::map<std::string, std::string>& variables,
                                 const std::filesystem::path& directory);

/// Whether the text is YAML of the kind that `read_node_yaml` takes (a map), rather than a name.
bool looks_like_yaml(const std::string& text);

} // namespace ockam::cli
