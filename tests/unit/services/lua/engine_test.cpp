// SPDX-License-Identifier: Apache-2.0
#include "services/lua/lua_engine.hpp"

#include <gtest/gtest.h>

#include <chrono>
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

TEST_P(endless, is_ended_by_a_limit) {
  load(std::string{"function f() "} + GetParam() + " end");
  auto o = call();
  EXPECT_EQ(o.what, kind::failed) << GetParam();
  EXPECT_TRUE(o.over_instructions || o.over_memory) << GetParam() << ": " << o.why;
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
  "coroutine.wrap(function() local x <close> = setmetatable({}, {__close = function() while true do end end}) while true do end end)()",
  "pcall(function() local x <close> = setmetatable({}, {__close = function() while true do end end}) while true do end end)",
  "for k in next, {1}, nil, setmetatable({}, {__close = function() while true do end end}) do while true do end end",
  "local t = {} while true do t[#t + 1] = {} end",
  "table.move({}, 1, 1 << 50, 1)",
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
  "local s = ('x'):rep(100000) for i = 1, 2e6 do for _ in s:gmatch('y') do end end"));

/// What would run for ever if the engine did not know it: each ends at once, with its reason.
struct known_trap {
  const char* code;
  const char* why;
};
class trap : public engine_test, public testing::WithParamInterface<known_trap> {};

TEST_P(trap, is_refused_with_its_reason) {
  load(std::string{"function f() "} + GetParam().code + " end");
  auto o = call();
  EXPECT_EQ(o.what, kind::failed) << GetParam().code;
  EXPECT_EQ(o.why, GetParam().why) << GetParam().code;
  EXPECT_FALSE(o.over_instructions || o.over_memory) << GetParam().code;
}

INSTANTIATE_TEST_SUITE_P(ways, trap, testing::Values(
  known_trap{"string.rep('x', 1 << 40)", "resulting string too large"},
  known_trap{"table.insert(setmetatable({}, {__len = function() return 1 << 50 end}), 1, 1)",
             "x.lua:1: table functions take no table with a length of its own (__len)"},
  known_trap{"table.concat(setmetatable({}, {__len = function() return 1 << 50 end}))",
             "x.lua:1: table functions take no table with a length of its own (__len)"},
  known_trap{"table.move({}, math.mininteger, math.maxinteger, 1)", "x.lua:1: bad argument #3 to 'move' (too many elements to move)"},
  known_trap{"setmetatable({}, {__gc = function() while true do end end})", "x.lua:1: there are no finalizers (__gc) here"},
  known_trap{"local x <close> = setmetatable({}, {__close = function() while true do end end}) error('x')", "x.lua:1: x"},
  known_trap{"coroutine.yield()", "it has yielded outside of a coroutine of its own"}));

/// Each of these stays in C, or in instructions that take long, and was not seen by the limit of instructions.
class stuck : public testing::TestWithParam<const char*> {};

TEST_P(stuck, is_ended_by_the_clock) {
  using clock = std::chrono::steady_clock;
  lua_engine e{sandbox{.instructions = 1'000'000'000'000, .time = std::chrono::milliseconds{100}, .memory = 16u << 20}, nullptr};
  auto ok = e.load(std::string{"function f() "} + GetParam() + " end function g() return 1 end", "x.lua");
  ASSERT_TRUE(ok) << ok.error().cause;
  auto call = [&](const char* name) {
    return e.call([&](lua_State* L) {
      lua_getglobal(L, name);
      return 1;
    });
  };
  auto began = clock::now();
  auto o = call("f");
  auto took = std::chrono::duration_cast<std::chrono::milliseconds>(clock::now() - began);
  EXPECT_EQ(o.what, kind::failed) << GetParam();
  EXPECT_TRUE(o.over_time) << o.why;
  EXPECT_NE(o.why.find("it ran for longer than the option time allows"), std::string::npos) << o.why;
  EXPECT_LT(took.count(), 3000) << GetParam();
  EXPECT_EQ(call("g").what, kind::finished) << "the next call has its own time";
}

