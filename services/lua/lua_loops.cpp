// SPDX-License-Identifier: Apache-2.0
#include "services/lua/lua_loops.hpp"

#include "services/lua/lua_engine.hpp"

#include <algorithm>
#include <string_view>

namespace ockam::lua {

void check_list(lua_State* L, int index) {
  if (luaL_getmetafield(L, index, "__len") != LUA_TNIL)
    luaL_error(L, "table functions take no table with a length of its own (__len)");
  lua_engine::spend(L, sizeof(void*) * lua_rawlen(L, index));
}

// -- next: in a table whose entries are gone it looks at each empty place ------------------------------------

int next(lua_State* L) {
  luaL_checktype(L, 1, LUA_TTABLE);
  lua_settop(L, 2);
  lua_engine::tick(L);
  if (lua_next(L, 1))
    return 2;
  lua_pushnil(L);
  return 1;
}

int pairs(lua_State* L) {
  luaL_checkany(L, 1);
  if (luaL_getmetafield(L, 1, "__pairs") == LUA_TNIL) {
    lua_pushvalue(L, lua_upvalueindex(1));
    lua_pushvalue(L, 1);
    lua_pushnil(L);
    return 3;
  }
  lua_pushvalue(L, 1);
  lua_callk(L, 1, 3, 0, [](lua_State*, int, lua_KContext) { return 3; });
  return 3;
}

// -- load: one that is a long comment takes no instruction ------------------------------------------------

namespace {

constexpr int kept_piece = 5; // where on the stack a piece lives while the parser has it

/// The next piece from a function of the script, cut so that the clock is looked at in between.
const char* read_from_function(lua_State* L, void* data, std::size_t* size) {
  constexpr std::size_t longest = 4096;
  auto& left = *static_cast<std::string_view*>(data);
  lua_engine::tick(L);
  if (left.empty()) {
    luaL_checkstack(L, 2, "too many nested functions");
    lua_pushvalue(L, 1);
    lua_call(L, 0, 1);
    if (!lua_isnil(L, -1) && !lua_isstring(L, -1))
      luaL_error(L, "reader function must return a string");
    std::size_t n = 0;
    const char* text = lua_tolstring(L, -1, &n);
    left = {text ? text : "", text ? n : 0};
    lua_replace(L, kept_piece);
    lua_engine::spend(L, left.size());
  }
  auto piece = left.substr(0, longest);
  left.remove_prefix(piece.size());
  *size = piece.size();
  return piece.data();
}

} // namespace

int load_text(lua_State* L) {
  bool has_environment = !lua_isnoneornil(L, 4);
  lua_settop(L, 4);
  int rc = LUA_OK;
  if (std::size_t size = 0; const char* text = lua_tolstring(L, 1, &size)) {
    lua_engine::spend(L, size);
    rc = lua_engine::load_text(L, {text, size}, luaL_optstring(L, 2, text));
  } else {
    const char* name = luaL_optstring(L, 2, "=(load)");
    luaL_checktype(L, 1, LUA_TFUNCTION);
    lua_settop(L, kept_piece);
    std::string_view left;
    rc = lua_load(L, &read_from_function, &left, name, "t");
  }
  lua_engine::check_limit(L);
  if (rc != LUA_OK) {
    luaL_pushfail(L);
    lua_insert(L, -2);
    return 2;
  }
  if (has_environment) {
    lua_pushvalue(L, 4);
    if (!lua_setupvalue(L, -2, 1))
      lua_pop(L, 1);
  }
  return 1;
}

// -- table: ranges that arguments say, and metamethods in C ------------------------------------------------

namespace {

void add_field(lua_State* L, luaL_Buffer& out, lua_Integer i) {
  lua_engine::tick(L);
  lua_geti(L, 1, i);
  if (!lua_isstring(L, -1))
    luaL_error(L, "invalid value (at index %I) in table for 'concat'", static_cast<LUAI_UACINT>(i));
  luaL_addvalue(&out);
}

void move_one(lua_State* L, int to, lua_Integer from, lua_Integer at) {
  lua_engine::tick(L);
  lua_geti(L, 1, from);
  lua_seti(L, to, at);
}

/// `a < b`, as the upvalue has it, a function or nil.
int less(lua_State* L) {
  lua_engine::tick(L);
  if (lua_isnil(L, lua_upvalueindex(1))) {
    lua_pushboolean(L, lua_compare(L, 1, 2, LUA_OPLT));
    return 1;
  }
  lua_pushvalue(L, lua_upvalueindex(1));
  lua_insert(L, 1);
  lua_call(L, 2, 1);
  return 1;
}

} // namespace

int table_concat(lua_State* L) {
  luaL_checktype(L, 1, LUA_TTABLE);
  check_list(L, 1);
  std::size_t size = 0;
  const char* separator = luaL_optlstring(L, 2, "", &size);
  auto i = luaL_optinteger(L, 3, 1);
  auto last = luaL_optinteger(L, 4, static_cast<lua_Integer>(lua_rawlen(L, 1)));
  luaL_Buffer out;
  luaL_buffinit(L, &out);
  for (; i < last; ++i) {
    add_field(L, out, i);
    luaL_addlstring(&out, separator, size);
  }
  if (i == last)
    add_field(L, out, i);
  luaL_pushresult(&out);
  return 1;
}

int table_move(lua_State* L) {
  auto from = luaL_checkinteger(L, 2), end = luaL_checkinteger(L, 3), at = luaL_checkinteger(L, 4);
  int to = lua_isnoneornil(L, 5) ? 1 : 5;
  luaL_checktype(L, 1, LUA_TTABLE);
  luaL_checktype(L, to, LUA_TTABLE);
  check_list(L, 1);
  if (end >= from) {
    luaL_argcheck(L, from > 0 || end < LUA_MAXINTEGER + from, 3, "too many elements to move");
    auto n = end - from + 1;
    luaL_argcheck(L, at <= LUA_MAXINTEGER - n + 1, 4, "destination wrap around");
    lua_engine::spend(L, sizeof(void*) * static_cast<std::size_t>(std::min<lua_Integer>(n, lua_Integer{1} << 48)));
    if (at > end || at <= from || (to != 1 && !lua_compare(L, 1, to, LUA_OPEQ)))
      for (lua_Integer i = 0; i < n; ++i)
        move_one(L, to, from + i, at + i);
    else
      for (lua_Integer i = n - 1; i >= 0; --i)
        move_one(L, to, from + i, at + i);
  }
  lua_pushvalue(L, to);
  return 1;
}

int table_sort(lua_State* L) {
  luaL_checktype(L, 1, LUA_TTABLE);
  check_list(L, 1);
  if (!lua_isnoneornil(L, 2))
    luaL_checktype(L, 2, LUA_TFUNCTION);
  lua_settop(L, 2);
  lua_pushcclosure(L, &less, 1);
  lua_pushvalue(L, lua_upvalueindex(1));
  lua_insert(L, 1);
  lua_call(L, 2, 0);
  return 0;
}

} // namespace ockam::lua
