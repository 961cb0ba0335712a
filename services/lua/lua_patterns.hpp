// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <lua.hpp>

/// string.find, match, gmatch and gsub as Lua 5.4 has them, with a look at the clock in each loop: the library's own
/// match a pattern like `a?a?a?…aaa…` for hours, and search a long text for a long one in quadratic time, and nothing
/// ends them (`lua_engine::step`).
namespace ockam::lua {

int string_find(lua_State* L);
int string_match(lua_State* L);
int string_gmatch(lua_State* L);
int string_gsub(lua_State* L);

} // namespace ockam::lua
