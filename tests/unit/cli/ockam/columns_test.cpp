// SPDX-License-Identifier: Apache-2.0
#include "cli/ockam/columns.hpp"

#include <gtest/gtest.h>

namespace ockam::cli {

TEST(Columns, AreAlignedUnderTheirHeadings) {
  columns c{{"WORKER"}, {"TYPE"}, {"MESSAGES", true}};
  c.add({"echo", "echo", "7"});
  c.add({"a-longer-name", "hop", "1234567890"});
  EXPECT_EQ(c.text(0), "  WORKER         TYPE    MESSAGES\n"
                       "  echo           echo           7\n"
                       "  a-longer-name  hop   1234567890\n");
}

TEST(Columns, HaveNoBlanksAtTheEndOfALine) {
  columns c{{"A"}, {"B"}};
  c.add({"x", ""});
  EXPECT_EQ(c.text(0), "  A  B\n  x\n");
}

TEST(Columns, CountWhatATerminalShows) {
  EXPECT_EQ(display_width("grüße"), 5u);
  EXPECT_EQ(display_width("名前"), 4u);
  EXPECT_EQ(display_width("e\xcc\x81"), 1u) << "a combining accent";
  columns c{{"NAME"}, {"X"}};
  c.add({"名前", "1"});
  EXPECT_EQ(c.text(0), "  NAME  X\n  名前  1\n");
}

TEST(Columns, EscapeWhatDrivesATerminal) {
  columns c{{"NAME"}};
  c.add({"a\x1b[31m\nb\xff"});
  EXPECT_EQ(c.text(0), "  NAME\n  a\\x1b[31m\\x0ab\\xff\n");
}

TEST(Columns, ShrinkWhatMayAndKeepWhatIsNeeded) {
  columns c{{"PEER", false, true}, {"SEND TO"}};
  c.add({"a-very-long-host-name.example.org:4000", "/worker/0123456789"});
  EXPECT_EQ(c.text(40), "  PEER                SEND TO\n"
                        "  a-very-long-host-…  /worker/0123456789\n");
}

TEST(Columns, WithNothingInThemLeaveRoomForOthers) {
  columns c{{"NAME"}, {"BEHAVIOR", false, true, true}, {"STATE"}, {"CHILDREN", true, false, true}};
  c.add({"a", "", "", ""});
  EXPECT_EQ(c.text(0), "  NAME  STATE\n  a\n") << "only those that may be left out";
  c.add({"b", "", "up", "7"});
  EXPECT_EQ(c.text(0), "  NAME  STATE  CHILDREN\n"
                       "  a\n"
                       "  b     up            7\n");
}

TEST(Columns, AreNeverWiderThanTheTerminal) {
  columns c{{"PEER", false, true}, {"SEND TO"}};
  c.add({"a-very-long-host-name.example.org:4000", "/worker/0123456789"});
  for (std::size_t width = 1; width < 70; ++width) {
    auto text = c.text(width);
    for (std::size_t at = 0; at < text.size(); at = text.find('\n', at) + 1)
      EXPECT_LE(display_width(text.substr(at, text.find('\n', at) - at)), width);
  }
}

TEST(Columns, CutTextBeforeHeadingsAndFiguresNever) {
  columns c{{"WORKER", false, true}, {"TYPE"}, {"THREAD"}, {"MESSAGES", true}};
  c.add({"a-worker-with-a-long-name", "secure-channel-listener", "socket", "1234567"});
  EXPECT_EQ(c.text(50), "  WORKER    TYPE                  THREAD  MESSAGES\n"
                        "  a-worke…  secure-channel-list…  socket   1234567\n");
  EXPECT_EQ(c.text(36), "  WORKER  TYPE      THREAD  MESSAGES\n"
                        "  a-wor…  secure-…  socket   1234567\n");
  EXPECT_EQ(c.text(24), "  WO…  TY…  TH…  MESSAG…\n"
                        "  a-…  se…  so…  1234567\n");
  EXPECT_EQ(c.text(23), "  WO…  TY…  TH…\n"
                        "  a-…  se…  so…\n");
  for (std::size_t width = 10; width < 80; ++width) {
    auto text = c.text(width);
    auto last = text.substr(0, text.size() - 1);
    last = last.substr(last.rfind('\n') + 1);
    EXPECT_TRUE(last.ends_with(" 1234567") || last.find_first_of("0123456789") == last.npos) << width << ": " << last;
  }
}

TEST(Columns, AreCutBetweenCharacters) {
  EXPECT_EQ(cut_to("名前名前", 5), "名前…");
  EXPECT_EQ(cut_to("名前名前", 4), "名…");
  EXPECT_EQ(cut_to("abc", 3), "abc");
}

} // namespace ockam::cli
