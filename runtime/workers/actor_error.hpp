// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "runtime/core/error.hpp"

#include <caf/error.hpp>

namespace ockam {

/// As actors get it: of the category `ockam`, with the cause as its context.
caf::error to_caf(const error& e);

/// Whether it is one of `to_caf`.
bool is_ours(const caf::error& e);

/// Why a request was not answered. Of an error that is not of this runtime, such as CAF's own time-out or one of the
/// actor at the other end: `internal`, with the words that came with it, or else CAF's.
error error_of(const caf::error& e);

} // namespace ockam
