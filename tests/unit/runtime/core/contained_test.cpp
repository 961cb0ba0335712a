// SPDX-License-Identifier: Apache-2.0
#include "runtime/core/contained.hpp"

#include <gtest/gtest.h>

#include <exception>
#include <functional>
#include <stdexcept>
#include <thread>

namespace ockam {
namespace {

struct at_end {
  explicit at_end(std::function<void()> f) : f_{std::move(f)} {}
  ~at_end() { f_(); }
  std::function<void()> f_;
};

[[noreturn]] void fail() {
  throw std::runtime_error{"as told"};
}

TEST(contained, code_that_ends_well_or_throws_does_what_it_does_elsewhere) {
  int n = 0;
  EXPECT_EQ(contained([&] { ++n; }), std::nullopt);
  EXPECT_EQ(n, 1);
  EXPECT_EQ(contained([] { fail(); }), "as told");
  EXPECT_EQ(contained([] { throw 42; }), "an exception of unknown type");
}

TEST(contained, a_destructor_that_throws_ends_what_is_contained) {
  bool came_back = false;
  EXPECT_EQ(contained([&] {
    { at_end a{fail}; }
    came_back = true;
  }), "as told");
  EXPECT_FALSE(came_back);
}

TEST(contained, a_function_that_promised_not_to_throw) {
  auto promised = []() noexcept { fail(); };
  EXPECT_EQ(contained([&] { promised(); }), "as told");
}

TEST(contained, a_thread_that_nobody_has_joined) {
  std::thread other{[] {}};
  auto why = contained([&] { other = std::thread{}; });
  ASSERT_TRUE(why);
  EXPECT_NE(why->find("neither joined nor detached"), std::string::npos) << *why;
  other.join();
}

TEST(contained, leaves_no_exception_behind) {
  try {
    throw std::logic_error{"outer"};
  } catch (...) {
    EXPECT_EQ(contained([] { at_end a{fail}; }), "as told");
    try {
      throw;
    } catch (const std::exception& e) {
      EXPECT_STREQ(e.what(), "outer");
    }
  }
  EXPECT_EQ(std::current_exception(), nullptr);
}

#ifndef __SANITIZE_ADDRESS__ // which finds the first one, that nobody catches any more
TEST(contained, an_exception_while_another_is_on_its_way) {
  EXPECT_EQ(contained([] {
    at_end a{fail};
    throw std::logic_error{"first"};
  }), "as told");
  EXPECT_EQ(std::uncaught_exceptions(), 0);
}
#endif

TEST(contained, what_is_inside_something_contained_ends_alone) {
  std::optional<std::string> inner;
  auto outer = contained([&] {
    inner = contained([] { at_end a{fail}; });
    at_end b{[] { throw std::runtime_error{"the outer one"}; }};
  });
  EXPECT_EQ(inner, "as told");
  EXPECT_EQ(outer, "the outer one");
}

TEST(contained_death, what_is_not_contained_ends_the_process) {
  (void)contained([] {});
  EXPECT_DEATH([]() noexcept { fail(); }(), "as told");
}

} // namespace
} // namespace ockam
