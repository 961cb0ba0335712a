// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "runtime/node/config.hpp"

#include <functional>
#include <span>
#include <string_view>
#include <vector>

namespace ockam {

/// Sections of one kind. A section that has changed is in both lists: its old form goes, its new one comes.
template <class Section>
struct section_changes {
  std::vector<Section> gone;
  std::vector<Section> come;
};

/// What differs between the configuration that a node runs with and another one of the same node, but for the
/// log level, which is the program's.
struct config_changes {
  section_changes<listener_config> listeners;
  /// Listeners that go on with another `allow`: as it was, as it is to be. In neither of the lists above.
  section_changes<listener_config> allows;
  section_changes<connection_config> connections;
  section_changes<service_config> services;
  section_changes<config_section> items;
  bool routing = false;
  /// Keys of `[node]` that differ and that only a new start puts into effect.
  std::vector<std::string_view> at_start;

  bool none() const noexcept;
};

/// The keys of sections of a facility's kind; none: what is written there is compared as it is written.
using keys_of_kind = std::function<std::span<const key_descriptor>(std::string_view kind)>;

/// Plain code; any thread.
config_changes changes(const node_config& now, const node_config& fresh, const keys_of_kind& keys = {});

} // namespace ockam
