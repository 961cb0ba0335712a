// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace ockam::lua {

/// A global that a script reads and nobody defines, and the line where it first does.
struct undefined_global {
  std::string name;
  int line = 0;
};

/// The globals that a script reads and that neither are in `known` nor are written by the script itself, in the
/// order of the text. Those that it does write are added to `known`. Nothing of the script is run. Finds nothing
/// when the script does not compile, or names `_ENV`, which may make globals of anything.
std::vector<undefined_global> undefined_globals(std::string_view text, std::vector<std::string>& known);

} // namespace ockam::lua
