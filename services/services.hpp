// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "runtime/workers/service_type.hpp"

#include <span>

namespace ockam {

/// The services of this library, for `node_parts`:
///
/// | type      | what it does with a message                                                   |
/// |-----------|-------------------------------------------------------------------------------|
/// | echo      | answers with the same payload, whatever it is                                   |
/// | uppercase | a BARE string: answers with it in upper case (Unicode); anything else: dropped  |
/// | hop       | takes its address off the onward route, puts it in front of the return route     |
/// | error     | answers with an error: for tests and demos                                       |
/// | plugin    | what the class in a shared object does (`runtime/workers/plugin.hpp`)                     |
///
/// Every node starts echo, uppercase and hop; the hop that it starts by itself serves local senders only.
std::span<const service_type> standard_services();

} // namespace ockam
