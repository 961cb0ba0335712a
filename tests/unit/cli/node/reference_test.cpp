// SPDX-License-Identifier: Apache-2.0
// README.md and docs/configuration.md say what the descriptors say. To write what has changed into them, run this test
// with OCKAM_WRITE_REFERENCE=1 in the environment.
#include "cli/node/sections.hpp"
#include "runtime/core/units.hpp"
#include "support/test_data.hpp"

#include <gtest/gtest.h>

#include <cctype>
#include <cstdlib>
#include <fstream>
#include <iterator>

namespace ockam {
namespace {

const std::string begin_mark = "<!-- keys: from the descriptors, see tests/unit/cli/node/reference_test.cpp -->\n";
const std::string end_mark = "<!-- end of keys -->\n";

std::string title(const section_descriptor& d) {
  return "[" + d.kind + (d.name == section_name::none ? "]" : " NAME]");
}

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
    out += "| " + code(title(d)) + " | " + keys + (d.open ? ", and the options of the service" : "") + " |\n";
  }
  return out;
}

std::string bounds(const key_descriptor& k) {
  auto words = [&] {
    std::string out;
    for (auto w : k.words)
      out += (out.empty() ? "" : ", ") + std::string{w};
    return out;
  };
  auto range = [&](auto shown) { return shown(k.least) + " to " + shown(k.most); };
  switch (k.type) {
    case key_type::number: return range([](std::uint64_t n) { return std::to_string(n); });
    case key_type::size: return range([](std::uint64_t n) { return size_text(n); });
    case key_type::duration:
      return (k.words.empty() ? "" : words() + ", ")
             + range([](std::uint64_t n) { return to_string(std::chrono::milliseconds{n}); });
    case key_type::choice: return words();
    case key_type::flag: return "yes, no";
    case key_type::list: return "a list, with commas";
    case key_type::text:
    case key_type::path:
      return k.most == 0 ? std::string{value_form(k)} : std::to_string(k.least) + " to " + std::to_string(k.most) + " bytes";
  }
  return {};
}

/// A table for each section.
std::string reference() {
  std::string out;
  for (const auto& [d, add] : section_kinds()) {
    std::string about{d.about};
    about.front() = static_cast<char>(std::toupper(static_cast<unsigned char>(about.front())));
    out += "\n## " + code(title(d)) + "\n\n" + about
           + (d.name == section_name::address ? ". NAME is the address that messages reach it at" : "")
           + (d.open ? ". Other keys are options of the service" : "")
           + ".\n\n| key | value | default | what it does |\n|---|---|---|---|\n";
    for (const auto& k : d.keys)
      out += "| " + code(k.name) + " | " + bounds(k) + " | " + (k.required ? "must be there" : std::string{k.fallback}) + " | "
             + std::string{k.about} + " |\n";
  }
  return out;
}

/// What stands between the marks of a file of the project is `expected`.
void expect_between_marks(const std::string& file, const std::string& expected) {
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

TEST(reference, of_the_readme_is_what_the_program_reads) {
  expect_between_marks("README.md", overview());
}

TEST(reference, of_the_documentation_is_what_the_program_reads) {
  expect_between_marks("docs/configuration.md", reference());
}

} // namespace
} // namespace ockam
