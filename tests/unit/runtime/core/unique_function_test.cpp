// SPDX-License-Identifier: Apache-2.0
#include "runtime/core/unique_function.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <memory>

namespace ockam {
namespace {

int twice(int n) {
  return 2 * n;
}

TEST(unique_function, is_empty_when_it_is_made_of_what_is_empty) {
  using f = unique_function<int(int)>;
  EXPECT_FALSE(f{});
  EXPECT_FALSE(f{std::function<int(int)>{}});
  EXPECT_FALSE(f{static_cast<int (*)(int)>(nullptr)});
  const std::function<int(int)> none;
  EXPECT_FALSE(f{none});
  EXPECT_TRUE(f{twice});
  EXPECT_TRUE(f{&twice});
  EXPECT_TRUE(f{std::function<int(int)>{twice}});
  EXPECT_TRUE(f{[](int n) { return n; }});
}

TEST(unique_function, calls_what_it_has_and_throws_when_it_has_nothing) {
  unique_function<int(int)> f{[owned = std::make_unique<int>(3)](int n) { return *owned * n; }};
  EXPECT_EQ(f(2), 6);
  auto moved = std::move(f);
  EXPECT_EQ(moved(2), 6);
  EXPECT_THROW(f(2), std::bad_function_call); // NOLINT: that is what is tested
}

} // namespace
} // namespace ockam
