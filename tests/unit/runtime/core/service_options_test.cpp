// SPDX-License-Identifier: Apache-2.0
#include "runtime/core/service_options.hpp"

#include <gtest/gtest.h>

#include <array>

namespace ockam {
namespace {

using namespace std::chrono_literals;

std::string why(const result<void>& r) { return r ? "" : to_string(r.error()); }

TEST(service_options, give_values_by_name_and_type) {
  service_options o{{{"t", "x"}, {"n", "-3"}, {"r", "2.5"}, {"f", "yes"}, {"d", "1500ms"}, {"s", "64KiB"}, {"c", "b"}}};
  EXPECT_EQ(o.text("t"), "x");
  EXPECT_EQ(o.number("n", 0, -10, 10), -3);
  EXPECT_EQ(o.real("r", 0), 2.5);
  EXPECT_TRUE(o.flag("f", false));
  EXPECT_EQ(o.duration("d", 0ms), 1500ms);
  EXPECT_EQ(o.size("s", 0), 65536u);
  EXPECT_EQ(o.choice("c", "a", {"a", "b"}), "b");
  EXPECT_EQ(o.required("t"), "x");
  EXPECT_TRUE(o.wrong() && o.unknown());
}

TEST(service_options, what_is_not_there_is_what_the_service_says) {
  service_options o;
  EXPECT_EQ(o.text("t", "y"), "y");
  EXPECT_EQ(o.number("n", 7), 7);
  EXPECT_EQ(o.duration("d", 3s), 3s);
  EXPECT_FALSE(o.has("t"));
  EXPECT_TRUE(o.wrong() && o.unknown());
}

TEST(service_options, the_first_that_is_wrong_is_named) {
  auto ask = [](const char* value, auto f) {
    service_options o{{{"x", value}}};
    f(o);
    return why(o.wrong());
  };
  EXPECT_NE(ask("many", [](auto& o) { (void)o.number("x", 0); }).find("option x"), std::string::npos);
  EXPECT_NE(ask("11", [](auto& o) { (void)o.number("x", 0, 0, 10); }).find("x"), std::string::npos);
  EXPECT_NE(ask("perhaps", [](auto& o) { (void)o.flag("x", false); }).find("x"), std::string::npos);
  EXPECT_NE(ask("1 hour", [](auto& o) { (void)o.duration("x", 0ms); }).find("x"), std::string::npos);
  EXPECT_NE(ask("c", [](auto& o) { (void)o.choice("x", "a", {"a", "b"}); }).find("a, b"), std::string::npos);
  EXPECT_NE(ask("1e999", [](auto& o) { (void)o.real("x", 0); }).find("x"), std::string::npos);
  EXPECT_EQ(ask("1", [](auto& o) { (void)o.number("x", 0); }), "");
  service_options o;
  (void)o.required("must");
  EXPECT_NE(why(o.wrong()).find("must"), std::string::npos);
}

TEST(service_options, one_that_nobody_asks_for_is_unknown_and_the_nearest_is_named) {
  service_options o{{{"greetin", "x"}}};
  (void)o.text("greeting");
  auto said = why(o.unknown());
  EXPECT_NE(said.find("greetin"), std::string::npos);
  EXPECT_NE(said.find("greeting"), std::string::npos) << said;
  (void)o.all();
  EXPECT_TRUE(o.unknown());
}

TEST(service_options, can_be_taken_out) {
  constexpr std::array<std::string_view, 2> placement{"thread", "instances"};
  service_options o{{{"thread", "pool"}, {"prefix", "x"}}};
  o.remove(placement);
  EXPECT_FALSE(o.has("thread"));
  EXPECT_FALSE(o.empty());
  EXPECT_FALSE(o.unknown()); // nobody has asked for prefix
  EXPECT_EQ(o.text("prefix"), "x");
  EXPECT_TRUE(o.unknown());
  service_options only{{{"thread", "pool"}}};
  only.remove(placement);
  EXPECT_TRUE(only.empty());
  EXPECT_TRUE(only.unknown());
}

} // namespace
} // namespace ockam
