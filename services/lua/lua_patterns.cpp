// SPDX-License-Identifier: Apache-2.0 AND MIT
// The matching follows lstrlib.c of Lua 5.4.4, Copyright (C) 1994-2022 Lua.org, PUC-Rio, under the MIT licence:
// https://www.lua.org/license.html
#include "services/lua/lua_patterns.hpp"

#include "services/lua/lua_engine.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <cstddef>
#include <cstring>
#include <new>
#include <string_view>
#include <type_traits>

namespace ockam::lua {

namespace {

constexpr char escape = '%';
constexpr std::string_view specials = "^$*+?.([%-";
constexpr std::ptrdiff_t unfinished = -1;
constexpr std::ptrdiff_t position = -2;
constexpr int deepest = 200; // calls of `match` within each other
constexpr int most_captures = 32; // as the library

unsigned char byte(char c) {
  return static_cast<unsigned char>(c);
}

/// One text and one pattern. `run` may be called again and again, each time from another place.
class matcher {
 public:
  matcher(lua_State* L, std::string_view text, std::string_view pattern)
    : L_{L}, begin_{text.data()}, end_{text.data() + text.size()}, pattern_{pattern.data()},
      pattern_end_{pattern.data() + pattern.size()} {}

  /// Its coroutine may be another one than before.
  void use(lua_State* L) { L_ = L; }
  const char* begin() const { return begin_; }
  const char* end() const { return end_; }

  /// The end of a match that begins at `s`; null: there is none.
  const char* run(const char* s) {
    lua_engine::step(L_);
    level_ = 0;
    depth_ = deepest;
    return match(s, pattern_);
  }
  /// All captures, or the whole match where there are none and `s` is not null. How many these are.
  int push_captures(const char* s, const char* e) {
    int n = level_ == 0 && s ? 1 : level_;
    luaL_checkstack(L_, n, "too many captures");
    for (int i = 0; i < n; ++i)
      push_capture(i, s, e);
    return n;
  }
  void push_capture(int i, const char* s, const char* e) {
    auto c = capture(i, s, e);
    if (c.size == position)
      lua_pushinteger(L_, c.at - begin_ + 1);
    else
      lua_pushlstring(L_, c.at, static_cast<std::size_t>(c.size));
  }

 private:
  struct span {
    const char* at;
    std::ptrdiff_t size;
  };

  span capture(int i, const char* s, const char* e) {
    if (i >= level_) {
      if (i != 0)
        luaL_error(L_, "invalid capture index %%%d", i + 1);
      return {s, e - s};
    }
    if (captures_[static_cast<std::size_t>(i)].size == unfinished)
      luaL_error(L_, "unfinished capture");
    return captures_[static_cast<std::size_t>(i)];
  }

  const char* class_end(const char* p) {
    char first = *p++;
    if (first == escape) {
      if (p == pattern_end_)
        luaL_error(L_, "malformed pattern (ends with '%%')");
      return p + 1;
    }
    if (first != '[')
      return p;
    if (*p == '^')
      ++p;
    do { // look for a ']'
      if (p == pattern_end_)
        luaL_error(L_, "malformed pattern (missing ']')");
      if (*p++ == escape && p < pattern_end_)
        ++p; // skip escapes, as in [%]]
    } while (*p != ']');
    return p + 1;
  }

  static bool in_class(int c, int name) {
    bool yes = false;
    switch (std::tolower(name)) {
      case 'a': yes = std::isalpha(c); break;
      case 'c': yes = std::iscntrl(c); break;
      case 'd': yes = std::isdigit(c); break;
      case 'g': yes = std::isgraph(c); break;
      case 'l': yes = std::islower(c); break;
      case 'p': yes = std::ispunct(c); break;
      case 's': yes = std::isspace(c); break;
      case 'u': yes = std::isupper(c); break;
      case 'w': yes = std::isalnum(c); break;
      case 'x': yes = std::isxdigit(c); break;
      case 'z': yes = c == 0; break; // of old scripts
      default: return name == c;
    }
    return std::islower(name) ? yes : !yes;
  }

