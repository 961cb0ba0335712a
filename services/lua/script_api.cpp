// SPDX-License-Identifier: Apache-2.0
#include "services/lua/script_api.hpp"

#include "runtime/core/utf8.hpp"
#include "services/lua/lua_values.hpp"
#include "services/lua/script_arguments.hpp"

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <string>
#include <utility>

namespace ockam::lua {

namespace {

using format = nlohmann::json::input_format_t;

constexpr const char* message_type = "message";
constexpr const char* kept_type = "kept message";

int make_bytes(lua_State* L) {
  (void)check_text(L, 1);
  lua_newuserdatauv(L, 0, 1);
  lua_pushvalue(L, 1);
  lua_setiuservalue(L, -2, 1);
  luaL_setmetatable(L, bytes_type);
  return 1;
}

// -- messages ------------------------------------------------------------------------------------------

held_message& check_message(lua_State* L) {
  auto* held = host_of(L).find(check_ticket(L, 1));
  if (!held || !held->m)
    luaL_error(L, "the message is gone: it has been answered, or its handler has ended without keep()");
  return *held;
}

int reply(lua_State* L) {
  auto& h = worker_of(L);
  auto& held = check_message(L);
  bool same = lua_isnoneornil(L, 2);
  auto body = same ? payload{} : check_payload(L, 2);
  bool somebody = !held.m->header.return_empty();
  if (!somebody)
    h.nobody_to_answer();
  else if (same)
    h.answer_same(std::move(held.m));
  else
    h.answer(held.m, std::move(body));
  h.let_go(check_ticket(L, 1));
  lua_pushboolean(L, somebody);
  return 1;
}

int fail(lua_State* L) {
  constexpr std::size_t longest = 1024; // as of an error
  auto& h = worker_of(L);
  auto& held = check_message(L);
  auto why = check_text(L, 2).substr(0, longest);
  h.fail(std::move(held.m), why);
  h.let_go(check_ticket(L, 1));
  return 0;
}

int forward(lua_State* L) {
  auto& h = worker_of(L);
  h.pass_on(std::move(check_message(L).m));
  h.let_go(check_ticket(L, 1));
  return 0;
}

int keep(lua_State* L) {
  check_message(L).kept = true;
  lua_settop(L, 1);
  luaL_setmetatable(L, kept_type);
  return 1;
}

template <format F>
int decoded(lua_State* L) {
  auto& m = *check_message(L).m;
  std::string_view bytes{reinterpret_cast<const char*>(m.bytes().data()), m.bytes().size()};
  lua_engine::spend(L, bytes.size());
  return push_decoded(L, F == format::json ? m.text().value_or(bytes) : bytes, F);
}

void push_route(lua_State* L, const route& r) {
  lua_createtable(L, static_cast<int>(r.size()), 0);
  lua_Integer i = 0;
  for (const auto& a : r) {
    push_text(L, to_string(a));
    lua_rawseti(L, -2, ++i);
  }
}

void push_field(lua_State* L, const char* name, const std::string& text) {
  push_text(L, text);
  lua_setfield(L, -2, name);
}

void push_trace(lua_State* L, const trace_context& t) {
  lua_createtable(L, 0, 5);
  push_field(L, "trace_id", t.trace_id_text());
  push_field(L, "span_id", t.span_id_text());
  push_field(L, "traceparent", t.traceparent());
  if (!t.state.empty())
    push_field(L, "tracestate", t.state);
  lua_pushboolean(L, t.is_sampled());
  lua_setfield(L, -2, "sampled");
}

int start_trace(lua_State* L) {
  auto& h = worker_of(L);
  lua_engine::spend(L, message_cost);
  push_trace(L, h.begin_trace(lua_isnoneornil(L, 1) ? nullptr : check_message(L).m.get()));
  return 1;
}

/// `m.text` and so on; what is no property is a method.
int message_index(lua_State* L) {
  auto key = check_text(L, 2);
  lua_pushvalue(L, 2);
  lua_rawget(L, lua_upvalueindex(1));
  if (!lua_isnil(L, -1))
    return 1;
  auto& m = *check_message(L).m;
  if (key == "text") {
    lua_engine::spend(L, m.bytes().size()); // it may be none, which is seen at its end
    if (auto text = m.text())
      push_text(L, *text);
    else
      lua_pushnil(L);
  } else if (key == "bytes") {
    push_text(L, {reinterpret_cast<const char*>(m.bytes().data()), m.bytes().size()});
  } else if (key == "from") {
    push_route(L, m.return_route());
  } else if (key == "trace") {
    if (m.trace())
      push_trace(L, *m.trace());
    else
      lua_pushnil(L);
  } else if (key == "remote") {
    lua_pushboolean(L, !m.is_local());
  } else if (key == "identity") {
    if (m.identity())
      push_text(L, *m.identity());
    else
      lua_pushnil(L);
  } else {
    return luaL_error(L, "a message has no %s", std::string{key}.c_str());
  }
  return 1;
}

int message_gc(lua_State* L) {
  host_of(L).let_go(*static_cast<std::uint64_t*>(lua_touserdata(L, 1)));
  return 0;
}

// -- sending, time ---------------------------------------------------------------------------------------

int send(lua_State* L) {
  auto& h = worker_of(L);
  auto to = check_route(L, 1);
  auto body = check_payload(L, 2);
  lua_engine::spend(L, message_cost + body.bytes().size());
  h.post(to, std::move(body));
  return 0;
}

/// A list of addresses, as `send` takes it: the route through its secure channels, the last of which has to end at whom it names.
int through(lua_State* L) {
  auto to = worker_of(L).through(check_text(L, 1), check_text(L, 2));
  lua_engine::spend(L, message_cost);
  lua_createtable(L, static_cast<int>(to.size()), 0);
  for (std::size_t i = 0; i < to.size(); ++i) {
    push_text(L, to_string(to[i]));
    lua_rawseti(L, -2, static_cast<lua_Integer>(i + 1));
  }
  return 1;
}

template <bool Repeat>
int start_timer(lua_State* L) {
  auto& h = worker_of(L);
  auto delay = check_duration(L, 1);
  luaL_checktype(L, 2, LUA_TFUNCTION);
  luaL_argcheck(L, !Repeat || delay.count() > 0, 1, "more than nothing");
  lua_settop(L, 2);
  auto function = luaL_ref(L, LUA_REGISTRYINDEX);
  try {
    lua_pushinteger(L, static_cast<lua_Integer>(h.start_timer(delay, function, Repeat)));
  } catch (const std::exception&) {
    luaL_unref(L, LUA_REGISTRYINDEX, function);
    throw;
  }
  return 1;
}

int cancel(lua_State* L) {
  lua_engine::spend(L, message_cost); // it looks through all of them
  worker_of(L).stop_timer(static_cast<std::uint64_t>(luaL_checkinteger(L, 1)));
  return 0;
}

// -- observation, options ----------------------------------------------------------------------------

/// The arguments as text, a space between two.
std::string joined(lua_State* L) {
  constexpr std::size_t longest = 4096;
  std::string out;
  for (int i = 1, n = lua_gettop(L); i <= n && out.size() < longest; ++i) {
    std::size_t size = 0;
    const char* text = luaL_tolstring(L, i, &size);
    out.append(i == 1 ? "" : " ").append(text, std::min(size, longest));
    lua_pop(L, 1);
  }
  return out;
}

template <level Level>
int write_log(lua_State* L) {
  host_of(L).write(Level, joined(L));
  return 0;
}

int print(lua_State* L) {
  host_of(L).print(joined(L));
  return 0;
}

int count(lua_State* L) {
  constexpr std::size_t longest = 64;
  auto n = luaL_optinteger(L, 2, 1);
  luaL_argcheck(L, n >= 0, 2, "not less than nothing");
  auto name = check_text(L, 1);
  luaL_argcheck(L, !name.empty() && name.size() <= longest && is_utf8(name), 1, "a name of 1 to 64 bytes of text");
  worker_of(L).count(name, static_cast<std::uint64_t>(n));
  return 0;
}

/// The type of what an option is otherwise, in words.
template <int Type>
constexpr const char* words_of_type = Type == LUA_TSTRING ? "text" : Type == LUA_TBOOLEAN ? "true or false" : "a number";

/// One of `options`: the value of that name and type, or what the script says otherwise. Raises an error when either is of
/// another type.
template <int Type, void (*Push)(lua_State*, const service_options&, const std::string&)>
int option(lua_State* L) {
  constexpr std::size_t longest = 64;
  constexpr std::size_t cost = 8 * 1000; // the node remembers what the top has asked for
  auto wanted = check_text(L, 1);
  luaL_argcheck(L, wanted.size() <= longest, 1, "a name of at most 64 bytes");
  std::string name{wanted};
  lua_settop(L, 2);
  if (auto type = lua_type(L, 2); type != LUA_TNIL && type != Type && !(Type == LUA_TSTRING && type == LUA_TNUMBER))
    throw std::invalid_argument{"option " + printable(name) + ": what it is otherwise has to be " + words_of_type<Type> + ", not a "
                                + lua_typename(L, type)};
  const auto* o = host_of(L).options();
  if (!o)
    return 1;
  bool given = false;
  if (lua_engine::of(L).loading()) {
    lua_engine::spend(L, cost);
    given = o->has(name);
  } else {
    given = o->all().contains(name);
  }
  if (!given)
    return 1;
  service_options one{{{name, o->text(name)}}};
  Push(L, one, name);
  if (auto ok = one.wrong(); !ok)
    throw std::invalid_argument{ok.error().cause};
  return 1;
}

void push_text_option(lua_State* L, const service_options& o, const std::string& name) {
  push_text(L, o.text(name));
}
void push_number_option(lua_State* L, const service_options& o, const std::string& name) {
  auto n = o.real(name, 0);
  if (!std::isfinite(n))
    o.reject(name, "it is not a number that is finite");
  if (lua_Integer whole = 0; std::floor(n) == n && lua_numbertointeger(n, &whole))
    lua_pushinteger(L, whole);
  else
    lua_pushnumber(L, n);
}
void push_flag_option(lua_State* L, const service_options& o, const std::string& name) {
  lua_pushboolean(L, o.flag(name, false));
}
void push_duration_option(lua_State* L, const service_options& o, const std::string& name) {
  lua_pushnumber(L, static_cast<lua_Number>(o.duration(name, {}).count()) / 1000);
}
void push_size_option(lua_State* L, const service_options& o, const std::string& name) {
  lua_pushinteger(L, static_cast<lua_Integer>(std::min<std::uint64_t>(o.size(name, 0), LUA_MAXINTEGER)));
}

} // namespace

void push_message(lua_State* L, std::uint64_t ticket, bool kept) {
  *static_cast<std::uint64_t*>(lua_newuserdatauv(L, sizeof(ticket), 0)) = ticket;
  luaL_setmetatable(L, kept ? kept_type : message_type);
}

std::uint64_t check_ticket(lua_State* L, int index) {
  auto* at = luaL_testudata(L, index, kept_type);
  return *static_cast<std::uint64_t*>(at ? at : luaL_checkudata(L, index, message_type));
}

result<void> check_handlers(lua_engine& e) {
  bool handles = false;
  (void)e.run([&](lua_State* L) { handles = lua_getglobal(L, "on_message") == LUA_TFUNCTION; });
  if (!handles)
    return error{errc::invalid_argument, "it defines no on_message", "function on_message(m) m:reply() end"};
  return {};
}

void open_api(lua_State* L) {
  open_values(L);
  new_type(L, bytes_type);
  lua_pop(L, 1);
  new_type(L, message_type);
  const luaL_Reg methods[] = {{"reply", &safe<&reply>}, {"fail", &safe<&fail>}, {"forward", &safe<&forward>}, {"keep", &safe<&keep>},
                              {"json", &safe<&decoded<format::json>>}, {"cbor", &safe<&decoded<format::cbor>>}, {nullptr, nullptr}};
  luaL_newlib(L, methods);
  lua_pushcclosure(L, &safe<&message_index>, 1);
  lua_pushvalue(L, -1);
  lua_setfield(L, -3, "__index");
  new_type(L, kept_type);
  lua_insert(L, -2);
  lua_setfield(L, -2, "__index");
  lua_pushcfunction(L, &message_gc);
  lua_setfield(L, -2, "__gc");
  lua_settop(L, 0);

  const luaL_Reg globals[] = {{"bytes", &safe<&make_bytes>},
                              {"send", &safe<&send>},
                              {"start_trace", &safe<&start_trace>},
                              {"through", &safe<&through>},
                              {"after", &safe<&start_timer<false>>},
                              {"every", &safe<&start_timer<true>>},
                              {"cancel", &safe<&cancel>},
                              {"print", &safe<&print>},
                              {"count", &safe<&count>},
                              {nullptr, nullptr}};
  lua_pushglobaltable(L);
  luaL_setfuncs(L, globals, 0);
  const luaL_Reg logs[] = {{"debug", &safe<&write_log<level::debug>>}, {"info", &safe<&write_log<level::info>>},
                           {"warning", &safe<&write_log<level::warn>>}, {"error", &safe<&write_log<level::error>>}, {nullptr, nullptr}};
  luaL_newlib(L, logs);
  lua_setglobal(L, "log");
  const luaL_Reg options[] = {{"text", &safe<&option<LUA_TSTRING, &push_text_option>>},
                              {"number", &safe<&option<LUA_TNUMBER, &push_number_option>>},
                              {"flag", &safe<&option<LUA_TBOOLEAN, &push_flag_option>>},
                              {"duration", &safe<&option<LUA_TNUMBER, &push_duration_option>>},
                              {"size", &safe<&option<LUA_TNUMBER, &push_size_option>>}, {nullptr, nullptr}};
  luaL_newlib(L, options);
  lua_setglobal(L, "options");
  lua_settop(L, 0);
  open_asking(L);
  open_family(L);
  open_watching(L);
}

} // namespace ockam::lua
