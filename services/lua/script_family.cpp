// SPDX-License-Identifier: Apache-2.0
// What a script starts, and how it ends itself: `spawn`, `stop`, `exit`, `save`.
#include "services/lua/lua_values.hpp"
#include "services/lua/script_arguments.hpp"

#include <stdexcept>

namespace ockam::lua {

namespace {

/// What a child counts, in bytes of work: some ten thousand instructions.
constexpr std::size_t child_cost = 80'000;
constexpr std::size_t most_keys = 100, longest_value = 64u << 10;

/// As a configuration writes it.
std::string check_value(lua_State* L, const std::string& key) {
  if (lua_isboolean(L, -1))
    return lua_toboolean(L, -1) ? "yes" : "no";
  if (lua_type(L, -1) != LUA_TSTRING && lua_type(L, -1) != LUA_TNUMBER)
    throw std::invalid_argument{"spawn: " + printable(key) + " is a " + luaL_typename(L, -1)
                                + ", not text, a number, true or false"};
  lua_pushvalue(L, -1); // a number becomes text in its place
  std::string out{check_text(L, -1)};
  lua_pop(L, 1);
  if (out.size() > longest_value)
    throw std::invalid_argument{"spawn: " + printable(key) + " has over 64 KiB"};
  return out;
}

child_wish check_wish(lua_State* L) {
  child_wish out;
  if (lua_type(L, 1) == LUA_TSTRING) {
    out.keys.emplace("script", check_text(L, 1));
    return out;
  }
  luaL_checktype(L, 1, LUA_TTABLE);
  for (lua_pushnil(L); lua_next(L, 1); lua_pop(L, 1)) {
    if (lua_type(L, -2) != LUA_TSTRING)
      throw std::invalid_argument{
        "spawn: keys as in a section [service NAME], {script = \"worker.lua\", name = \"w1\"}"};
    std::string key{check_text(L, -2)};
    if (key.size() > longest_value || out.keys.size() >= most_keys)
      throw std::invalid_argument{"spawn: at most 100 keys of at most 64 KiB"};
    auto value = check_value(L, key);
    if (key == "name")
      out.name = std::move(value);
    else
      out.keys.emplace(std::move(key), std::move(value));
  }
  return out;
}

int spawn(lua_State* L) {
  auto& h = worker_of(L);
  auto& engine = lua_engine::of(L);
  if (!engine.may_wait(L))
    return engine.wait(L); // says why not
  auto what = check_wish(L);
  lua_engine::spend(L, child_cost);
  try {
    (void)h.await(L, {.questions = {h.start_child(std::move(what))}, .once = true});
  } catch (const std::length_error& e) {
    lua_pushnil(L);
    lua_pushstring(L, e.what());
    return 2;
  }
  return engine.wait(L);
}

int stop(lua_State* L) {
  lua_engine::spend(L, message_cost);
  worker_of(L).stop_child(check_text(L, 1));
  return 0;
}

int exit(lua_State* L) {
  constexpr std::size_t longest = 1024; // as of an error
  auto& h = worker_of(L);
  if (lua_isnoneornil(L, 1))
    h.end_script(std::nullopt);
  else
    h.end_script(std::string{check_text(L, 1).substr(0, longest)});
  return 0;
}

int save(lua_State* L) {
  luaL_checkany(L, 1);
  worker_of(L).save(lua_isnil(L, 1) ? std::string{} : encoded(L, 1, nlohmann::json::input_format_t::cbor));
  return 0;
}

} // namespace

void open_family(lua_State* L) {
  const luaL_Reg globals[] = {{"spawn", &safe<&spawn>},
                              {"stop", &safe<&stop>},
                              {"exit", &safe<&exit>},
                              {"save", &safe<&save>},
                              {nullptr, nullptr}};
  lua_pushglobaltable(L);
  luaL_setfuncs(L, globals, 0);
  lua_settop(L, 0);
}

} // namespace ockam::lua
