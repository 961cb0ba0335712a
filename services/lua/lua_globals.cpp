// SPDX-License-Identifier: Apache-2.0
#include "services/lua/lua_globals.hpp"

#include <lua.hpp>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <memory>
#include <optional>
#include <stdexcept>

namespace ockam::lua {

namespace {

/// Reads what lua_dump wrote. Throws `std::out_of_range` at the end of it: our own output, so that cannot be.
class reader {
 public:
  explicit reader(std::string_view bytes) : rest_{bytes} {}

  std::string_view take(std::size_t n) {
    if (n > rest_.size())
      throw std::out_of_range{"the code of a script ends early"};
    auto out = rest_.substr(0, n);
    rest_.remove_prefix(n);
    return out;
  }
  std::uint8_t byte() { return static_cast<std::uint8_t>(take(1)[0]); }
  /// Seven bits a byte, the highest first; the last byte has its top bit set.
  std::size_t number() {
    for (std::size_t n = 0;;) {
      auto b = byte();
      n = n << 7 | (b & 0x7f);
      if (b & 0x80)
        return n;
    }
  }
  /// Its size and one more; nothing for no string.
  std::string_view text() {
    auto n = number();
    return n == 0 ? std::string_view{} : take(n - 1);
  }

 private:
  std::string_view rest_;
};

struct function_code {
  std::vector<std::uint32_t> code;
  std::vector<std::string_view> constants; ///< those that are no strings are empty
  std::vector<int> lines;                  ///< of each instruction
  std::vector<std::string_view> upvalues;  ///< names
  std::vector<function_code> functions;
};

constexpr std::string_view header{"\x1bLua\x54\x00\x19\x93\r\n\x1a\n\x04\x08\x08", 15};

std::string_view read_constant(reader& in) {
  switch (in.byte()) {
    case 0x13: // float
    case 0x03: in.take(8); return {}; // integer
    case 0x04: // short and long string
    case 0x14: return in.text();
    default: return {}; // nil, false, true
  }
}

function_code read_function(reader& in) {
  function_code f;
  (void)in.text(); // source
  int line = static_cast<int>(in.number());
  (void)in.number(); // last line
  in.take(3);
  auto size = in.number();
  auto code = in.take(size * 4);
  f.code.resize(size);
  std::memcpy(f.code.data(), code.data(), code.size());
  for (auto n = in.number(); n > 0; --n)
    f.constants.push_back(read_constant(in));
  auto upvalues = in.number();
  in.take(upvalues * 3);
  for (auto n = in.number(); n > 0; --n)
    f.functions.push_back(read_function(in));
  // Lines: a difference for each instruction, or a mark that the next absolute one is meant.
  auto differences = in.take(in.number());
  std::vector<std::pair<std::size_t, int>> absolute;
  for (auto n = in.number(); n > 0; --n) {
    auto at = in.number();
    absolute.emplace_back(at, static_cast<int>(in.number()));
  }
  constexpr int mark = -128;
  auto next = absolute.begin();
  for (std::size_t i = 0; i < differences.size(); ++i) {
    if (auto d = static_cast<signed char>(differences[i]); d != mark)
      line += d;
    else if (next != absolute.end())
      line = (next++)->second;
    f.lines.push_back(line);
  }
  for (auto n = in.number(); n > 0; --n) { // local variables
    (void)in.text();
    (void)in.number();
    (void)in.number();
  }
  for (auto n = in.number(); n > 0; --n)
    f.upvalues.push_back(in.text());
  return f;
}

void collect(const function_code& f, std::vector<used_global>& out) {
  constexpr std::uint32_t get_global = 11, set_global = 15; // OP_GETTABUP, OP_SETTABUP
  auto add = [&](std::uint32_t upvalue, std::uint32_t constant, std::size_t at, bool written) {
    if (upvalue >= f.upvalues.size() || f.upvalues[upvalue] != "_ENV" || constant >= f.constants.size())
      return;
    used_global g{std::string{f.constants[constant]}, at < f.lines.size() ? f.lines[at] : 0, written};
    if (std::none_of(out.begin(), out.end(), [&](auto& o) { return o.name == g.name && o.written == written; }))
      out.push_back(std::move(g));
  };
  for (std::size_t i = 0; i < f.code.size(); ++i) {
    auto c = f.code[i]; // 7 bits operation, 8 bits A, 1 bit k, 8 bits B, 8 bits C
    auto a = c >> 7 & 0xff, b = c >> 16 & 0xff, last = c >> 24;
    if ((c & 0x7f) == get_global)
      add(b, last, i, false);
    else if ((c & 0x7f) == set_global)
      add(a, b, i, true);
  }
  for (const auto& inner : f.functions)
    collect(inner, out);
}

std::optional<std::string> compiled(std::string_view text) {
  std::unique_ptr<lua_State, decltype(&lua_close)> L{luaL_newstate(), &lua_close};
  if (!L || luaL_loadbufferx(L.get(), text.data(), text.size(), "=", "t") != LUA_OK)
    return std::nullopt;
  std::string out;
  auto write = [](lua_State*, const void* p, std::size_t n, void* to) {
    static_cast<std::string*>(to)->append(static_cast<const char*>(p), n);
    return 0;
  };
  lua_dump(L.get(), write, &out, 0);
  return out;
}

} // namespace

std::vector<used_global> globals_of(std::string_view text) {
  std::vector<used_global> out;
  auto code = compiled(text);
  if (!code || !code->starts_with(header))
    return out;
  reader in{std::string_view{*code}.substr(header.size())};
  in.take(16 + 1); // a sample integer and float, the number of upvalues
  collect(read_function(in), out);
  return out;
}

} // namespace ockam::lua