  /// `p` is at the '[', `last` at the ']'.
  bool in_set(int c, const char* p, const char* last) {
    bool found = true;
    if (p[1] == '^') {
      found = false;
      ++p;
    }
    while (++p < last) {
      lua_engine::step(L_); // a set may be as long as a text
      if (*p == escape) {
        ++p;
        if (in_class(c, byte(*p)))
          return found;
      } else if (p[1] == '-' && p + 2 < last) {
        p += 2;
        if (byte(p[-2]) <= c && c <= byte(*p))
          return found;
      } else if (byte(*p) == c) {
        return found;
      }
    }
    return !found;
  }

  bool single(const char* s, const char* p, const char* ep) {
    if (s >= end_)
      return false;
    int c = byte(*s);
    switch (*p) {
      case '.': return true;
      case escape: return in_class(c, byte(p[1]));
      case '[': return in_set(c, p, ep - 1);
      default: return byte(*p) == c;
    }
  }

  const char* balance(const char* s, const char* p) {
    if (p >= pattern_end_ - 1)
      luaL_error(L_, "malformed pattern (missing arguments to '%%b')");
    if (s >= end_ || *s != *p)
      return nullptr;
    char open = p[0], close = p[1];
    std::size_t depth = 1;
    while (++s < end_) {
      lua_engine::step(L_);
      if (*s == close) {
        if (--depth == 0)
          return s + 1;
      } else if (*s == open) {
        ++depth;
      }
    }
    return nullptr;
  }

  const char* most(const char* s, const char* p, const char* ep) {
    std::ptrdiff_t n = 0;
    for (; single(s + n, p, ep); ++n)
      lua_engine::step(L_);
    for (; n >= 0; --n)
      if (const char* e = match(s + n, ep + 1))
        return e;
    return nullptr;
  }

  const char* least(const char* s, const char* p, const char* ep) {
    while (true) {
      if (const char* e = match(s, ep + 1))
        return e;
      if (!single(s, p, ep))
        return nullptr;
      ++s;
    }
  }

  const char* open_capture(const char* s, const char* p, std::ptrdiff_t what) {
    if (level_ >= most_captures)
      luaL_error(L_, "too many captures");
    captures_[static_cast<std::size_t>(level_)] = {s, what};
    ++level_;
    const char* e = match(s, p);
    if (!e)
      --level_;
    return e;
  }

  const char* close_capture(const char* s, const char* p) {
    int i = level_ - 1;
    while (i >= 0 && captures_[static_cast<std::size_t>(i)].size != unfinished)
      --i;
    if (i < 0)
      luaL_error(L_, "invalid pattern capture");
    auto& c = captures_[static_cast<std::size_t>(i)];
    c.size = s - c.at;
    const char* e = match(s, p);
    if (!e)
      c.size = unfinished;
    return e;
  }

  const char* same_again(const char* s, char digit) {
    int i = digit - '1';
    if (i < 0 || i >= level_ || captures_[static_cast<std::size_t>(i)].size == unfinished)
      luaL_error(L_, "invalid capture index %%%d", i + 1);
    auto c = captures_[static_cast<std::size_t>(i)];
    if (c.size == position) // it has no text that could come again
      return nullptr;
    auto size = static_cast<std::size_t>(c.size);
    lua_engine::spend(L_, size);
    return static_cast<std::size_t>(end_ - s) >= size && std::memcmp(c.at, s, size) == 0 ? s + size : nullptr;
  }

  /// At `%f`, whose set begins at `p`.
  bool frontier(const char* s, const char* p, const char* ep) {
    int before = s == begin_ ? 0 : byte(s[-1]);
    int here = s == end_ ? 0 : byte(*s);
    return !in_set(before, p, ep - 1) && in_set(here, p, ep - 1);
  }

  /// The end of a match of the rest of the pattern, from `p` on.
  const char* match(const char* s, const char* p) {
    if (depth_-- == 0)
      luaL_error(L_, "pattern too complex");
    const char* e = match_rest(s, p);
    ++depth_;
    return e;
  }

