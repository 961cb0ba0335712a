// SPDX-License-Identifier: Apache-2.0
#include "runtime/core/printable.hpp"

#include <gtest/gtest.h>

namespace ockam {

TEST(printable_lines, keeps_lines_and_tabs_and_nothing_else_that_moves_a_cursor) {
  EXPECT_EQ(printable_lines("a\n\tb\r\x1b[2Jc\n"), "a\n\tb\\x0d\\x1b[2Jc\n");
  EXPECT_EQ(printable_lines("grüße \xff\xc2\x9b"), "grüße \\xff\\xc2\\x9b");
  EXPECT_EQ(printable_lines(""), "");
  EXPECT_EQ(printable_lines("\n"), "\n");
}

} // namespace ockam
