// SPDX-License-Identifier: Apache-2.0
// Whose end a script is told of: `monitor`, `link` and what takes them back.
#include "services/lua/script_arguments.hpp"

namespace ockam::lua {

namespace {

/// A target, and for a monitor a function.
template <bool Link>
int watch(lua_State* L) {
  auto& h = worker_of(L);
  auto to = check_route(L, 1);
  if (!Link)
    luaL_checktype(L, 2, LUA_TFUNCTION);
  lua_engine::spend(L, message_cost);
  lua_settop(L, Link ? 1 : 2);
  auto function = Link ? LUA_NOREF : luaL_ref(L, LUA_REGISTRYINDEX);
  auto target = luaL_ref(L, LUA_REGISTRYINDEX);
  try {
    lua_pushinteger(L, static_cast<lua_Integer>(h.watch(to, function, target)));
  } catch (const std::exception&) {
    luaL_unref(L, LUA_REGISTRYINDEX, function);
    luaL_unref(L, LUA_REGISTRYINDEX, target);
    throw;
  }
  return 1;
}

int unwatch(lua_State* L) {
  lua_engine::spend(L, message_cost);
  worker_of(L).unwatch(static_cast<std::uint64_t>(luaL_checkinteger(L, 1)));
  return 0;
}

} // namespace

void open_watching(lua_State* L) {
  const luaL_Reg globals[] = {{"monitor", &safe<&watch<false>>},
                              {"demonitor", &safe<&unwatch>},
                              {"link", &safe<&watch<true>>},
                              {"unlink", &safe<&unwatch>},
                              {nullptr, nullptr}};
  lua_pushglobaltable(L);
  luaL_setfuncs(L, globals, 0);
  lua_settop(L, 0);
}

} // namespace ockam::lua
