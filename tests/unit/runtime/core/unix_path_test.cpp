// SPDX-License-Identifier: Apache-2.0
#include "runtime/core/unix_path.hpp"

#include <gtest/gtest.h>

namespace ockam {
namespace {

TEST(unix_path, is_absolute_and_fits_the_system) {
  auto longest = "/" + std::string(106, 'a');
  for (const auto& good : {std::string{"/run/ockam/n1.sock"}, std::string{"/a"}, std::string{"/with space"}, longest}) {
    auto p = parse_unix_path(good);
    ASSERT_TRUE(p) << good;
    EXPECT_EQ(*p, good);
  }
  for (const auto& bad : {std::string{}, std::string{"n1.sock"}, std::string{"./n1.sock"}, std::string{"/run/"}, longest + "a",
                          std::string{"/a\0b", 4}}) {
    auto p = parse_unix_path(bad);
    ASSERT_FALSE(p) << bad;
    EXPECT_EQ(p.error().code, errc::invalid_address);
  }
}

TEST(unix_path, modes_are_octal) {
  EXPECT_EQ(*parse_file_mode("600"), 0600u);
  EXPECT_EQ(*parse_file_mode("0660"), 0660u);
  for (auto bad : {"", "6", "60", "888", "00600", "1777", "600 ", "0x1", "-60"})
    EXPECT_FALSE(parse_file_mode(bad)) << bad;
}

} // namespace
} // namespace ockam
