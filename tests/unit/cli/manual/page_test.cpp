// SPDX-License-Identifier: Apache-2.0
#include "cli/manual/page.hpp"

#include <gtest/gtest.h>

namespace ockam::manual {
namespace {

TEST(manual_page, is_written_for_man) {
  page p{"tool-run", 1, "Run it", {"tool run [OPTIONS]"}, {{.title = "Options", .entries = {{"-x, --extra <N>", "How much"}}}}, {{"tool", 1}, {"tool.ini", 5}}};
  EXPECT_EQ(to_roff(p, "1.2"), ".\\\" made from the tables of the programs: cli/manual/\n"
                               ".TH \"TOOL\\-RUN\" 1 \"\" \"ockam 1.2\"\n.nh\n.ad l\n"
                               ".SH NAME\ntool\\-run \\- Run it\n"
                               ".SH SYNOPSIS\n.nf\n.B \"tool run [OPTIONS]\"\n.fi\n"
                               ".SH \"OPTIONS\"\n.TP\n.B \"\\-x, \\-\\-extra <N>\"\nHow much\n"
                               ".SH \"SEE ALSO\"\n.BR tool (1),\n.BR tool.ini (5)\n");
  EXPECT_EQ(file_name(p), "tool-run.1");
}

TEST(manual_page, text_is_never_a_request) {
  page p{"t", 1, "T", {}, {{.title = "X", .paragraphs = {".so /etc/passwd", "'x", "a\n.b"}, .code = "a \"b\"\\c\n.d"}}, {}};
  auto roff = to_roff(p, "1");
  EXPECT_NE(roff.find(".PP\n\\&.so /etc/passwd\n.PP\n\\&'x\n.PP\na\n\\&.b\n"), std::string::npos) << roff;
  EXPECT_NE(roff.find("a \"b\"\\ec\n\\&.d\n.RE"), std::string::npos) << roff;
}

TEST(manual_page, quotes_of_an_argument_do_not_end_it) {
  page p{"t", 1, "T", {}, {{.title = "X", .entries = {{"say \"it\"", "it"}}}}, {}};
  EXPECT_NE(to_roff(p, "1").find(".B \"say \\(dqit\\(dq\"\n"), std::string::npos);
}

TEST(manual_page, is_written_for_markdown) {
  page p{"tool-run", 1, "Run it", {"tool run"}, {{.title = "Options", .entries = {{"--at <A|B>", "this | <that>"}}}, {.title = "Example", .code = "$ x"}}, {}};
  EXPECT_EQ(to_markdown(p, 3, "tool run"), "### tool run\n\nRun it.\n\n```\ntool run\n```\n"
                                           "\n| Options | |\n|---|---|\n| `--at <A\\|B>` | this \\| &lt;that> |\n"
                                           "\n**Example**\n\n```\n$ x\n```\n");
}

} // namespace
} // namespace ockam::manual