  const char* match_rest(const char* s, const char* p) {
    while (p != pattern_end_) {
      lua_engine::step(L_);
      if (*p == '(')
        return p[1] == ')' ? open_capture(s, p + 2, position) : open_capture(s, p + 1, unfinished);
      if (*p == ')')
        return close_capture(s, p + 1);
      if (*p == '$' && p + 1 == pattern_end_)
        return s == end_ ? s : nullptr;
      if (*p == escape && p[1] == 'b') {
        s = balance(s, p + 2);
        p += 4;
      } else if (*p == escape && p[1] == 'f') {
        p += 2;
        if (*p != '[')
          luaL_error(L_, "missing '[' after '%%f' in pattern");
        const char* ep = class_end(p);
        s = frontier(s, p, ep) ? s : nullptr;
        p = ep;
      } else if (*p == escape && std::isdigit(byte(p[1]))) {
        s = same_again(s, p[1]);
        p += 2;
      } else {
        const char* ep = class_end(p);
        if (*ep == '*')
          return most(s, p, ep);
        if (*ep == '-')
          return least(s, p, ep);
        bool once = single(s, p, ep);
        if (*ep == '+')
          return once ? most(s + 1, p, ep) : nullptr;
        if (*ep == '?') {
          if (once)
            if (const char* e = match(s + 1, ep + 1))
              return e;
          p = ep + 1;
        } else {
          s = once ? s + 1 : nullptr;
          p = ep;
        }
      }
      if (!s)
        return nullptr;
    }
    return s;
  }

