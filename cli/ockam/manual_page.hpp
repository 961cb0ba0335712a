// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace ockam::cli {

/// The page of section 1 about what a usage line shows: `ockam-node-create` for `ockam node create [OPTIONS] [NAME]`.
std::string manual_page_of(const std::string& usage);

/// Becomes `man` with the page `name` of section 1 that was installed with this program, as `ockam help` on a terminal does.
/// Returns when there is no such page or no `man`.
void become_manual(const std::string& name);

} // namespace ockam::cli
