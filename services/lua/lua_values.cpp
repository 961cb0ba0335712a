// SPDX-License-Identifier: Apache-2.0
#include "services/lua/lua_values.hpp"

#include "runtime/core/utf8.hpp"
#include "services/lua/lua_engine.hpp"

#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

namespace ockam::lua {

namespace {

using json = nlohmann::json;
using format = json::input_format_t;

constexpr const char* array_type = "json.array";

/// Builds Lua values as the parser goes: containers that are not complete are on Lua's stack, a key above
/// its table.
class builder final : public nlohmann::json_sax<json> {
 public:
  explicit builder(lua_State* L) : L_{L} {}

  const std::string& why() const noexcept { return why_; }

  bool null() override {
    lua_pushlightuserdata(L_, nullptr);
    return add();
  }
  bool boolean(bool b) override {
    lua_pushboolean(L_, b);
    return add();
  }
  bool number_integer(number_integer_t n) override {
    lua_pushinteger(L_, n);
    return add();
  }
  bool number_unsigned(number_unsigned_t n) override {
    if (n > static_cast<number_unsigned_t>(std::numeric_limits<lua_Integer>::max()))
      lua_pushnumber(L_, static_cast<lua_Number>(n));
    else
      lua_pushinteger(L_, static_cast<lua_Integer>(n));
    return add();
  }
  bool number_float(number_float_t n, const string_t&) override {
    lua_pushnumber(L_, n);
    return add();
  }
  bool string(string_t& s) override {
    lua_pushlstring(L_, s.data(), s.size());
    return add();
  }
  bool binary(binary_t& b) override {
    lua_pushlstring(L_, reinterpret_cast<const char*>(b.data()), b.size());
    return add();
  }
  bool start_object(std::size_t) override { return open(false); }
  bool key(string_t& s) override {
    lua_pushlstring(L_, s.data(), s.size());
    return true;
  }
  bool end_object() override { return close(); }
  bool start_array(std::size_t) override { return open(true); }
  bool end_array() override {
    luaL_setmetatable(L_, array_type);
    return close();
  }
  bool parse_error(std::size_t at, const std::string&, const nlohmann::detail::exception&) override {
    why_ = "it is wrong at byte " + std::to_string(at);
    return false;
  }

 private:
  struct level {
    bool array;
    lua_Integer size = 0;
  };

  bool open(bool array) {
    if (levels_.size() == static_cast<std::size_t>(max_depth)) {
      why_ = "it is nested deeper than " + std::to_string(max_depth) + " levels";
      return false;
    }
    luaL_checkstack(L_, 4, "nested too deep");
    lua_newtable(L_);
    levels_.push_back({array});
    return true;
  }
  bool close() {
    levels_.pop_back();
    return add();
  }
  bool add() {
    if (levels_.empty())
      return true;
    auto& l = levels_.back();
    if (l.array)
      lua_rawseti(L_, -2, ++l.size);
    else
      lua_rawset(L_, -3);
    return true;
  }

  lua_State* L_;
  std::vector<level> levels_;
  std::string why_;
};

/// A value on its way to text: where, and how much of it there is.
struct writing {
  lua_State* L;
  format f;
  lua_engine::beside memory{L};

