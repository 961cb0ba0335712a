// SPDX-License-Identifier: Apache-2.0
#include "services/lua/lua_sandbox.hpp"

#include "services/lua/lua_engine.hpp"

namespace ockam::lua {

namespace {

/// Calls the library's own function, which `wrap` has left as the upvalue, with all arguments.
int call_original(lua_State* L, int results = LUA_MULTRET) {
  auto n = lua_gettop(L);
  lua_pushvalue(L, lua_upvalueindex(1));
  lua_insert(L, 1);
  lua_call(L, n, results);
  return lua_gettop(L);
}

// -- what could catch the error of the instruction limit -----------------------------------------------

/// `true, results…` or `false, message`, unless the limit was passed.
int finish_pcall(lua_State* L, int status, lua_KContext first) {
  lua_engine::check_limit(L);
  if (status == LUA_OK || status == LUA_YIELD)
    return lua_gettop(L) - static_cast<int>(first);
  lua_pushboolean(L, 0);
  lua_insert(L, -2);
  return 2;
}

int pcall(lua_State* L) {
  luaL_checkany(L, 1);
  lua_pushboolean(L, 1);
  lua_insert(L, 1);
  return finish_pcall(L, lua_pcallk(L, lua_gettop(L) - 2, LUA_MULTRET, 0, 0, &finish_pcall), 0);
}

/// The script's handler, the upvalue, unless the limit was passed: Lua would call it inside of the hook, where
/// no hook counts.
int handle_error(lua_State* L) {
  if (lua_engine::of(L).over_instructions())
    return 1;
  lua_settop(L, 1);
  return call_original(L, 1);
}

int xpcall(lua_State* L) {
  luaL_checktype(L, 2, LUA_TFUNCTION);
  auto n = lua_gettop(L);
  lua_pushvalue(L, 2);
  lua_pushcclosure(L, &handle_error, 1);
  lua_replace(L, 2);
  lua_pushboolean(L, 1);
  lua_pushvalue(L, 1);
  lua_rotate(L, 3, 2); // f, handler, true, f, arguments…
  return finish_pcall(L, lua_pcallk(L, n - 2, LUA_MULTRET, 2, 2, &finish_pcall), 2);
}

/// Calls the library's own function, the upvalue, and looks at the limit behind it.
int and_check(lua_State* L) {
  auto n = lua_gettop(L);
  lua_pushvalue(L, lua_upvalueindex(1));
  lua_insert(L, 1);
  lua_callk(L, n, LUA_MULTRET, 0, [](lua_State* s, int, lua_KContext) {
    lua_engine::check_limit(s);
    return lua_gettop(s);
  });
  lua_engine::check_limit(L);
  return lua_gettop(L);
}

/// What coroutine.wrap makes, without closing what has failed: a hook that raises an error leaves hooks off in
/// its thread, where a `__close` could then run for ever. For the same reason there is no coroutine.close.
int resume_wrapped(lua_State* L) {
  auto* co = lua_tothread(L, lua_upvalueindex(1));
  auto n = lua_gettop(L);
  if (lua_status(co) == LUA_OK && lua_gettop(co) == 0)
    return luaL_error(L, "cannot resume dead coroutine");
  if (!lua_checkstack(co, n))
    return luaL_error(L, "too many arguments");
  lua_xmove(L, co, n);
  int results = 0;
  auto rc = lua_resume(co, L, n, &results);
  lua_engine::check_limit(L);
  bool good = rc == LUA_OK || rc == LUA_YIELD;
  if (!lua_checkstack(L, good ? results : 1))
    return luaL_error(L, "too many results");
  lua_xmove(co, L, good ? results : 1);
  return good ? results : lua_error(L);
}

/// A new coroutine has a hook count of its own: what it may run until the hook looks is paid for beforehand.
constexpr std::size_t coroutine_cost = 8 * 1000;

int create(lua_State* L) {
  luaL_checktype(L, 1, LUA_TFUNCTION);
  lua_engine::spend(L, coroutine_cost);
  auto* co = lua_newthread(L);
  lua_pushvalue(L, 1);
  lua_xmove(L, co, 1);
  return 1;
}

int wrap_function(lua_State* L) {
  (void)create(L);
  lua_pushcclosure(L, &resume_wrapped, 1);
  return 1;
}

/// Text only: the machine trusts binary chunks.
int load(lua_State* L) {
  lua_settop(L, 4);
  bool has_environment = !lua_isnil(L, 4);
  lua_pushvalue(L, lua_upvalueindex(1));
  lua_insert(L, 1);
  lua_pushliteral(L, "t");
  lua_replace(L, 4);
  if (!has_environment)
    lua_settop(L, 4);
  lua_call(L, lua_gettop(L) - 1, LUA_MULTRET);
  lua_engine::check_limit(L);
  return lua_gettop(L);
}

// -- what could loop or run outside of the limit ---------------------------------------------------------

int set_metatable(lua_State* L) {
  if (lua_istable(L, 2)) {
    lua_pushliteral(L, "__gc");
    lua_rawget(L, 2);
    if (!lua_isnil(L, -1))
      return luaL_error(L, "there are no finalizers (__gc) here");
    lua_pop(L, 1);
  }
  return call_original(L, 1);
}

/// The same for functions that go over strings in C: one that they make counts by its size.
int call_and_count(lua_State* L) {
  auto results = call_original(L);
  if (lua_type(L, 1) == LUA_TSTRING)
    lua_engine::spend(L, lua_rawlen(L, 1));
  return results;
}

/// Functions of `table` go from 1 to the length of a table, in C: it has to be its real one.
int with_real_length(lua_State* L) {
  if (lua_istable(L, 1) && luaL_getmetafield(L, 1, "__len") != LUA_TNIL)
    return luaL_error(L, "table functions take no table with a length of its own (__len)");
  if (lua_istable(L, 1))
    lua_engine::spend(L, sizeof(void*) * lua_rawlen(L, 1));
  return call_and_count(L);
}

int move(lua_State* L) {
  constexpr lua_Integer most = 1'000'000;
  auto from = luaL_checkinteger(L, 2), to = luaL_checkinteger(L, 3);
  if (to >= from && (from <= 0 ? to >= from + most : to - from >= most))
    return luaL_error(L, "table.move takes at most a million values at once");
  return with_real_length(L);
}

int rep(lua_State* L) {
  std::size_t size = 0, separator = 0;
  luaL_checklstring(L, 1, &size);
  luaL_optlstring(L, 3, "", &separator);
  if (size + separator == 0) { // the library would count
    lua_pushliteral(L, "");
    return 1;
  }
  return call_original(L, 1);
}

/// Functions of `string` go over their arguments in C, out of the hook's sight.
int by_size(lua_State* L) {
  std::size_t bytes = 0;
  for (int i = 1, n = lua_gettop(L); i <= n; ++i)
    if (lua_type(L, i) == LUA_TSTRING)
      bytes += lua_rawlen(L, i);
  lua_engine::spend(L, bytes);
  return call_and_count(L);
}

int collect_garbage(lua_State* L) {
  const char* what = luaL_optstring(L, 1, "collect");
  if (std::string_view{what} != "count")
    return luaL_error(L, "collectgarbage: only \"count\" is there");
  lua_pushnumber(L, static_cast<lua_Number>(lua_engine::of(L).memory()) / 1024);
  return 1;
}

// -- putting it in place -----------------------------------------------------------------------------

/// `with` takes the place of a field of the table at the top and has its old value as its upvalue.
void wrap(lua_State* L, const char* name, lua_CFunction with) {
  lua_getfield(L, -1, name);
  lua_pushcclosure(L, with, 1);
  lua_setfield(L, -2, name);
}

void remove(lua_State* L, const char* name) {
  lua_pushnil(L);
  lua_setfield(L, -2, name);
}

/// The library's table stays at the top.
void open(lua_State* L, const char* name, lua_CFunction opener) {
  luaL_requiref(L, name, opener, 1);
}

} // namespace

void open_sandbox(lua_State* L, const sandbox& allowed) {
  open(L, LUA_GNAME, &luaopen_base);
  lua_pushcfunction(L, &pcall);
  lua_setfield(L, -2, "pcall");
  lua_pushcfunction(L, &xpcall);
  lua_setfield(L, -2, "xpcall");
  lua_pushcfunction(L, &collect_garbage);
  lua_setfield(L, -2, "collectgarbage");
  wrap(L, "load", &load);
  wrap(L, "setmetatable", &set_metatable);
  if (!allowed.io) {
    remove(L, "loadfile");
    remove(L, "dofile");
  }
  open(L, LUA_COLIBNAME, &luaopen_coroutine);
  wrap(L, "resume", &and_check);
  remove(L, "close");
  lua_pushcfunction(L, &create);
  lua_setfield(L, -2, "create");
  lua_pushcfunction(L, &wrap_function);
  lua_setfield(L, -2, "wrap");
  open(L, LUA_STRLIBNAME, &luaopen_string);
  for (auto name : {"byte", "find", "format", "gmatch", "gsub", "lower", "match", "pack", "rep", "reverse", "sub", "unpack", "upper"})
    wrap(L, name, &by_size);
  wrap(L, "rep", &rep);
  remove(L, "dump");
  open(L, LUA_TABLIBNAME, &luaopen_table);
  for (auto name : {"concat", "insert", "remove", "sort", "unpack"})
    wrap(L, name, &with_real_length);
  wrap(L, "move", &move);
  open(L, LUA_MATHLIBNAME, &luaopen_math);
  open(L, LUA_UTF8LIBNAME, &luaopen_utf8);
  for (auto name : {"char", "codepoint", "codes", "len", "offset"})
    wrap(L, name, &by_size);
  open(L, LUA_OSLIBNAME, &luaopen_os);
  if (!allowed.os)
    for (auto name : {"execute", "exit", "getenv", "remove", "rename", "setlocale", "tmpname"})
      remove(L, name);
  if (allowed.io)
    open(L, LUA_IOLIBNAME, &luaopen_io);
  if (allowed.package)
    open(L, LUA_LOADLIBNAME, &luaopen_package);
  lua_settop(L, 0);
}

} // namespace ockam::lua
