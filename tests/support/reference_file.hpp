// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "support/test_data.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>

namespace ockam {

/// What stands between the marks of a file of the project is `expected`. With OCKAM_WRITE_REFERENCE=1 in the environment it
/// is written there instead.
inline void expect_between_marks(const std::string& file, const std::string& begin_mark, const std::string& end_mark, const std::string& expected) {
  auto path = test_data("../../" + file);
  std::ifstream in{path};
  std::string text{std::istreambuf_iterator<char>{in}, {}};
  auto begin = text.find(begin_mark);
  auto end = text.find(end_mark);
  ASSERT_TRUE(begin != std::string::npos && end != std::string::npos && begin < end) << file << " has lost its marks";
  begin += begin_mark.size();
  if (std::getenv("OCKAM_WRITE_REFERENCE")) {
    text.replace(begin, end - begin, expected);
    std::ofstream{path} << text;
    return;
  }
  EXPECT_EQ(text.substr(begin, end - begin), expected) << file << ": OCKAM_WRITE_REFERENCE=1 with this test writes it anew";
}

} // namespace ockam
