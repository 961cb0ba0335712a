// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace ockam::lua {

/// A global that a script reads, or writes, and the line where it first does.
struct used_global {
  std::string name;
  int line = 0;
  bool written = false;
};

/// The globals of a script that compiles, from the code that Lua makes of it, in the order of the code; each
/// once for reading and once for writing. Empty when it does not compile. The format of the code is that of
/// Lua 5.4 (ldump.c, lopcodes.h), and is checked: of another version nothing is read.
std::vector<used_global> globals_of(std::string_view text);

} // namespace ockam::lua
