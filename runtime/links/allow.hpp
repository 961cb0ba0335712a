// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "runtime/links/transport.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

/// What the words of `allow` mean, the same for every transport. Socket thread only.
namespace ockam {

/// Whether peers of this listener may reach the node's services: by the word `services`, or because it is the
/// node's first listener and nothing was said. Takes the word out, so that workers are left.
bool take_services(listen_options& o);

/// Lets what comes in under `flow` reach these workers. One that is not there yet gets a line in the log, of
/// `transport`, and is allowed when it comes.
void allow_workers(switchboard& board, std::uint32_t flow, const std::vector<std::string>& workers,
                   std::string_view transport);

} // namespace ockam
