// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace ockam::cli {

/// `quiet-heron`: a random adjective and a random animal, a valid node name.
std::string two_words();

} // namespace ockam::cli