INSTANTIATE_TEST_SUITE_P(ways, stuck, testing::Values(
  "while true do end",
  "local t = {} for i = 1, 65536 do t['k' .. i] = true end for k in pairs(t) do t[k] = nil end while true do next(t) end",
  "local t = {} for i = 1, 65536 do t['k' .. i] = true end for k in pairs(t) do t[k] = nil end while true do for _ in pairs(t) do end end",
  "while true do table.move({}, 1, 999999, 2) end",
  "local t = setmetatable({}, {__index = rawlen}) while true do table.move(t, 1, 99999, 2, {}) end",
  "local s = '--' .. ('x'):rep(3000000) while true do load(s) end",
  "local s = '--' .. ('x'):rep(3000000) while true do load(function() return s end) end",
  "local t = {} for i = 1, 30000 do t[i] = '::a' .. i .. '::' end local s = table.concat(t) while true do load(s) end",
  "local a, b = ('x'):rep(2000000) .. 'a', ('x'):rep(2000000) .. 'b' while true do local _ = a == b end",
  "local a, b = ('\\0'):rep(4000000) .. 'a', ('\\0'):rep(4000000) .. 'b' while true do local _ = a < b end",
  "local s = '0x' .. ('0'):rep(4000000) while true do local _ = s + 0 end",
  "local s = '0x' .. ('0'):rep(4000000) while true do tonumber(s) math.max(s, s) end",
  "local c = coroutine.wrap(function() local a, b = ('\\0'):rep(2000000) .. 'a', ('\\0'):rep(2000000) .. 'b' while true do local _ = a < b end end) c()",
  "local a, t, u = ('\\0'):rep(1000000), {}, {} for i = 1, 5 do t[i] = a .. i end for i = 1, 50000 do u[i] = t[i % 5 + 1] end while true do table.sort(u) end",
  "local t = {} for i = 1, 100000 do t[i] = i * 7919 % 100003 end while true do table.sort(t, function(a, b) return a < b end) end",
  "local t = setmetatable({}, {__index = rawlen}) while true do pcall(table.concat, t, '', 1, 100000) end",
  "local t = setmetatable({}, {__index = function() return '' end}) table.concat(t, '', 1, 1 << 60)",
  "return ('a'):rep(40):find(('a?'):rep(40) .. ('a'):rep(40))",
  "return ('x'):rep(3000):find(('.-'):rep(4) .. 'y')",
  "return ('x'):rep(300000):match('(.-)b')  or ('x'):rep(300000):match('.-.-.-b')",
  "for w in ('a'):rep(40):gmatch(('a?'):rep(40) .. ('a'):rep(40)) do end",
  "return ('a'):rep(40):gsub(('a?'):rep(40) .. ('a'):rep(40), '')",
  "return ('x'):rep(1000000):find('[' .. ('y'):rep(1000000) .. ']')",
  "return ('('):rep(2000000):find('%b()')",
  "local s = ('a'):rep(4000000) while true do s:find(('a'):rep(2000000) .. 'b', 1, true) end",
  "pcall(string.find, ('a'):rep(40), ('a?'):rep(40) .. ('a'):rep(40)) while true do end",
  "while true do string.format('%99.99f', 1e308) end",
  "local s = ('%c'):rep(2000) while true do os.date(s) end",
  "local f = function(...) while true do math.max(...) end end local t = {} for i = 1, 100000 do t[i] = i end f(table.unpack(t))"));

TEST_F(engine_test, a_text_is_searched_for_a_long_one_in_linear_time) {
  lua_engine big{sandbox{.instructions = 1'000'000'000'000, .time = std::chrono::seconds{60}, .memory = 32u << 20}, nullptr};
  auto ok = big.load("local s = ('a'):rep(4000000) assert(not s:find(('a'):rep(2000000) .. 'b', 1, true)) assert(s:find('', 3, true) == 3)", "x.lua");
  EXPECT_TRUE(ok) << ok.error().cause;
}