  /// What is built here is outside of the state's allocator. A table may stand in many places, so the depth alone
  /// bounds nothing.
  void take(std::size_t bytes) {
    constexpr std::size_t value = 64;
    lua_engine::spend(L, value + bytes);
    if (!memory.take(value + bytes))
      luaL_error(L, "a value is too large to be written");
  }
};

json table_to_json(writing& w, int index, int depth);

json value_to_json(writing& w, int index, int depth) {
  auto* L = w.L;
  auto f = w.f;
  w.take(lua_type(L, index) == LUA_TSTRING ? lua_rawlen(L, index) : 0);
  switch (lua_type(L, index)) {
    case LUA_TNIL: return nullptr;
    case LUA_TBOOLEAN: return lua_toboolean(L, index) != 0;
    case LUA_TNUMBER:
      if (lua_isinteger(L, index))
        return lua_tointeger(L, index);
      if (f == format::json && !std::isfinite(lua_tonumber(L, index)))
        luaL_error(L, "JSON has no word for the number %f", lua_tonumber(L, index));
      return lua_tonumber(L, index);
    case LUA_TSTRING: {
      std::size_t size = 0;
      const char* text = lua_tolstring(L, index, &size);
      if (is_utf8({text, size}))
        return std::string{text, size};
      if (f == format::json)
        luaL_error(L, "a string is not UTF-8, which JSON cannot say");
      return json::binary({text, text + size});
    }
    case LUA_TLIGHTUSERDATA:
      if (!lua_touserdata(L, index))
        return nullptr;
      break;
    case LUA_TTABLE: return table_to_json(w, lua_absindex(L, index), depth + 1);
    default: break;
  }
  luaL_error(L, "a %s cannot be written as %s", luaL_typename(L, index), f == format::json ? "JSON" : "CBOR");
  return nullptr;
}

bool is_array(lua_State* L, int index) {
  if (luaL_getmetatable(L, array_type); lua_getmetatable(L, index)) {
    bool marked = lua_rawequal(L, -1, -2) != 0;
    lua_pop(L, 2);
    if (marked)
      return true;
  } else {
    lua_pop(L, 1);
  }
  return lua_rawlen(L, index) > 0;
}

json table_to_json(writing& w, int index, int depth) {
  auto* L = w.L;
  if (depth > max_depth)
    luaL_error(L, "a table is nested deeper than %d levels, or contains itself", max_depth);
  luaL_checkstack(L, 6, "nested too deep");
  bool array = is_array(L, index);
  auto size = static_cast<lua_Integer>(lua_rawlen(L, index));
  auto out = array ? json::array() : json::object();
  lua_Integer seen = 0;
  if (array)
    for (lua_Integer i = 1; i <= size; ++i, lua_pop(L, 1)) {
      lua_rawgeti(L, index, i);
      out.push_back(value_to_json(w, -1, depth));
    }
  for (lua_pushnil(L); lua_next(L, index); lua_pop(L, 1), ++seen) {
    if (array) {
      if (!lua_isinteger(L, -2) || lua_tointeger(L, -2) < 1 || lua_tointeger(L, -2) > size)
        luaL_error(L, "a table has both a list and other keys");
      continue;
    }
    std::size_t n = 0;
    const char* key = lua_type(L, -2) == LUA_TSTRING ? lua_tolstring(L, -2, &n) : nullptr;
    if (!key || !is_utf8({key, n}))
      luaL_error(L, "a key of a table is not text");
    w.take(n);
    out[std::string{key, n}] = value_to_json(w, -1, depth);
  }
  return out;
}

int encode_json(lua_State* L) {
  luaL_checkany(L, 1);
  auto text = encoded(L, 1, format::json);
  lua_engine::spend(L, text.size());
  lua_pushlstring(L, text.data(), text.size());
  return 1;
}

int encode_cbor(lua_State* L) {
  luaL_checkany(L, 1);
  auto bytes = encoded(L, 1, format::cbor);
  lua_engine::spend(L, bytes.size());
  lua_pushlstring(L, bytes.data(), bytes.size());
  return 1;
}

template <format F>
int decode(lua_State* L) {
  std::size_t size = 0;
  const char* text = luaL_checklstring(L, 1, &size);
  lua_engine::spend(L, size);
  return push_decoded(L, {text, size}, F);
}

int make_array(lua_State* L) {
  luaL_checktype(L, 1, LUA_TTABLE);
  lua_settop(L, 1);
  luaL_setmetatable(L, array_type);
  return 1;
}

} // namespace

int push_decoded(lua_State* L, std::string_view bytes, format f) {
  auto top = lua_gettop(L);
  luaL_checkstack(L, 4, nullptr);
  builder b{L};
  if (json::sax_parse(bytes.begin(), bytes.end(), &b, f))
    return 1;
  lua_settop(L, top);
  lua_pushnil(L);
  auto why = (f == format::json ? "not JSON: " : "not CBOR: ") + b.why();
  lua_pushlstring(L, why.data(), why.size());
  return 2;
}

json to_json(lua_State* L, int index, format f) {
  writing w{.L = L, .f = f};
  return value_to_json(w, index, 0);
}

std::string encoded(lua_State* L, int index, format f) {
  writing w{.L = L, .f = f};
  auto value = value_to_json(w, index, 0);
  if (f == format::json)
    return value.dump();
  std::string out;
  json::to_cbor(value, out);
  return out;
}

void open_values(lua_State* L) {
  luaL_newmetatable(L, array_type);
  lua_pushboolean(L, 0);
  lua_setfield(L, -2, "__metatable"); // a script that reached it could give each array a finalizer
  lua_pop(L, 1);
  const luaL_Reg json_functions[] = {{"encode", &encode_json}, {"decode", &decode<format::json>}, {"array", &make_array}, {nullptr, nullptr}};
  luaL_newlib(L, json_functions);
  lua_pushlightuserdata(L, nullptr);
  lua_setfield(L, -2, "null");
  lua_setglobal(L, "json");
  const luaL_Reg cbor_functions[] = {{"encode", &encode_cbor}, {"decode", &decode<format::cbor>}, {nullptr, nullptr}};
  luaL_newlib(L, cbor_functions);
  lua_setglobal(L, "cbor");
}

} // namespace ockam::lua