  lua_State* L_;
  const char* begin_;
  const char* end_;
  const char* pattern_;
  const char* pattern_end_;
  int depth_ = deepest;
  int level_ = 0; ///< captures, finished or not
  std::array<span, most_captures> captures_;
};

std::string_view check_text(lua_State* L, int index) {
  std::size_t n = 0;
  const char* text = luaL_checklstring(L, index, &n);
  return {text, n};
}

/// Where a search begins: the argument counts from 1, from the end when it is negative.
std::size_t check_first(lua_State* L, int index, std::size_t size) {
  auto n = luaL_optinteger(L, index, 1);
  if (n > 0)
    return static_cast<std::size_t>(n) - 1;
  if (n == 0 || n < -static_cast<lua_Integer>(size))
    return 0;
  return size - static_cast<std::size_t>(-n);
}

/// Without special characters, or where that was asked for. `memmem` takes linear time, whatever the texts are.
int find_plain(lua_State* L, std::string_view text, std::size_t first, std::string_view what) {
  const void* at = what.empty() ? text.data() + first : ::memmem(text.data() + first, text.size() - first, what.data(), what.size());
  if (!at)
    return luaL_pushfail(L), 1;
  auto begin = static_cast<const char*>(at) - text.data();
  lua_pushinteger(L, begin + 1);
  lua_pushinteger(L, begin + static_cast<lua_Integer>(what.size()));
  return 2;
}

template <bool Find>
int find_or_match(lua_State* L) {
  auto text = check_text(L, 1), pattern = check_text(L, 2);
  auto first = check_first(L, 3, text.size());
  lua_engine::spend(L, text.size() + pattern.size());
  if (first > text.size())
    return luaL_pushfail(L), 1;
  if (Find && (lua_toboolean(L, 4) || pattern.find_first_of(specials) == std::string_view::npos))
    return find_plain(L, text, first, pattern);
  bool anchored = pattern.starts_with('^');
  matcher m{L, text, pattern.substr(anchored ? 1 : 0)};
  const char* s = text.data() + first;
  do {
    const char* e = m.run(s);
    if (!e)
      continue;
    if (!Find)
      return m.push_captures(s, e);
    lua_pushinteger(L, s - text.data() + 1);
    lua_pushinteger(L, e - text.data());
    return m.push_captures(nullptr, nullptr) + 2;
  } while (s++ < m.end() && !anchored);
  return luaL_pushfail(L), 1;
}

// -- gmatch ------------------------------------------------------------------------------------------

struct iteration {
  matcher m;
  const char* at;
  const char* last; ///< the end of the last match: no empty one follows it there
};

int next_match(lua_State* L) {
  auto& i = *static_cast<iteration*>(lua_touserdata(L, lua_upvalueindex(3)));
  i.m.use(L);
  for (const char* s = i.at; s <= i.m.end(); ++s)
    if (const char* e = i.m.run(s); e && e != i.last) {
      i.at = i.last = e;
      return i.m.push_captures(s, e);
    }
  return 0;
}

// -- gsub --------------------------------------------------------------------------------------------

/// A replacement that is a string, in which `%0` to `%9` are captures.
void add_text(lua_State* L, matcher& m, luaL_Buffer& out, const char* s, const char* e) {
  auto text = check_text(L, 3);
  for (auto at = text.find(escape); at != std::string_view::npos; at = text.find(escape)) {
    luaL_addlstring(&out, text.data(), at);
    char what = at + 1 < text.size() ? text[at + 1] : '\0';
    if (what == escape) {
      luaL_addchar(&out, what);
    } else if (what == '0') {
      luaL_addlstring(&out, s, static_cast<std::size_t>(e - s));
    } else if (std::isdigit(byte(what))) {
      m.push_capture(what - '1', s, e);
      luaL_tolstring(L, -1, nullptr); // a position is a number
      lua_remove(L, -2);
      luaL_addvalue(&out);
    } else {
      luaL_error(L, "invalid use of '%%' in replacement string");
    }
    text.remove_prefix(at + 2);
    lua_engine::step(L);
  }
  luaL_addlstring(&out, text.data(), text.size());
}

/// Adds what takes the place of a match; false: it stays as it is.
bool add_replacement(lua_State* L, matcher& m, luaL_Buffer& out, const char* s, const char* e, int type) {
  if (type == LUA_TFUNCTION) {
    lua_pushvalue(L, 3);
    lua_call(L, m.push_captures(s, e), 1);
  } else if (type == LUA_TTABLE) {
    m.push_capture(0, s, e);
    lua_gettable(L, 3);
  } else {
    add_text(L, m, out, s, e);
    return true;
  }
  if (!lua_toboolean(L, -1)) {
    lua_pop(L, 1);
    luaL_addlstring(&out, s, static_cast<std::size_t>(e - s));
    return false;
  }
  if (!lua_isstring(L, -1))
    luaL_error(L, "invalid replacement value (a %s)", luaL_typename(L, -1));
  luaL_addvalue(&out);
  return true;
}

} // namespace

int string_find(lua_State* L) {
  return find_or_match<true>(L);
}

int string_match(lua_State* L) {
  return find_or_match<false>(L);
}

int string_gmatch(lua_State* L) {
  auto text = check_text(L, 1), pattern = check_text(L, 2);
  auto first = check_first(L, 3, text.size());
  lua_engine::spend(L, text.size() + pattern.size());
  lua_settop(L, 2); // upvalues keep the strings
  matcher m{L, text, pattern};
  static_assert(std::is_trivially_destructible_v<iteration>);
  new (lua_newuserdatauv(L, sizeof(iteration), 0)) iteration{m, text.data() + std::min(first, text.size() + 1), nullptr};
  lua_pushcclosure(L, &next_match, 3);
  return 1;
}

int string_gsub(lua_State* L) {
  auto text = check_text(L, 1), pattern = check_text(L, 2);
  auto type = lua_type(L, 3);
  luaL_argexpected(L, type == LUA_TNUMBER || type == LUA_TSTRING || type == LUA_TFUNCTION || type == LUA_TTABLE, 3,
                   "string/function/table");
  auto most = luaL_optinteger(L, 4, static_cast<lua_Integer>(text.size()) + 1);
  lua_engine::spend(L, text.size() + pattern.size());
  bool anchored = pattern.starts_with('^');
  matcher m{L, text, pattern.substr(anchored ? 1 : 0)};
  lua_Integer n = 0;
  bool changed = false;
  luaL_Buffer out;
  luaL_buffinit(L, &out);
  const char *s = text.data(), *last = nullptr;
  while (n < most) {
    const char* e = m.run(s);
    if (e && e != last) {
      ++n;
      changed |= add_replacement(L, m, out, s, e, type);
      s = last = e;
    } else if (s < m.end()) {
      luaL_addchar(&out, *s++);
    } else {
      break;
    }
    if (anchored)
      break;
  }
  if (changed) {
    luaL_addlstring(&out, s, static_cast<std::size_t>(m.end() - s));
    luaL_pushresult(&out);
  } else {
    lua_pushvalue(L, 1); // the same string
  }
  lua_pushinteger(L, n);
  return 2;
}

} // namespace ockam::lua
