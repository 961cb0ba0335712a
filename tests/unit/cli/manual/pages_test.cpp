// SPDX-License-Identifier: Apache-2.0
// The manual has all that the tables have, and docs/commands.md says the same. To write what has changed into it, run this
// test with OCKAM_WRITE_REFERENCE=1 in the environment.
#include "cli/manual/pages.hpp"

#include "cli/node/sections.hpp"
#include "cli/ockam/table.hpp"
#include "support/reference_file.hpp"

#include <algorithm>
#include <set>

namespace ockam::manual {
namespace {

const entry* find(const page& p, const std::string& term) {
  for (const auto& x : p.parts)
    for (const auto& e : x.entries)
      if (e.term == term)
        return &e;
  return nullptr;
}

TEST(manual, has_a_page_for_each_command_and_group) {
  auto t = cli::all_commands();
  auto pages = pages_of_commands(t);
  EXPECT_EQ(pages.size(), 1 + t.groups.size() + t.commands.size());
  std::set<std::string> names;
  for (const auto& p : pages)
    EXPECT_TRUE(names.insert(file_name(p)).second) << p.name << " stands twice";
  for (const auto* name : {"ockam.1", "ockam-node.1", "ockam-node-create.1", "ockam-ping.1", "ockam-tcp-inlet-create.1"})
    EXPECT_TRUE(names.contains(name)) << name;
}

TEST(manual, what_it_refers_to_is_there) {
  auto pages = pages_of_commands(cli::all_commands());
  pages.push_back(page_of_node());
  pages.push_back(page_of_configuration());
  std::set<std::pair<std::string, int>> names;
  for (const auto& p : pages)
    names.emplace(p.name, p.section);
  for (const auto& p : pages)
    for (const auto& to : p.see_also)
      EXPECT_TRUE(names.contains(to)) << file_name(p) << " refers to " << to.first << "(" << to.second << ")";
}

TEST(manual, of_a_command_has_all_its_options) {
  auto t = cli::all_commands();
  auto pages = pages_of_commands(t);
  for (const auto& c : t.commands) {
    auto name = "ockam-" + c.path;
    std::replace(name.begin(), name.end(), ' ', '-');
    auto at = std::find_if(pages.begin(), pages.end(), [&](auto& p) {
      return p.name == name && std::none_of(p.parts.begin(), p.parts.end(), [](auto& x) { return x.title == "Commands"; });
    });
    ASSERT_NE(at, pages.end()) << name;
    for (const auto& o : c.options) {
      bool there = false;
      for (const auto& x : at->parts)
        for (const auto& e : x.entries)
          there = there || e.term.find("--" + o.name) != std::string::npos;
      EXPECT_TRUE(there) << name << " has no --" << o.name;
    }
  }
}

TEST(manual, of_the_configuration_has_all_sections_and_keys) {
  auto p = page_of_configuration();
  for (const auto& [d, add] : section_kinds()) {
    auto title = "[" + d.kind;
    auto part = std::find_if(p.parts.begin(), p.parts.end(), [&](auto& x) { return x.title == title + "]" || x.title == title + " NAME]"; });
    ASSERT_NE(part, p.parts.end()) << title;
    EXPECT_EQ(part->entries.size(), d.keys.size());
  }
  ASSERT_TRUE(find(p, "stop-grace"));
  EXPECT_NE(find(p, "stop-grace")->text.find("[default: 5s]"), std::string::npos);
}

TEST(manual, of_the_configuration_says_what_values_may_name) {
  auto p = page_of_configuration();
  for (const auto* form : {"${NAME}", "${NAME:-TEXT}", "${file:PATH}", "$${"})
    EXPECT_TRUE(find(p, form)) << form;
}

TEST(manual, of_the_node_has_its_options_signals_and_exit_codes) {
  auto p = page_of_node();
  ASSERT_TRUE(find(p, "78"));
  EXPECT_EQ(find(p, "78")->text, "wrong configuration");
  EXPECT_TRUE(find(p, "--check-config"));
  EXPECT_TRUE(find(p, "-c [ --config ] FILE"));
  EXPECT_TRUE(find(p, "--stop-grace DURATION"));
}

TEST(manual, of_commands_is_in_the_documentation) {
  expect_between_marks("docs/commands.md", "<!-- commands: from the tables, see tests/unit/cli/manual/pages_test.cpp -->\n", "<!-- end of commands -->\n",
                       commands_reference(cli::all_commands()));
}

} // namespace
} // namespace ockam::manual
