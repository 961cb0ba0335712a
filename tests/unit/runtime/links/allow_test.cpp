// SPDX-License-Identifier: Apache-2.0
#include "runtime/links/allow.hpp"

#include <gtest/gtest.h>

namespace ockam {
namespace {

using names = std::vector<std::string>;

TEST(allow, the_word_services_stands_for_the_services) {
  EXPECT_TRUE(allows_services({"a", "services", "b"}));
  EXPECT_FALSE(allows_services({"a", "b"}));
  EXPECT_FALSE(allows_services({}));
}

TEST(allow, only_the_first_listener_admits_services_when_nothing_is_said) {
  EXPECT_EQ(or_services_if_first({}, true), names{"services"});
  EXPECT_EQ(or_services_if_first({}, false), names{});
  EXPECT_EQ(or_services_if_first({"a"}, true), names{"a"});
  EXPECT_EQ(or_services_if_first({"nothing"}, true), names{}) << "said in words";
  EXPECT_EQ(or_services_if_first({"a"}, false), names{"a"});
}

} // namespace
} // namespace ockam
