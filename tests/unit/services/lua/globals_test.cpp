// SPDX-License-Identifier: Apache-2.0
#include "services/lua/lua_globals.hpp"

#include <gtest/gtest.h>

using namespace ockam;
using names = std::vector<std::string>;

namespace {

/// `name:line` of each.
names undefined(std::string_view text) {
  names known{"print", "reply"}, out;
  for (const auto& g : lua::undefined_globals(text, known))
    out.push_back(g.name + ":" + std::to_string(g.line));
  return out;
}

TEST(lua_globals, one_that_is_read_and_nowhere_written_is_undefined) {
  EXPECT_EQ(undefined("print(greting)"), names{"greting:1"});
  EXPECT_EQ(undefined("function on_message(m)\n  reply(m, m.text)\n  if m.x then\n    repli(m)\n  end\nend"), names{"repli:4"});
  EXPECT_EQ(undefined("on_message = 1\nfunction later() return never end\nlater() on_message()"), names{"never:2"});
  EXPECT_EQ(undefined("if false then b() end\nreturn a\n-- and a last comment"), (names{"b:1", "a:2"})) << "code that never runs, too";
  EXPECT_EQ(undefined("print(#words, -number, not truth, {list, key = value, [index] = 1})"),
            (names{"words:1", "number:1", "truth:1", "list:1", "value:1", "index:1"}));
}

TEST(lua_globals, one_that_the_script_writes_anywhere_is_not) {
  EXPECT_EQ(undefined("print(count)\nfunction on_message() count = 1 end"), names{});
  EXPECT_EQ(undefined("a, b = 1, 2 print(a, b) for i = 1, 2 do c = i end print(c)"), names{});
  EXPECT_EQ(undefined("function f() end function t.m() end f() print(t)"), names{"t:1"}) << "a field is no global";
  names known{"print"};
  (void)lua::undefined_globals("function greeting() end total = 1 local own = 2 own = 3", known);
  EXPECT_EQ(known, (names{"print", "greeting", "total"})) << "for suggestions";
}

TEST(lua_globals, locals_fields_strings_comments_and_labels_are_none) {
  EXPECT_EQ(undefined("local a = 1 print(a) local function f(b, ...) return a + b end f()"), names{});
  EXPECT_EQ(undefined("for k, v in print do print(k, v) end repeat local done = 1 until done"), names{});
  EXPECT_EQ(undefined("print(print.field, print:method(), {key = 1}, 'word', \"word\", [[word]], [==[ ]] word ]==]) -- word\n--[[ word\nword ]]"), names{});
  EXPECT_EQ(undefined("goto out\ndo print() end\n::out::"), names{});
  EXPECT_EQ(undefined("print(0xff, 1e5, 0x1p4, 3 .. 4)"), names{});
  EXPECT_EQ(undefined("local c <const> = 1 local d <close> = nil print(c, d, ...)"), names{});
}

TEST(lua_globals, the_line_is_that_of_the_first_reading) {
  EXPECT_EQ(undefined("-- word\nlocal function f(word)\n  return word .. 'word' .. print.word\nend\nf(word)\nf(word)"), names{"word:5"});
  EXPECT_EQ(undefined("do local x = 1 print(x) end\n\nprint(x)"), names{"x:3"}) << "out of its block";
  EXPECT_EQ(undefined("local x = x"), names{"x:1"}) << "not yet in its own";
}

TEST(lua_globals, scripts_of_any_size) {
  std::string text = "local t = {}\n";
  for (int i = 0; i < 1000; ++i)
    text += "t.field" + std::to_string(i) + " = 'text" + std::to_string(i) + "'\n";
  EXPECT_EQ(undefined(text + "print(lost)"), names{"lost:1002"}) << "its name is far down the list of constants";
  std::string locals, uses;
  for (int i = 0; i < 180; ++i) {
    locals += "local a" + std::to_string(i) + " = 1 ";
    uses += "a" + std::to_string(i) + ",";
  }
  EXPECT_EQ(undefined(locals + "function f() return {" + uses + "lost1, lost2} end"), (names{"lost1:1", "lost2:1"}));
}

TEST(lua_globals, what_does_not_compile_or_has_an_environment_of_its_own_is_not_looked_at) {
  EXPECT_EQ(undefined("print(a"), names{});
  EXPECT_EQ(undefined("end print(a) do"), names{});
  EXPECT_EQ(undefined("local _ENV = {a = 1} print(a)"), names{});
}

} // namespace
