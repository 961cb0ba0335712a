// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "runtime/core/error.hpp"
#include "runtime/core/reason.hpp"

#include <caf/error.hpp>

#include <cstdint>

namespace ockam {

/// Why what an actor has sent along a route did not arrive, as the report said: `e == ockam::undelivered::refused`. Of the
/// category `ockam`; numbers never change their meaning. `error_of` has each as `errc::undeliverable`. What a report says
/// otherwise is an `errc` of its own: `unreachable`, `service_failed`.
enum class undelivered : std::uint8_t {
  unknown_worker = 129, ///< no worker at that address
  hop_budget = 130,     ///< handled too often: a loop
  refused = 131,        ///< not meant for who sent it
  link_down = 132,      ///< the link is not connected
  congested = 133,      ///< a queue on the way, or a budget, is full
  too_large = 134,      ///< does not fit a transport on the way
  bad_route = 135,      ///< a hop of a kind that the node there does not follow, or no hop at all
  node_stopping = 138,  ///< the node is going down
  dial_refused = 140,   ///< the node there does not connect to that peer for the sender
  stream_broken = 141   ///< belongs to a flow of which something was dropped before
};
caf::error make_error(undelivered why);

/// As actors get it: of the category `ockam`, with the cause as its context. `why`: of the report that it was made of, which
/// says which `undelivered` it is.
caf::error to_caf(const error& e, drop_reason why = drop_reason::none);

/// Whether it is one of `to_caf`.
bool is_ours(const caf::error& e);

/// Why a request was not answered. The time-out of the actor that asked is `timed_out`. Of any other error that is not of
/// this runtime, such as one of the actor at the other end: `internal`, with the words that came with it, or else CAF's.
error error_of(const caf::error& e);

} // namespace ockam
