// SPDX-License-Identifier: Apache-2.0
// README.md and docs/configuration.md say what the descriptors say. To write what has changed into them, run this test
// with OCKAM_WRITE_REFERENCE=1 in the environment.
#include "cli/node/section_text.hpp"
#include "cli/node/sections.hpp"
#include "support/reference_file.hpp"

#include <gtest/gtest.h>

namespace ockam {
namespace {

const std::string begin_mark = "<!-- keys: from the descriptors, see tests/unit/cli/node/reference_test.cpp -->\n";
const std::string end_mark = "<!-- end of keys -->\n";

std::string code(std::string_view text) {
  return "`" + std::string{text} + "`";
}

/// One line a section: its keys, those that must be there in bold, each with its default.
std::string overview() {
  std::string out = "| section | keys |\n|---|---|\n";
  for (const auto& [d, add] : section_kinds()) {
    std::string keys;
    for (const auto& k : d.keys) {
      auto name = code(k.name);
      keys += (keys.empty() ? "" : ", ") + (k.required ? "**" + name + "**" : name);
      if (!k.fallback.empty())
        keys += " (" + std::string{k.fallback} + ")";
    }
    out += "| " + code(section_title(d)) + " | " + keys + (d.open ? ", and the options of the service" : "") + " |\n";
  }
  return out;
}

/// A table for each section.
std::string reference() {
  std::string out;
  for (const auto& [d, add] : section_kinds()) {
    out += "\n## " + code(section_title(d)) + "\n\n" + section_about(d) + "\n\n| key | value | default | what it does |\n|---|---|---|---|\n";
    for (const auto& k : d.keys)
      out += "| " + code(k.name) + " | " + value_bounds(k) + " | " + (k.required ? "must be there" : std::string{k.fallback}) + " | "
             + std::string{k.about} + " |\n";
  }
  return out;
}

TEST(reference, of_the_readme_is_what_the_program_reads) {
  expect_between_marks("README.md", begin_mark, end_mark, overview());
}

TEST(reference, of_the_documentation_is_what_the_program_reads) {
  expect_between_marks("docs/configuration.md", begin_mark, end_mark, reference());
}

} // namespace
} // namespace ockam
