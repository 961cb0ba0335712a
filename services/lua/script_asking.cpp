// SPDX-License-Identifier: Apache-2.0
// Requests of a script: one at a time (`request`), or many (`async_request`) that it awaits.
#include "services/lua/script_arguments.hpp"

#include <stdexcept>

namespace ockam::lua {

namespace {

constexpr const char* request_type = "request";
/// Of one list that is awaited.
constexpr lua_Integer most_awaited = 10'000;

/// A route, a value and seconds are at 1 to 3.
question ask(lua_State* L, script_host& h) {
  constexpr std::chrono::seconds usual{10};
  auto to = check_route(L, 1);
  auto body = check_payload(L, 2);
  auto timeout = lua_isnoneornil(L, 3) ? std::chrono::milliseconds{usual} : check_duration(L, 3);
  lua_engine::spend(L, message_cost + body.bytes().size());
  return h.ask(to, std::move(body), timeout);
}

int nothing(lua_State* L, const char* why) {
  lua_pushnil(L);
  lua_pushstring(L, why);
  return 2;
}

int request(lua_State* L) {
  auto& h = worker_of(L);
  auto& engine = lua_engine::of(L);
  if (!engine.may_wait(L))
    return engine.wait(L); // says why not
  try {
    (void)h.await(L, {.questions = {ask(L, h)}, .once = true});
  } catch (const std::length_error& e) {
    return nothing(L, e.what());
  }
  return engine.wait(L);
}

int async_request(lua_State* L) {
  auto& h = worker_of(L);
  lua_settop(L, 3);
  auto* q = static_cast<question*>(lua_newuserdatauv(L, sizeof(question), 0));
  luaL_setmetatable(L, request_type);
  try {
    *q = ask(L, h);
  } catch (const std::length_error& e) {
    return nothing(L, e.what());
  }
  return 1;
}

question check_request(lua_State* L, int index) {
  auto q = *static_cast<question*>(luaL_checkudata(L, index, request_type));
  if (!host_of(L).has_asked(q))
    luaL_error(L, "a request is awaited in the handler that has made it");
  return q;
}

/// The arguments, or those of the list that is the only one.
std::vector<question> check_requests(lua_State* L) {
  std::vector<question> out;
  bool list = lua_gettop(L) == 1 && lua_istable(L, 1);
  auto n = list ? static_cast<lua_Integer>(lua_rawlen(L, 1)) : lua_gettop(L);
  luaL_argcheck(L, n > 0 && n <= most_awaited, 1, "1 to 10000 requests, or a list of them");
  lua_engine::spend(L, static_cast<std::size_t>(n) * 64);
  for (lua_Integer i = 1; i <= n; ++i) {
    if (list)
      lua_rawgeti(L, 1, i);
    out.push_back(check_request(L, list ? -1 : static_cast<int>(i)));
    if (list)
      lua_pop(L, 1);
  }
  return out;
}

int await(lua_State* L, waiting_for what) {
  auto& engine = lua_engine::of(L);
  auto pushed = worker_of(L).await(L, std::move(what));
  return pushed > 0 ? pushed : engine.wait(L);
}

int await_one(lua_State* L) { return await(L, {.questions = {check_request(L, 1)}}); }

template <waiting_for::how How>
int await_several(lua_State* L) {
  return await(L, {.what = How, .questions = check_requests(L)});
}

} // namespace

void open_asking(lua_State* L) {
  new_type(L, request_type);
  lua_pop(L, 1);
  const luaL_Reg globals[] = {{"request", &safe<&request>},
                              {"async_request", &safe<&async_request>},
                              {"await", &safe<&await_one>},
                              {"await_all", &safe<&await_several<waiting_for::how::all>>},
                              {"await_any", &safe<&await_several<waiting_for::how::any>>},
                              {nullptr, nullptr}};
  lua_pushglobaltable(L);
  luaL_setfuncs(L, globals, 0);
  lua_settop(L, 0);
}

} // namespace ockam::lua
