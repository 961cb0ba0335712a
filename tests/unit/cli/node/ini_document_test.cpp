// SPDX-License-Identifier: Apache-2.0
#include "cli/node/ini_document.hpp"

#include <gtest/gtest.h>

namespace ockam {
namespace {

const std::string written_by_hand = "# my node\n\n[node]  # the one\nname = n1   # do not change\n\n"
                                    "# relays come later\n[service b]\ntype = hop\n\n# the first one\n[service a]\n# why\ntype = echo\n";

TEST(ini_document, is_written_back_as_it_was) {
  EXPECT_EQ(ini_document{written_by_hand}.text(), written_by_hand);
  EXPECT_EQ(ini_document{"[node]\r\nname = n1\r\n"}.text(), "[node]\r\nname = n1\r\n");
}

TEST(ini_document, takes_sections_and_keys_apart) {
  ini_document d{written_by_hand};
  EXPECT_TRUE(d.problems().empty());
  ASSERT_EQ(d.sections().size(), 3u);
  EXPECT_EQ(d.sections()[0].entries[0].value, "n1");
  EXPECT_EQ(d.sections()[1].title, "service b");
  EXPECT_EQ(d.sections()[2].line, 11);
}

TEST(ini_document, puts_a_new_section_at_the_end) {
  ini_document d{written_by_hand};
  ASSERT_TRUE(d.put("service c", {{"type", "hop"}, {"greeting", "a # b"}}));
  EXPECT_EQ(d.text(), written_by_hand + "\n[service c]\ntype = hop\ngreeting = \"a # b\"\n");
  EXPECT_EQ(d.find("service c")->entries[1].value, "a # b");
}

TEST(ini_document, puts_a_section_that_is_there_without_its_comments_being_lost) {
  ini_document d{"[service a]\n# why\ntype = echo # so\nold = 1\n\n[node]\nname = n\n"};
  ASSERT_TRUE(d.put("service a", {{"type", "hop"}, {"new", "2"}}));
  EXPECT_EQ(d.text(), "[service a]\n# why\ntype = hop # so\nnew = 2\n\n[node]\nname = n\n");
}

TEST(ini_document, removes_a_section_and_leaves_the_comments_of_others) {
  ini_document d{written_by_hand};
  EXPECT_TRUE(d.remove("service b"));
  EXPECT_EQ(d.text(), "# my node\n\n[node]  # the one\nname = n1   # do not change\n\n"
                      "# relays come later\n# the first one\n[service a]\n# why\ntype = echo\n");
  EXPECT_FALSE(d.remove("service b"));
}

TEST(ini_document, what_is_put_and_removed_leaves_no_trace) {
  ini_document d{written_by_hand};
  ASSERT_TRUE(d.put("service c", {{"type", "hop"}}));
  ASSERT_TRUE(d.remove("service c"));
  EXPECT_EQ(d.text(), written_by_hand);
}

TEST(ini_document, sets_a_value_where_it_stands) {
  ini_document d{"[l x]\naddress = 127.0.0.1:0 # any\nallow =\n"};
  ASSERT_TRUE(d.set("l x", "address", "127.0.0.1:4000"));
  ASSERT_TRUE(d.set("l x", "allow", "echo"));
  ASSERT_TRUE(d.set("l x", "mode", "600"));
  EXPECT_EQ(d.text(), "[l x]\naddress = 127.0.0.1:4000 # any\nallow = echo\nmode = 600\n");
}

TEST(ini_document, values_between_quotes_come_back) {
  for (std::string value : {"a#b", "# a", "\"a\"", " a ", "a\\b #", "\"", "", "ä€"}) {
    ini_document d{""};
    ASSERT_TRUE(d.put("node", {{"name", value}})) << value;
    ini_document again{d.text()};
    ASSERT_TRUE(again.problems().empty()) << d.text() << again.problems()[0].cause;
    EXPECT_EQ(again.sections()[0].entries[0].value, value) << d.text();
  }
}

TEST(ini_document, titles_come_back_or_are_refused) {
  for (std::string title : {"service 0#x", "tcp-listener [::1]:4000", "service a b", "service ä"}) {
    ini_document d{""};
    ASSERT_TRUE(d.put(title, {{"a", "b"}})) << title;
    EXPECT_NE(ini_document{d.text()}.find(title), nullptr) << d.text();
  }
  for (std::string title : {"service a\nb", "service  a", "service a ", "service a] # b", ""}) {
    ini_document d{"[node]\n"};
    EXPECT_FALSE(d.put(title, {})) << title;
    EXPECT_EQ(d.text(), "[node]\n");
  }
  EXPECT_FALSE(ini_document{""}.put("node", {{"name", "a\nb"}}));
  for (std::string key : {"a\nb", "a = b\nc", "a=b", "#a", "[a]", "", " a"})
    EXPECT_FALSE(ini_document{""}.put("node", {{key, "x"}})) << key;
}

struct bad_form {
  std::string text;
  int line;
  const char* word;
};

class ini_problem_test : public testing::TestWithParam<bad_form> {};

TEST_P(ini_problem_test, is_said_with_its_line) {
  ini_document d{GetParam().text};
  ASSERT_EQ(d.problems().size(), 1u);
  EXPECT_EQ(d.problems()[0].line, GetParam().line);
  EXPECT_NE((d.problems()[0].cause + d.problems()[0].hint).find(GetParam().word), std::string::npos) << d.problems()[0].cause;
}

INSTANTIATE_TEST_SUITE_P(each, ini_problem_test, testing::Values(
  bad_form{"\xef\xbb\xbf[node]\n", 1, "byte order mark"},
  bad_form{"[node]\nlog-file = /tmp/x#y.log\n", 2, "\"/tmp/x#y.log\""},
  bad_form{"[node]\ncolor = #ff0000\n", 2, "quotes"},
  bad_form{"[node]\nname = \"n1\n", 2, "not closed"},
  bad_form{"[node]\nname = \"n1\" or so\n", 2, "behind the closing quote"},
  bad_form{"[ node ]\n", 1, "[node]"},
  bad_form{"[]\n", 1, "empty"},
  bad_form{"[node\n", 1, "neither"},
  bad_form{"; comment\n", 1, "neither"}));

} // namespace
} // namespace ockam
