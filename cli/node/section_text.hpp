// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "runtime/core/section.hpp"

#include <string>

/// How sections and their keys are shown to people, wherever that is: README, docs/configuration.md, node.ini(5).
namespace ockam {

/// `[tcp-listener NAME]`
std::string section_title(const section_descriptor& d);
/// What it is, in sentences.
std::string section_about(const section_descriptor& d);
/// What a value may be: `1 to 256`, `yes, no`, `HOST:PORT`.
std::string value_bounds(const key_descriptor& k);

} // namespace ockam
