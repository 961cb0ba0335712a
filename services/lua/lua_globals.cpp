// SPDX-License-Identifier: Apache-2.0
#include "services/lua/lua_globals.hpp"

#include <lua.hpp>

#include <algorithm>
#include <cctype>
#include <memory>
#include <span>

// Lua's own compiler is asked, so that scopes are what Lua says and not what a second parser here would. A name is
// a global of a script where it is not a local one; so, when the script is put into a function below a local
// variable of that name,
//
//     local NAME return function(...) SCRIPT end
//
// the function has an upvalue NAME just if SCRIPT uses it as a global, and with `local NAME <const>` this does not
// compile just if SCRIPT assigns to it. Where it first does is found by giving NAME another name up to there: what is
// declared stands before what is used, so that each place still means the same, and the other name becomes global
// with the first place that is.
namespace ockam::lua {

namespace {

using words = std::vector<std::string_view>;

/// Everything that looks like a name, keywords and words of comments and strings included: those will be no
/// upvalues.
words words_of(std::string_view text) {
  auto is_part = [](char c) { return c == '_' || std::isalnum(static_cast<unsigned char>(c)); };
  words out;
  for (std::size_t at = 0; at < text.size(); ++at) {
    auto begin = at;
    while (at < text.size() && is_part(text[at]))
      ++at;
    if (at > begin && !std::isdigit(static_cast<unsigned char>(text[begin])))
      out.push_back(text.substr(begin, at - begin));
  }
  return out;
}

class compiler {
 public:
  bool compiles(std::string_view text) {
    if (!L_)
      return false;
    lua_settop(L_.get(), 0);
    return luaL_loadbufferx(L_.get(), text.data(), text.size(), "=", "t") == LUA_OK;
  }
  /// Whether a word is a name and not a keyword.
  bool is_name(std::string_view word) { return compiles("local " + std::string{word}); }

  bool assigns(std::string_view text, std::string_view name) {
    return !compiles("local " + std::string{name} + " <const> = ... return function(...) " + std::string{text} + "\nend");
  }

  /// Adds those of `names` that `text` uses as globals.
  void find_globals(std::string_view text, std::span<const std::string_view> names, words& out) {
    // A function has at most 200 locals and 255 upvalues, and may have many without these.
    constexpr std::size_t at_a_time = 150;
    if (names.empty())
      return;
    if (names.size() > at_a_time || !found_at_once(text, names, out)) {
      if (names.size() == 1)
        return;
      find_globals(text, names.first(names.size() / 2), out);
      find_globals(text, names.subspan(names.size() / 2), out);
    }
  }

 private:
  bool found_at_once(std::string_view text, std::span<const std::string_view> names, words& out) {
    std::string all = "local ";
    for (auto n : names)
      (all += n) += n == names.back() ? " " : ",";
    if (!compiles(all + "return function(...) " + std::string{text} + "\nend")
        || lua_pcall(L_.get(), 0, 1, 0) != LUA_OK) // makes the function, and does not call it
      return false;
    for (int i = 1; const char* name = lua_getupvalue(L_.get(), 1, i); ++i) {
      lua_settop(L_.get(), 1);
      if (auto it = std::find(names.begin(), names.end(), std::string_view{name}); it != names.end())
        out.push_back(*it);
    }
    return true;
  }

  std::unique_ptr<lua_State, decltype(&lua_close)> L_{luaL_newstate(), &lua_close};
};

/// The line of the first place where `text` uses the global `name`; 0 when there is none.
int line_of(compiler& lua, std::string_view text, std::string_view name, const words& all) {
  std::string other{name};
  while (std::find(all.begin(), all.end(), other) != all.end())
    other += '_';
  std::string_view others[]{other};
  std::string renamed; // `text` up to `at`
  std::size_t at = 0;
  for (auto w : all) {
    if (w != name)
      continue;
    auto begin = static_cast<std::size_t>(w.data() - text.data());
    (renamed += text.substr(at, begin - at)) += other;
    at = begin + name.size();
    words found;
    lua.find_globals(renamed + std::string{text.substr(at)}, others, found);
    if (!found.empty())
      return 1 + static_cast<int>(std::count(renamed.begin(), renamed.end(), '\n'));
  }
  return 0;
}

} // namespace

std::vector<undefined_global> undefined_globals(std::string_view text, std::vector<std::string>& known) {
  std::vector<undefined_global> out;
  compiler lua;
  auto all = words_of(text);
  if (!lua.compiles(text) || std::find(all.begin(), all.end(), "_ENV") != all.end())
    return out;
  auto candidates = all;
  std::sort(candidates.begin(), candidates.end());
  candidates.erase(std::unique(candidates.begin(), candidates.end()), candidates.end());
  std::erase_if(candidates, [&](auto w) { return std::find(known.begin(), known.end(), w) != known.end() || !lua.is_name(w); });
  words globals;
  lua.find_globals(text, candidates, globals);
  for (auto g : globals) {
    if (lua.assigns(text, g))
      known.emplace_back(g);
    else
      out.push_back({std::string{g}, line_of(lua, text, g, all)});
  }
  std::stable_sort(out.begin(), out.end(), [](auto& l, auto& r) { return l.line < r.line; });
  return out;
}

} // namespace ockam::lua
