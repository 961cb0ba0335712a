// SPDX-License-Identifier: Apache-2.0
#include "services/lua/lua_engine.hpp"
#include "services/lua/lua_values.hpp"
#include "services/lua/script_check.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <unistd.h>

namespace ockam::lua {
namespace {

struct values_test : testing::Test {
  lua_engine e{patient(), nullptr};

  /// Instructions are what ends a call here, also where a sanitizer makes each of them slow.
  static sandbox patient() {
    sandbox s;
    s.time = std::chrono::minutes{5};
    return s;
  }

  void SetUp() override {
    (void)e.run([](lua_State* L) { open_values(L); });
  }
  /// Runs statements; why they failed, or nothing.
  std::string run(const std::string& text) {
    auto ok = e.load(text, "x.lua");
    return ok ? "" : ok.error().cause;
  }
};

TEST_F(values_test, json_both_ways) {
  for (auto* text : {"null", "true", "12", "-9223372036854775808", "1.5", "\"a\\\"b\"", "[]", "{}", "[1,[2],{\"a\":[]}]", "{\"a\":1,\"b\":{\"c\":null}}", "\"grüße\""})
    EXPECT_EQ(run("local t = [==[" + std::string{text} + "]==] local s = json.encode(json.decode(t)) assert(s == t, s)"), "") << text;
}

TEST_F(values_test, what_values_become) {
  EXPECT_EQ(run("local v = json.decode('{\"n\":1,\"f\":1.0,\"z\":null,\"l\":[10,20]}') "
                "assert(math.type(v.n) == 'integer' and math.type(v.f) == 'float' and v.z == json.null and v.l[2] == 20 and #v.l == 2)"), "");
  EXPECT_EQ(run("assert(json.encode({}) == '{}' and json.encode(json.array{}) == '[]' and json.encode({1, 2}) == '[1,2]')"), "");
  EXPECT_EQ(run("assert(json.decode('18446744073709551615') == 18446744073709551615.0)"), "");
}

TEST_F(values_test, cbor_both_ways_and_byte_strings) {
  EXPECT_EQ(run("local v = cbor.decode(cbor.encode({a = {1, 2.5, 'x', true}, b = '\\xff\\x00'})) "
                "assert(v.a[1] == 1 and v.a[2] == 2.5 and v.a[3] == 'x' and v.a[4] == true and v.b == '\\xff\\x00')"), "");
  EXPECT_EQ(run("assert(cbor.encode('\\xff') == '\\x41\\xff' and cbor.encode('x') == '\\x61x')"), "");
}

TEST_F(values_test, wrong_bytes_give_nil_and_a_reason) {
  for (auto* text : {"", "{", "[1,", "nul", "{\"a\" 1}", "\"\\xff\"", "1 2", "[1]]"})
    EXPECT_EQ(run("local v, why = json.decode([==[" + std::string{text} + "]==]) assert(v == nil and why:find('not JSON'), why)"), "") << text;
  for (auto* bytes : {"", "\\x9f", "\\x5b\\xff\\xff\\xff\\xff\\xff\\xff\\xff\\xff", "\\x9b\\xff\\xff\\xff\\xff\\xff\\xff\\xff\\xff", "\\xff", "\\xa1\\x01\\x01"})
    EXPECT_EQ(run("local v, why = cbor.decode('" + std::string{bytes} + "') assert(v == nil and why:find('not CBOR'), why)"), "") << bytes;
}

TEST_F(values_test, depth_is_bounded_both_ways) {
  EXPECT_EQ(run("local v, why = json.decode(('['):rep(65)) assert(v == nil and why:find('deeper than 64'), why)"), "");
  EXPECT_EQ(run("assert(json.decode(('['):rep(64) .. (']'):rep(64)))"), "");
  EXPECT_NE(run("local t = {} t.t = t json.encode(t)").find("contains itself"), std::string::npos);
}

TEST_F(values_test, a_bomb_meets_the_memory_limit_of_the_state) {
  EXPECT_NE(run("local t = ('[],'):rep(1000000) json.decode('[' .. t .. '0]')"), "");
  EXPECT_EQ(run("x = 1"), "");
}

TEST_F(values_test, no_script_gives_arrays_a_finalizer) {
  EXPECT_EQ(run("assert(getmetatable(json.array{}) == false and not pcall(setmetatable, json.array{}, {}))"), "");
}

TEST_F(values_test, a_table_that_stands_in_many_places_is_not_written_for_ever) {
  EXPECT_NE(run("local t = {1} for i = 1, 40 do t = {t, t} end json.encode(t)"), "");
  EXPECT_NE(run("local t = {} for i = 1, 1000 do t[i] = ('x'):rep(10000) end t = {t, t, t, t} json.encode(t)"), "");
}

TEST_F(values_test, long_texts_count_as_instructions) {
  EXPECT_NE(run("local t = '[' .. ('1,'):rep(100000) .. '1]' while true do json.decode(t) end").find("more instructions"), std::string::npos);
}

TEST_F(values_test, what_json_has_no_word_for_is_refused) {
  for (auto [value, why] : {std::pair{"print", "function"}, {"{1, a = 2}", "both a list"}, {"{[1.5] = 1}", "not text"}, {"0/0", "no word"},
                            {"1/0", "no word"}, {"'\\xff'", "not UTF-8"}, {"{[true] = 1}", "not text"}})
    EXPECT_NE(run("json.encode(" + std::string{value} + ")").find(why), std::string::npos) << value << ": " << run("json.encode(" + std::string{value} + ")");
}

// -- script check ----------------------------------------------------------------------------------------

struct check_test : testing::Test {
  std::string path = "/tmp/ockam-check-" + std::to_string(::getpid()) + ".lua";

