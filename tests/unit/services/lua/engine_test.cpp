// SPDX-License-Identifier: Apache-2.0
#include "services/lua/lua_engine.hpp"

#include <gtest/gtest.h>

#include <stdexcept>

namespace ockam::lua {
namespace {

using kind = outcome::kind;

struct engine_test : testing::Test {
  lua_engine e{sandbox{.instructions = 1'000'000, .memory = 1u << 20}, nullptr};

  void load(const std::string& text) {
    auto ok = e.load(text, "x.lua");
    ASSERT_TRUE(ok) << ok.error().cause;
  }
  /// Calls the global f.
  outcome call() {
    return e.call([](lua_State* L) {
      lua_getglobal(L, "f");
      return 1;
    });
  }
  std::string global(const char* name) {
    std::string out;
    (void)e.run([&](lua_State* L) {
      lua_getglobal(L, name);
      out = luaL_tolstring(L, -1, nullptr);
    });
    return out;
  }
};

TEST_F(engine_test, calls_a_function_again_and_again_in_one_coroutine) {
  load("n = 0 function f() n = n + 1 end");
  auto before = e.memory();
  for (int i = 0; i < 1000; ++i)
    ASSERT_EQ(call().what, kind::finished);
  EXPECT_EQ(global("n"), "1000");
  EXPECT_LT(e.memory(), before + 8192);
}

TEST_F(engine_test, an_idle_state_takes_less_than_64_KiB) {
  load("function f() end");
  EXPECT_LT(e.memory(), 40u << 10);
}

TEST_F(engine_test, says_what_is_wrong_with_a_text_and_where) {
  auto syntax = e.load("x = 1\ny = = 2\n", "x.lua");
  ASSERT_FALSE(syntax);
  EXPECT_EQ(syntax.error().cause, "x.lua:2: unexpected symbol near '='");
  auto run = e.load("\n\nerror('no')", "x.lua");
  ASSERT_FALSE(run);
  EXPECT_EQ(run.error().cause, "x.lua:3: no");
  EXPECT_FALSE(e.load("\x1bLua", "x.lua")) << "binary chunks are not taken";
  EXPECT_TRUE(e.load("#!/usr/bin/env lua\nx = 1", "x.lua"));
}

TEST_F(engine_test, an_error_is_told_and_the_state_goes_on) {
  load("function f() local t = nil; return t.x end");
  auto o = call();
  EXPECT_EQ(o.what, kind::failed);
  EXPECT_EQ(o.why, "x.lua:1: attempt to index a nil value (local 't')");
  EXPECT_FALSE(o.over_instructions || o.over_memory);
  load("function f() error({}) end");
  EXPECT_EQ(call().why, "an error that is a table");
  load("function f() end");
  EXPECT_EQ(call().what, kind::finished);
}

/// Each of these would run for ever, or for hours.
class endless : public engine_test, public testing::WithParamInterface<const char*> {};

TEST_P(endless, is_ended_by_the_instruction_limit) {
  load(std::string{"function f() "} + GetParam() + " end");
  auto o = call();
  EXPECT_EQ(o.what, kind::failed) << GetParam();
  EXPECT_TRUE(o.over_instructions || o.over_memory || !o.why.empty()) << GetParam();
  load("function f() end");
  EXPECT_EQ(call().what, kind::finished) << "the next call has a budget of its own";
}

INSTANTIATE_TEST_SUITE_P(ways, endless, testing::Values(
  "while true do end",
  "while true do pcall(function() while true do end end) end",
  "while true do xpcall(function() while true do end end, function() while true do end end) end",
  "local function g() while true do end end while true do coroutine.resume(coroutine.create(g)) end",
  "while true do local c = coroutine.wrap(function() while true do end end) pcall(c) end",
  "while true do load(function() return ' ' end) end",
  "while true do pcall(load, function() while true do end end) end",
  "local t = setmetatable({}, {__index = function(t, k) return t[k + 1] end}) while true do pcall(function() return t[1] end) end",
  "while true do local x <close> = setmetatable({}, {__close = function() while true do end end}) end",
  "local x <close> = setmetatable({}, {__close = function() while true do end end}) while true do end",
  "local x <close> = setmetatable({}, {__close = function() while true do end end}) error('x')",
  "coroutine.wrap(function() local x <close> = setmetatable({}, {__close = function() while true do end end}) while true do end end)()",
  "pcall(function() local x <close> = setmetatable({}, {__close = function() while true do end end}) while true do end end)",
  "for k in next, {1}, nil, setmetatable({}, {__close = function() while true do end end}) do while true do end end",
  "string.rep('x', 1 << 40)",
  "local t = {} while true do t[#t + 1] = {} end",
  "table.insert(setmetatable({}, {__len = function() return 1 << 50 end}), 1, 1)",
  "table.move({}, 1, 1 << 50, 1)",
  "table.move({}, math.mininteger, math.maxinteger, 1)",
  "table.concat(setmetatable({}, {__len = function() return 1 << 50 end}))",
  "setmetatable({}, {__gc = function() while true do end end})",
  "local function r() return r() + 1 end r()",
  "for w in string.gmatch('x', '') do while true do end end",
  "string.gsub('aaaa', '', function() while true do end end)",
  "table.sort({3, 2, 1}, function() while true do end end)",
  "local s = ('x'):rep(200000) while true do s:gsub('', '') end",
  "local s = ('x'):rep(200000) while true do s:find('y', 1, true) end",
  "local s = ('x'):rep(200000) while true do pcall(s.upper, s) end",
  "local t = {} for i = 1, 10000 do t[i] = 'xxxxxxxxxx' end while true do table.concat(t) end",
  "while true do string.format('%s %s', ('x'):rep(100000), 1) end",
  "function f(d) for i = 1, 40 do if d > 0 then coroutine.wrap(f)(d - 1) end end end f(30)",
  "function f(d) for i = 1, 40 do if d > 0 then coroutine.resume(coroutine.create(f), d - 1) end end end f(30)",
  "local s = ('x'):rep(100000) for i = 1, 2e6 do local x = s .. 'a' end",
  "local s = ('x'):rep(100000) for i = 1, 2e6 do utf8.len(s) end",
  "local s = ('x'):rep(100000) for i = 1, 2e6 do for _ in s:gmatch('y') do end end",
  "coroutine.yield()"));

TEST_F(engine_test, an_empty_string_is_not_repeated_for_hours) {
  load("function f() assert(string.rep('', 1 << 60) == '') assert(('ab'):rep(2, ',') == 'ab,ab') end");
  EXPECT_EQ(call().why, "");
}

TEST_F(engine_test, memory_has_a_limit_and_what_is_free_again_counts) {
  load("function f() local t = {} for i = 1, 1e6 do t[i] = ('x'):rep(100) .. i end end");
  auto o = call();
  EXPECT_TRUE(o.over_memory);
  EXPECT_EQ(o.why, "its memory is used up");
  load("function f() for i = 1, 20 do local s = ('x'):rep(100000) end end");
  EXPECT_EQ(call().what, kind::finished);
}

TEST_F(engine_test, garbage_with_finalizers_does_not_use_memory_up) {
  (void)e.run([](lua_State* L) {
    luaL_newmetatable(L, "t");
    lua_pushcfunction(L, [](lua_State*) { return 0; });
    lua_setfield(L, -2, "__gc");
  });
  load("function f(u) local s = ('x'):rep(300) .. tostring(u) end");
  for (int i = 0; i < 200'000; ++i) {
    auto o = e.call([](lua_State* L) {
      lua_getglobal(L, "f");
      lua_newuserdatauv(L, 200, 0);
      luaL_setmetatable(L, "t");
      return 2;
    });
    ASSERT_EQ(o.what, kind::finished) << o.why << " at call " << i;
  }
}

TEST_F(engine_test, what_reads_files_or_escapes_is_not_there) {
  for (auto* name : {"io", "require", "package", "debug", "loadfile", "dofile"})
    EXPECT_EQ(global(name), "nil") << name;
  load("function f() assert(not os.execute and not os.getenv and not os.exit and os.time() > 0 and not string.dump) "
       "assert(not load(string.char(27) .. 'Lua')) assert(load('return 7')() == 7) "
       "local e = {} assert(load('x = 1', 'c', 't', e))() assert(e.x == 1 and x == nil) "
       "assert(not pcall(collectgarbage, 'stop') and collectgarbage('count') > 1) "
       "assert(select('#', pcall(function() return 1, 2, 3 end)) == 4) "
       "local ok, m = xpcall(function(a, b) error(a .. b, 0) end, function(x) return x .. '!' end, 'p', 'q') assert(not ok and m == 'pq!') "
       "local ok, v = xpcall(function(a) return a end, print, 5) assert(ok and v == 5) "
       "local t = {1, 2, 3} table.insert(t, 4) assert(#t == 4 and table.concat(t, ',') == '1,2,3,4' and table.remove(t) == 4) "
       "local w = coroutine.wrap(function(a) local b = coroutine.yield(a + 1) return b, 'end' end) assert(w(1) == 2) local x, y = w(5) assert(x == 5 and y == 'end') "
       "assert(not pcall(w) and not coroutine.close) assert(select('#', table.unpack(t)) == 3 and table.move(t, 1, 3, 2)[4] == 3) end");
  EXPECT_EQ(call().why, "");
}

TEST_F(engine_test, what_is_allowed_is_there) {
  lua_engine open{sandbox{.io = true, .os = true, .package = true}, nullptr};
  EXPECT_TRUE(open.load("assert(io.open and os.getenv and require and package and dofile)", "x.lua"));
}

TEST_F(engine_test, a_call_waits_and_goes_on_also_through_pcall) {
  (void)e.run([](lua_State* L) {
    lua_pushcfunction(L, [](lua_State* s) { return lua_engine::of(s).wait(s); });
    lua_setglobal(L, "wait");
  });
  load("function f() local ok, a, b = pcall(function() return wait() end) got = tostring(ok) .. tostring(a) .. tostring(b) end");
  auto o = call();
  ASSERT_EQ(o.what, kind::waiting);
  EXPECT_EQ(call().what, kind::waiting) << "others go on meanwhile";
  o = e.resume(o.thread, [](lua_State* L) {
    lua_pushinteger(L, 7);
    lua_pushnil(L);
    return 2;
  });
  EXPECT_EQ(o.what, kind::finished) << o.why;
  EXPECT_EQ(global("got"), "true7nil");
  load("function f() table.sort({3, 2, 1}, wait) end");
  EXPECT_NE(call().why.find("only in a handler"), std::string::npos) << "not through the library's own C";
  load("function f() coroutine.wrap(wait)() end");
  EXPECT_NE(call().why.find("only in a handler"), std::string::npos);
}

TEST_F(engine_test, exceptions_of_ours_become_errors_of_lua) {
  auto o = e.run([](lua_State*) { throw std::length_error{"too many"}; });
  EXPECT_EQ(o.what, kind::failed);
  EXPECT_EQ(o.why, "too many");
}

} // namespace
} // namespace ockam::lua
