// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cli/node/sections.hpp"
#include "runtime/node/config.hpp"
#include "runtime/workers/service_type.hpp"

#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <vector>

namespace ockam {

/// Of every service: its type, and where it runs and what happens when it ends (placement_keys.hpp).
std::vector<key_descriptor> service_keys();

/// Reads the keys of `[service NAME]`: `type`, or the key of a type that names a file (`plugin`), which is
/// looked for from `directory`; the others, of which those that `service_keys` has are of the right form; and what
/// belongs to the service itself. Those of a type that has options are its own to judge, when it starts.
std::vector<section_problem> read_service_section(const std::string& name, const std::map<std::string, std::string>& keys,
                                                  std::span<const service_type> types,
                                                  const std::filesystem::path& directory, service_config& out);

} // namespace ockam
