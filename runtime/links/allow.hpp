// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "runtime/links/transport.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

/// What the words of `allow` mean, the same for every transport. Socket thread only.
namespace ockam {

/// The word that stands for echo, uppercase and every service that was started by name.
inline constexpr std::string_view services_word = "services";

/// The word that stands for no worker at all.
inline constexpr std::string_view nothing_word = "nothing";

/// Whether the word is among them.
bool allows_services(const std::vector<std::string>& allow);

/// The one rule of listeners: what `allow` says; one that says nothing admits `services` if it is the node's first, of
/// whatever transport, and nothing otherwise. `nothing` says that it admits nothing, wherever it stands.
std::vector<std::string> or_services_if_first(std::vector<std::string> allow, bool first);

/// As the key is written: `echo, services`; `nothing` when there is none.
std::string allow_text(const std::vector<std::string>& allow);

/// Lets what comes in under `flow` reach these workers, and nothing else: `flow` is the own id of one listener or
/// connection. One that is not there yet gets a line in the log, of `transport`, and is allowed when it comes.
void allow_workers(switchboard& board, std::uint32_t flow, const std::vector<std::string>& workers,
                   std::string_view transport);

} // namespace ockam
