// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <lua.hpp>

namespace ockam::lua {

struct sandbox;

/// Opens what of Lua's libraries a script may use: base, coroutine, string, table, math and utf8, without
/// what reads files, loads binary chunks or escapes the limits (`lua_engine`); of os only time, clock and date.
void open_sandbox(lua_State* L, const sandbox& allowed);

} // namespace ockam::lua
