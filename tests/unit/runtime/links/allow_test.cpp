// SPDX-License-Identifier: Apache-2.0
#include "runtime/links/allow.hpp"

#include <gtest/gtest.h>

namespace ockam {
namespace {

using names = std::vector<std::string>;

TEST(allow, the_word_services_stands_for_the_services_and_is_taken_out) {
  listen_options o{.allow = {"a", "services", "b"}};
  EXPECT_TRUE(take_services(o));
  EXPECT_EQ(o.allow, (names{"a", "b"}));
}

TEST(allow, the_first_listener_has_the_services_when_nothing_is_said) {
  listen_options first{.allow = {}, .first = true}, told{.allow = {"a"}, .first = true}, second{};
  EXPECT_TRUE(take_services(first));
  EXPECT_FALSE(take_services(told));
  EXPECT_FALSE(take_services(second));
  EXPECT_EQ(told.allow, names{"a"});
}

} // namespace
} // namespace ockam
