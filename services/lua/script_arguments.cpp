// SPDX-License-Identifier: Apache-2.0
#include "services/lua/script_arguments.hpp"

#include "runtime/core/bare.hpp"
#include "runtime/core/multiaddr.hpp"
#include "services/lua/lua_values.hpp"

#include <utility>

namespace ockam::lua {

script_host& host_of(lua_State* L) { return *static_cast<script_host*>(lua_engine::owner_of(L)); }

script_host& worker_of(lua_State* L) {
  auto& h = host_of(L);
  if (!h.is_worker() || lua_engine::of(L).loading())
    luaL_error(L, "the script has no address yet: do it in on_start or on_message");
  return h;
}

std::string_view check_text(lua_State* L, int index) {
  std::size_t n = 0;
  const char* text = luaL_checklstring(L, index, &n);
  return {text, n};
}

void push_text(lua_State* L, std::string_view text) { lua_pushlstring(L, text.data(), text.size()); }

int raise(lua_State* L, const error& e) {
  return luaL_error(L, "%s%s%s", e.cause.c_str(), e.hint.empty() ? "" : "; ", e.hint.c_str());
}

// -- arguments ---------------------------------------------------------------------------------------

std::chrono::milliseconds check_duration(lua_State* L, int index) {
  constexpr lua_Number longest = 366.0 * 86400;
  auto seconds = luaL_checknumber(L, index);
  luaL_argcheck(L, seconds >= 0 && seconds <= longest, index, "seconds, 0 to a year");
  return std::chrono::milliseconds{static_cast<std::int64_t>(seconds * 1000 + 0.5)};
}

route check_route(lua_State* L, int index) {
  if (lua_istable(L, index)) {
    route out;
    auto n = static_cast<lua_Integer>(lua_rawlen(L, index));
    luaL_argcheck(L, n > 0 && n <= static_cast<lua_Integer>(max_route_hops), index, "a route has 1 to 1024 addresses");
    for (lua_Integer i = 1; i <= n; ++i) {
      if (lua_rawgeti(L, index, i) != LUA_TSTRING)
        luaL_error(L, "a route is a list of addresses, which are strings");
      auto a = parse_address(check_text(L, -1));
      if (!a)
        raise(L, a.error());
      out.push_back(std::move(*a));
      lua_pop(L, 1);
    }
    return out;
  }
  auto text = check_text(L, index);
  if (text.find("/secure/") != std::string_view::npos)
    return worker_of(L).through(text);
  if (text.starts_with('/')) {
    auto m = parse_multiaddr(text);
    auto to = m ? to_route(*m) : result<route>{m.error()};
    if (!to)
      raise(L, to.error());
    if (!to->empty())
      return std::move(*to);
  }
  auto a = parse_address(text);
  if (!a || a->name.empty())
    luaL_argerror(L, index, "a route, /service/echo, or the address of a worker");
  return {std::move(*a)};
}

payload check_payload(lua_State* L, int index) {
  if (lua_type(L, index) == LUA_TTABLE) {
    return text_payload(encoded(L, index, nlohmann::json::input_format_t::json));
  }
  if (auto* raw = luaL_testudata(L, index, bytes_type); raw) {
    lua_getiuservalue(L, index, 1);
    auto out = payload{check_text(L, -1)};
    lua_pop(L, 1);
    return out;
  }
  if (lua_isboolean(L, index))
    return text_payload(lua_toboolean(L, index) ? "true" : "false");
  return text_payload(check_text(L, index)); // of numbers as well
}

void new_type(lua_State* L, const char* name) {
  luaL_newmetatable(L, name);
  lua_pushboolean(L, 0);
  lua_setfield(L, -2, "__metatable"); // nobody's to change
}

} // namespace ockam::lua
