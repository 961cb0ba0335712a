// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "runtime/core/switchboard.hpp"

namespace ockam {

/// Which of the peers of a link that they share (`switchboard::share_link`) a message has come from: the address behind the
/// link in its return route, valid as long as that is. No name: the link has one peer.
address_view peer_on_shared_link(const switchboard& board, const message& m);

} // namespace ockam
