// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "runtime/core/error.hpp"

#include <string>

namespace ockam::cli {

/// The results of a jq query over a JSON text, one after the other on lines of their own, strings in
/// quotes. Errors: `invalid_argument` with jq's words when the query does not compile or fails.
result<std::string> run_jq(const std::string& query, const std::string& text, bool compact);

} // namespace ockam::cli
