// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cli/ockam/archive.hpp"
#include "cli/ockam/invocation.hpp"

#include <string>
#include <utility>
#include <vector>

namespace ockam::cli {

/// What was put into a support bundle, and what could not be: file and words.
using bundle_contents = std::vector<std::pair<std::string, std::string>>;

/// Puts what there is to know about a node into `nodes/NAME/` of a draft. What cannot be found out is said in the contents, and
/// is no error: a bundle is made when something does not work. Errors: those of writing.
result<void> bundle_node(invocation& in, const archive_draft& into, const std::string& node, bundle_contents& contents);
/// The same for the host and the home: `host/`.
result<void> bundle_host(invocation& in, const archive_draft& into, bundle_contents& contents);

} // namespace ockam::cli
