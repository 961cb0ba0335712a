// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <lua.hpp>

/// Functions of Lua's base and table libraries that go over tables and texts in C, with a look at the clock in each loop
/// (`lua_engine::tick`), which the library's own do not have. What they do and say is as in Lua 5.4.
namespace ockam::lua {

int next(lua_State* L);
/// The upvalue is `next`.
int pairs(lua_State* L);
/// Text only: the machine trusts binary chunks.
int load_text(lua_State* L);
int table_concat(lua_State* L);
int table_move(lua_State* L);
/// The upvalue is the library's own.
int table_sort(lua_State* L);

/// Raises an error when the table at `index` says another length than it has, which could be any; and counts the work to
/// go over it once.
void check_list(lua_State* L, int index);

} // namespace ockam::lua
