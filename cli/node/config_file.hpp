// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "runtime/node/config.hpp"
#include "runtime/core/error.hpp"
#include "runtime/workers/service_type.hpp"

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace ockam {

/// Everything that is wrong with a configuration file, each `FILE:LINE: cause` with its hint. Empty: fine.
using config_problems = std::vector<error>;

/// Reads an INI file into `out`, on top of what is there. `section_kinds` are the sections that it may have;
/// docs/configuration.md lists their keys. `service_types` are what `type` may name. Files of services (`plugin`) are
/// looked for from the directory of the configuration. `#` begins a comment.
config_problems read_config_file(const std::string& path, std::span<const service_type> service_types, node_config& out);

/// The same for text; `name` stands for the file in what is reported.
config_problems read_config_text(const std::string& text, const std::string& name,
                                 std::span<const service_type> service_types, node_config& out);

} // namespace ockam
