// SPDX-License-Identifier: Apache-2.0
#include "services/lua/lua_sandbox.hpp"

#include "services/lua/lua_engine.hpp"
#include "services/lua/lua_loops.hpp"
#include "services/lua/lua_patterns.hpp"

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
  if (lua_engine::of(L).is_over())
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

/// Runs a coroutine with the `n` values at the top. How many results are on the stack now; -1: one, the error.
int resume_with(lua_State* L, lua_State* co, int n) {
  if (!lua_checkstack(co, n)) {
    lua_pushliteral(L, "too many arguments to resume");
    return -1;
  }
  lua_xmove(L, co, n);
  int results = 0;
  auto rc = lua_engine::resume_own(co, L, n, &results);
  lua_engine::check_limit(L);
  if (rc != LUA_OK && rc != LUA_YIELD) {
    lua_xmove(co, L, 1);
    return -1;
  }
  if (!lua_checkstack(L, results + 1)) {
    lua_pop(co, results);
    lua_pushliteral(L, "too many results to resume");
    return -1;
  }
  lua_xmove(co, L, results);
  return results;
}

int resume(lua_State* L) {
  auto* co = lua_tothread(L, 1);
  luaL_argexpected(L, co, 1, "coroutine");
  auto results = resume_with(L, co, lua_gettop(L) - 1);
  lua_pushboolean(L, results >= 0);
  lua_insert(L, results >= 0 ? -(results + 1) : -2);
  return results >= 0 ? results + 1 : 2;
}

/// What coroutine.wrap makes, without closing what has failed: a hook that raises an error leaves hooks off in
/// its thread, where a `__close` could then run for ever. For the same reason there is no coroutine.close.
int resume_wrapped(lua_State* L) {
  auto* co = lua_tothread(L, lua_upvalueindex(1));
  if (lua_status(co) == LUA_OK && lua_gettop(co) == 0)
    return luaL_error(L, "cannot resume dead coroutine");
  auto results = resume_with(L, co, lua_gettop(L));
  return results >= 0 ? results : lua_error(L);
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

/// Functions of `table` go from 1 to the length of a table, in C.
int with_real_length(lua_State* L) {
  if (lua_istable(L, 1))
    check_list(L, 1);
  return call_and_count(L);
}

int unpack(lua_State* L) {
  auto results = with_real_length(L);
  lua_engine::spend(L, sizeof(void*) * static_cast<std::size_t>(results));
  return results;
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

int date(lua_State* L) {
  constexpr std::size_t longest = 4096; // of a format: each letter is a call of the system's library
  std::size_t size = 0;
  (void)luaL_optlstring(L, 1, "", &size);
  luaL_argcheck(L, size <= longest, 1, "a format has at most 4096 bytes");
  lua_engine::spend(L, 64 * size);
  return call_original(L);
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

void replace(lua_State* L, const char* name, lua_CFunction with) {
  lua_pushcfunction(L, with);
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
  replace(L, "pcall", &pcall);
  replace(L, "xpcall", &xpcall);
  replace(L, "collectgarbage", &collect_garbage);
  wrap(L, "setmetatable", &set_metatable);
  wrap(L, "tonumber", &by_size);
  replace(L, "load", &load_text);
  replace(L, "next", &next);
  lua_getfield(L, -1, "next");
  lua_pushcclosure(L, &pairs, 1);
  lua_setfield(L, -2, "pairs");
  if (!allowed.io) {
    remove(L, "loadfile");
    remove(L, "dofile");
  }
  open(L, LUA_COLIBNAME, &luaopen_coroutine);
  replace(L, "resume", &resume);
  remove(L, "close");
  replace(L, "create", &create);
  replace(L, "wrap", &wrap_function);
  open(L, LUA_STRLIBNAME, &luaopen_string);
  for (auto name : {"byte", "char", "format", "lower", "pack", "rep", "reverse", "sub", "unpack", "upper"})
    wrap(L, name, &by_size);
  wrap(L, "rep", &rep);
  replace(L, "find", &string_find);
  replace(L, "match", &string_match);
  replace(L, "gmatch", &string_gmatch);
  replace(L, "gsub", &string_gsub);
  remove(L, "dump");
  open(L, LUA_TABLIBNAME, &luaopen_table);
  for (auto name : {"insert", "remove"})
    wrap(L, name, &with_real_length);
  wrap(L, "sort", &table_sort);
  wrap(L, "unpack", &unpack);
  replace(L, "concat", &table_concat);
  replace(L, "move", &table_move);
  open(L, LUA_MATHLIBNAME, &luaopen_math);
  for (auto name : {"max", "min"})
    wrap(L, name, &by_size);
  open(L, LUA_UTF8LIBNAME, &luaopen_utf8);
  for (auto name : {"char", "codepoint", "codes", "len", "offset"})
    wrap(L, name, &by_size);
  open(L, LUA_OSLIBNAME, &luaopen_os);
  wrap(L, "date", &date);
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
