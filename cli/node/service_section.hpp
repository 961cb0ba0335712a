// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "runtime/node/config.hpp"
#include "runtime/workers/service_type.hpp"

#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <vector>

namespace ockam {

/// Something wrong with a section: at one of its keys, or (empty key) with the whole of it.
struct section_problem {
  std::string key;
  std::string cause;
  std::string hint;
};

/// Reads the keys of `[service NAME]`: `type`, or the key of a type that names a file (`plugin`), which is
/// looked for from `directory`; where it runs and what happens when it ends (`placement_keys`); and what
/// belongs to the service itself. Those of a type that has options are its own to judge, when it starts.
std::vector<section_problem> read_service_section(const std::string& name, const std::map<std::string, std::string>& keys,
                                                  std::span<const service_type> types,
                                                  const std::filesystem::path& directory, service_config& out);

} // namespace ockam