/// As in the library of Lua 5.4, which these replace.
TEST_F(engine_test, what_is_bounded_does_what_lua_says) {
  load(R"(
    local function eq(a, b) if a ~= b then error(tostring(a) .. ' is not ' .. tostring(b), 2) end end
    local function all(...) return table.concat(table.pack(...), '|') end
    function f()
      eq(all(('hello world'):find('o w')), '5|7')
      eq(all(('hello world'):find('(o)%s(w)')), '5|7|o|w')
      eq(all(('hello'):find('l', -2)), '4|4')
      eq(all(('hello'):find('')), '1|0')
      eq(all(('hello'):find('', 6)), '6|5')
      eq(('hello'):find('', 7), nil)
      eq(all(('a.b'):find('.', 1, true)), '2|2')
      eq(('key = value'):match('^(%w+)%s*=%s*(%w+)$'), 'key')
      eq(all(('key = value'):match('()(%w+)()')), '1|key|4')
      eq(('  trim  '):match('^%s*(.-)%s*$'), 'trim')
      eq(('f(a(b)c)d'):match('%b()'), '(a(b)c)')
      eq(('THE (quick) fox'):find('%f[%a]%a+%f[%A]'), 1)
      eq(('"it\'s"'):match([[(["'])(.-)%1]]), '"')
      eq(('2024-01-31'):match('%d+-%d+-%d+'), '2024-01-31')
      eq(('x]y'):match('[]]'), ']')
      eq(('a-z'):match('[a%-]+'), 'a-')
      eq(('abc'):match('[^a]+'), 'bc')
      eq(('\0a\0'):match('%z(a)'), 'a')
      eq(('aaa'):match('a-$'), 'aaa')
      eq(('aaa'):match('^a?a?a?a?$'), 'aaa')
      local out = {} for k, v in ('a=1, b=2'):gmatch('(%w+)=(%w+)') do out[#out + 1] = k .. v end
      eq(table.concat(out, ' '), 'a1 b2')
      out = {} for w in ('one two'):gmatch('%a+', 2) do out[#out + 1] = w end
      eq(table.concat(out, ' '), 'ne two')
      out = 0 for _ in ('abc'):gmatch('') do out = out + 1 end eq(out, 4)
      eq(all(('hello world'):gsub('o', '0')), 'hell0 w0rld|2')
      eq(all(('hello'):gsub('', '-')), '-h-e-l-l-o-|6')
      eq(all(('abc'):gsub('%w', '%0%0', 2)), 'aabbc|2')
      eq(all(('abc'):gsub('(a)(b)', '%2%1%%')), 'ba%c|1')
      eq(all(('abc'):gsub('()b', '%1')), 'a2c|1')
      eq(all(('$name is $age'):gsub('%$(%w+)', {name = 'Ann', age = 7})), 'Ann is 7|2')
      eq(all(('abc'):gsub('%w', function(c) if c == 'b' then return 'X' end end)), 'aXc|3')
      eq(all(('abc'):gsub('^a', 'x')), 'xbc|1')
      for _, wrong in ipairs {'%', '[a', '%b', '(a', 'a)', '%f', '%1'} do assert(not pcall(string.match, 'abc', wrong), wrong) end
      assert(not pcall(string.gsub, 'abc', 'a', '%x')) assert(not pcall(string.gsub, 'abc', 'a', print and true))
      eq(table.concat({1, 2, 3}, ', ', 2), '2, 3')
      eq(table.concat({}, 'x'), '')
      assert(not pcall(table.concat, {1, {}, 3}))
      eq(table.concat(table.move({1, 2, 3}, 2, 3, 1)), '233')
      eq(table.concat(table.move({1, 2, 3}, 1, 3, 2)), '1123')
      eq(table.concat(table.move({1, 2}, 1, 2, 3, {0, 0})), '0012')
      local t = {3, 1, 2} table.sort(t) eq(table.concat(t), '123') table.sort(t, function(a, b) return a > b end) eq(table.concat(t), '321')
      assert(not pcall(table.sort, {1, 'a'})) assert(not pcall(table.sort, {1, 2}, 'x'))
      eq(next({}), nil) eq(next({7}), 1) assert(not pcall(next, {}, 'none')) eq(pairs({}), next)
      local seen = 0 for k, v in pairs(setmetatable({}, {__pairs = function() return ipairs {5, 6} end})) do seen = seen + v end eq(seen, 11)
      eq(load('return ...')(3), 3)
      local parts = {'return ', '1', ' + 1'} eq(load(function() return table.remove(parts, 1) end)(), 2)
      eq(select(2, load('x = = 1', '=here')), "here:1: unexpected symbol near '='")
      assert(not load(function() return {} end)) assert(not load('\27Lua'))
      eq(load('return x', 'c', 't', {x = 9})(), 9)
      local co = coroutine.create(function(a) local b = coroutine.yield(a + 1) error('oops' .. b, 0) end)
      eq(all(tostring(select(1, coroutine.resume(co, 1))), coroutine.status(co)), 'true|suspended')
      local ok, why = coroutine.resume(co, 5) eq(ok, false) eq(why, 'oops5')
      ok, why = coroutine.resume(co) eq(ok, false) eq(why, 'cannot resume dead coroutine')
      eq(tonumber('ff', 16), 255) eq(tonumber('x'), nil) eq(tonumber(' 12 '), 12)
    end)");
  EXPECT_EQ(call().why, "");
}

TEST_F(engine_test, an_empty_string_is_not_repeated_for_hours) {
  load("function f() assert(string.rep('', 1 << 60) == '') assert(('ab'):rep(2, ',') == 'ab,ab') end");
  EXPECT_EQ(call().why, "");
}

TEST_F(engine_test, memory_has_a_limit_and_what_is_free_again_counts) {
  load("function f() local t = {} for i = 1, 1e6 do t[i] = ('x'):rep(100) .. i end end");
  auto o = call();
  EXPECT_TRUE(o.over_memory);
  EXPECT_EQ(o.why, "its memory is used up (budget 1MiB)");
  load("function f() for i = 1, 20 do local s = ('x'):rep(100000) end end");
  EXPECT_EQ(call().what, kind::finished);
}

TEST_F(engine_test, values_count_in_the_account_of_the_worker) {
  memory all{1u << 30};
  account a{all, 1u << 20};
  {
    lua_engine own{sandbox{.memory = 16u << 20}, nullptr};
    ASSERT_TRUE(own.charge_to(a));
    auto empty = a.used();
    EXPECT_GE(empty, own.memory());
    auto ok = own.load("s = ('x'):rep(500000)", "x.lua");
    ASSERT_TRUE(ok) << ok.error().cause;
    EXPECT_GE(a.used(), own.memory());
    EXPECT_LT(a.used(), own.memory() + 16'384) << "by pages";
    EXPECT_FALSE(own.load("t = ('x'):rep(700000)", "x.lua")) << "less than its own limit, more than the account has";
    ASSERT_TRUE(a.take(400'000)) << "of something else";
    EXPECT_FALSE(own.load("t = ('x'):rep(200000)", "x.lua"));
    a.give_back(400'000);
    EXPECT_TRUE(own.load("t = ('x'):rep(200000) s, t = nil", "x.lua"));
    own.collect_garbage();
    EXPECT_LT(a.used(), empty + 65'536) << "what is garbage comes back";
    auto rest = a.limit() - a.used();
    ASSERT_TRUE(a.take(rest));
    lua_engine other{sandbox{}, nullptr};
    EXPECT_FALSE(other.charge_to(a));
    a.give_back(rest);
    EXPECT_EQ(all.used(), 0u) << "values are no messages";
  }
  EXPECT_EQ(a.used(), 0u);
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
