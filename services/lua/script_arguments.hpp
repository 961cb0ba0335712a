// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "services/lua/script_api.hpp"

#include <chrono>
#include <exception>
#include <string>
#include <string_view>

/// Between the functions of a script and what Lua gives them. What is not as it should be raises an error of Lua.
namespace ockam::lua {

/// The type of what `bytes(s)` makes.
inline constexpr const char* bytes_type = "bytes";

/// What a message counts, in bytes of work: some hundred instructions.
inline constexpr std::size_t message_cost = 1024;

script_host& host_of(lua_State* L);
/// For functions that need the worker's address.
script_host& worker_of(lua_State* L);

/// A function of ours as Lua calls it: what it throws becomes an error of Lua.
template <int (*F)(lua_State*)>
int safe(lua_State* L) {
  std::string why;
  try {
    return F(L);
  } catch (const std::exception& e) { // Lua's own errors are no std::exception
    why = e.what();
  }
  return luaL_error(L, "%s", why.c_str());
}

std::string_view check_text(lua_State* L, int index);
void push_text(lua_State* L, std::string_view text);
int raise(lua_State* L, const error& e);

/// Seconds.
std::chrono::milliseconds check_duration(lua_State* L, int index);
/// `/service/x/…`, the address of one worker, or a list of addresses.
route check_route(lua_State* L, int index);
/// A string goes out as text (a BARE string, as the command line sends and prints it), `bytes(s)` as it is, a
/// table as JSON text.
payload check_payload(lua_State* L, int index);

/// A metatable that nobody changes; at the top.
void new_type(lua_State* L, const char* name);

} // namespace ockam::lua
