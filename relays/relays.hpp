// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "runtime/links/relays.hpp"
#include "runtime/workers/service_type.hpp"

#include <span>

namespace ockam {

/// The relay service, for `node_parts`; every node has it. `forwarding_service` gets a name as a BARE string: it makes the
/// worker `forward_to_NAME`, which passes what it gets to whoever has asked, and answers with its address.
/// `static_forwarding_service` is another name of it, which the reference uses.
std::span<const service_type> relay_services();

/// What keeps relays of this node registered at others: for `node_parts`.
std::unique_ptr<relays> make_relays(relays_context c);

} // namespace ockam
