// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace ockam {

/// The address of a listener as it was given, with the port that the system has chosen in place of 0: what to ask for to
/// have the same again. `real`: the socket address that it got.
std::string with_real_port(const std::string& given, const std::string& real);

} // namespace ockam
