// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "operation/readiness.hpp"
#include "runtime/links/snapshot.hpp"

#include <string>
#include <vector>

namespace ockam::operation {

/// The snapshot as JSON, as `/show` gives it: names in snake case, times in milliseconds, sizes in bytes. Texts that are
/// no UTF-8 have U+FFFD in place of what is not.
std::string show_json(const node_snapshot& s);

/// `{"ready": false, "not_ready": [{"kind", "name", "state", "reason"}, …]}`
std::string readiness_json(const std::vector<not_ready>& what);

} // namespace ockam::operation
