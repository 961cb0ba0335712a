// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "runtime/core/section.hpp"
#include "runtime/node/config.hpp"
#include "runtime/workers/service_type.hpp"

#include <filesystem>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace ockam {

/// Something wrong with a section: at one of its keys, or (empty key) with the whole of it.
struct section_problem {
  std::string key;
  std::string cause;
  std::string hint;
};

/// A section as it was read: every key is one that its kind has, unless that is open, and its value is of the right form.
struct section_content {
  const std::string& name; ///< what stands behind the kind in the brackets; may be empty where there are no brackets
  const option_texts& keys;
  std::span<const service_type> types;     ///< of services that there are
  const std::filesystem::path& directory;  ///< of the configuration
};

/// A kind of section, and what a node makes of one.
struct section_kind {
  section_descriptor what;
  /// Adds it to the configuration of a node. Returns what only the keys together tell.
  std::function<std::vector<section_problem>(const section_content& s, node_config& out)> add;
};

/// All of them, in the order of help. A new kind is a row here, with a descriptor and a function that adds it: the
/// reader of configuration files, `--check-config`, the options of `ockam-node`, the YAML of `ockam node create` and
/// the reference come from these. Transports have theirs in transports/list.hpp.
const std::vector<section_kind>& section_kinds();

/// Null: there is no such kind.
const section_kind* find_section_kind(std::string_view kind);

/// Whether a section of this kind can be given as one value: `--tcp-listener ADDRESS`.
bool has_short_form(const section_descriptor& d);

} // namespace ockam