  ~check_test() override { ::unlink(path.c_str()); }
  std::string check(const std::string& text) {
    std::ofstream{path} << text;
    std::string out;
    for (const auto& p : check_script(path))
      out += (p.certain ? "" : "?") + std::to_string(p.line) + " " + p.cause + "|" + p.hint + "\n";
    return out;
  }
};

TEST_F(check_test, a_good_script_has_no_problem) {
  EXPECT_EQ(check("local n = options.number('n', 3)\nfunction on_start() send('/service/x', service.address) after(1, print) end\n"
                  "function on_message(m) state = {} count('x') m:reply(state) end"), "");
}

TEST_F(check_test, says_where) {
  EXPECT_EQ(check("function on_message(m)\n  m:reply(\nend"), "3 unexpected symbol near 'end'|\n");
  EXPECT_EQ(check("\nlocal x = nil + 1\nfunction on_message() end"), "2 attempt to perform arithmetic on a nil value|\n");
  EXPECT_EQ(check("send('/service/x', 'y')").substr(0, 41), "1 the script has no address yet: do it in");
  EXPECT_EQ(check("while true do end").substr(0, 27), "1 it ran for more instructi");
  EXPECT_EQ(check("x = 1"), "0 it defines no on_message|function on_message(m) m:reply() end\n");
}

TEST_F(check_test, names_globals_that_nobody_defines) {
  EXPECT_EQ(check("function on_message(m)\n  m:reply(greting)\n  local f = function()\n\n    prnt('x')\n  end\nend\ngreeting = 'x'"),
            "?2 nobody defines the global greting|did you mean greeting?\n?5 nobody defines the global prnt|did you mean print?\n");
}

TEST_F(check_test, lines_of_a_long_script_are_right) {
  std::string text = "function on_message(m)\n";
  for (int i = 0; i < 1000; ++i)
    text += "  local a" + std::to_string(i % 150) + " = m\n\n";
  EXPECT_EQ(check("do end\n" + text.substr(0, text.find("a149")) + "x = m\n\n\n  nothere()\nend\n").substr(0, 36), "?304 nobody defines the global nothe");
}

TEST_F(check_test, a_file_that_is_none) {
  path = "/nothere.lua";
  EXPECT_EQ(check_script(path)[0].cause, "there is no file /nothere.lua");
}

} // namespace
} // namespace ockam::lua
