// SPDX-License-Identifier: Apache-2.0
// What is read out of a file before it is loaded as a plugin.
#include "services/plugin_file.hpp"

#include "support/elf_image.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <functional>

namespace ockam {
namespace {

std::string outcome(const std::vector<std::byte>& file) {
  auto ok = check_plugin({file.size(), [&](std::uint64_t offset, std::span<std::byte> into) {
    EXPECT_LE(offset, file.size());
    EXPECT_LE(into.size(), file.size() - offset);
    std::copy_n(file.begin() + static_cast<std::ptrdiff_t>(offset), into.size(), into.begin());
    return true;
  }});
  return ok ? "" : ok.error().cause;
}

/// What becomes of a good one that is changed so.
std::string outcome_of(const std::function<void(elf_image&)>& change) {
  elf_image image;
  change(image);
  return outcome(image.bytes());
}

TEST(plugin_file, is_accepted_when_it_says_what_this_node_says) {
  EXPECT_EQ(outcome_of([](auto&) {}), "");
  EXPECT_EQ(outcome_of([](auto& i) { i.actors.push_back({.caf = OCKAM_CAF}); }), "");
  EXPECT_EQ(outcome_of([](auto& i) { i.services.resize(500); }), "") << "one of many source files";
  EXPECT_EQ(outcome_of([](auto& i) { i.note_alignment = 4; }), "");
}

TEST(plugin_file, of_another_interface_is_refused_with_the_difference) {
  using change = std::function<void(plugin_interface&)>;
  const std::vector<std::pair<change, std::string>> cases{
    {[](auto& s) { s.version = std::string_view{"9.8.7"}; s.headers = std::string_view{"0123456789"}; },
     "it was built for the interface of ockam 9.8.7, this node has that of " OCKAM_VERSION},
    {[](auto& s) { s.headers = std::string_view{"0123456789"}; }, "it was built for another interface: its headers are 01234567, those of this node "},
    {[](auto& s) { s.size += 8; }, "it was built for another interface: "},
    {[](auto& s) { s.compiler = 1002; }, "it was built with compiler ABI 1002, this node has "},
    {[](auto& s) { s.strings = 0; }, "it was built with another std::string"},
    {[](auto& s) { s.sanitized ^= 1; }, "a sanitizer"},
    {[](auto& s) { s.checked_library ^= 1; }, "it was built with another standard library"},
    {[](auto& s) { s.message_size = 1; }, "it was built for messages of size 1, this node has "},
    {[](auto& s) { s.worker_size = 1; }, "it was built for workers of size 1, this node has "},
    {[](auto& s) { s.options_size = 1; }, "it was built for options of size 1, this node has "},
    {[](auto& s) { s.behind_worker = nullptr; }, "it was built for workers with other virtual functions"},
    {[](auto& s) { s.version = std::string_view{"\x1b[31m"}; s.size = 1; }, "\\x1b[31m"},
  };
  for (const auto& [f, cause] : cases) {
    SCOPED_TRACE(cause);
    EXPECT_NE(outcome_of([&](auto& i) { f(i.services[0]); }).find(cause), std::string::npos) << outcome_of([&](auto& i) { f(i.services[0]); });
    auto one_of_three = outcome_of([&](auto& i) { i.services.resize(3); f(i.services[1]); });
    EXPECT_NE(one_of_three.find(cause), std::string::npos) << "one source file of another build is enough";
  }
  EXPECT_EQ(outcome_of([](auto& i) { i.actors.push_back({.caf = 1800}); }), "it was built with CAF 0.18.0, this node has 0.17.6");
  EXPECT_EQ(outcome_of([](auto& i) { i.actors.push_back({.caf = OCKAM_CAF, .headers = std::string_view{"x"}}); }),
            "it was built for other actors than those of this node (<ockam/actor.hpp>)");
  EXPECT_EQ(outcome_of([](auto& i) { i.services.clear(); i.actors.push_back({.caf = OCKAM_CAF}); }), "it does not say what it was built for");
}

TEST(plugin_file, of_another_machine_or_kind_is_refused) {
  EXPECT_EQ(outcome_of([](auto& i) { i.head.e_machine = EM_S390; }).find("it was built for another machine, S/390; this one is "), 0u);
  EXPECT_EQ(outcome_of([](auto& i) { i.head.e_machine = 999; }).find("it was built for another machine, of number 999; "), 0u);
  EXPECT_EQ(outcome_of([](auto& i) { i.head.e_ident[EI_CLASS] = ELFCLASS32; }).find("it was built for another machine, of 32 bits; "), 0u);
  EXPECT_EQ(outcome_of([](auto& i) { i.head.e_ident[EI_DATA] = ELFDATA2MSB; }).find("it was built for another machine, with the other byte order; "), 0u);
  for (auto type : {ET_EXEC, ET_REL, ET_CORE})
    EXPECT_EQ(outcome_of([&](auto& i) { i.head.e_type = static_cast<Elf64_Half>(type); }), "it is not a shared object");
  EXPECT_EQ(outcome_of([](auto& i) { i.head.e_ident[0] = 'X'; }), "it is not a shared object");
  EXPECT_EQ(outcome_of([](auto& i) { i.segments[2].p_type = PT_NULL; }), "it is not a shared object") << "nothing is dynamic";
  EXPECT_EQ(outcome({}), "it is not a shared object");
}

TEST(plugin_file, with_sizes_that_cannot_be_is_refused) {
  auto damaged = [](const std::function<void(elf_image&)>& change) { return outcome_of(change).starts_with("it is damaged: "); };
  constexpr std::uint64_t huge = UINT64_MAX - 8;
  EXPECT_TRUE(damaged([](auto& i) { i.head.e_phnum = 0; }));
  EXPECT_TRUE(damaged([](auto& i) { i.head.e_phnum = 0xffff; }));
  EXPECT_TRUE(damaged([](auto& i) { i.head.e_phnum = 100; }));
  EXPECT_TRUE(damaged([](auto& i) { i.head.e_phentsize = 1; }));
  EXPECT_TRUE(damaged([](auto& i) { i.head.e_phoff = huge; }));
  for (std::size_t s = 0; s < 3; ++s) {
    SCOPED_TRACE(s);
    EXPECT_TRUE(damaged([&](auto& i) { i.segments[s].p_offset = s == 2 ? i.segments[s].p_offset : huge; i.segments[s].p_vaddr = s == 2 ? huge : i.segments[s].p_vaddr; }));
    EXPECT_TRUE(damaged([&](auto& i) { i.segments[s].p_filesz = huge; i.segments[s].p_memsz = huge; }));
  }
  EXPECT_TRUE(damaged([](auto& i) { i.segments[0].p_memsz = 1; })) << "less memory than file";
  EXPECT_TRUE(damaged([](auto& i) { i.segments.push_back(i.segments[0]); })) << "two in one place";
  EXPECT_TRUE(damaged([](auto& i) { i.segments[0].p_vaddr = huge; }));
  for (auto n : {0xffffffffu, 0x7fffffffu, 0xfffffff0u, 1000u}) {
    SCOPED_TRACE(n);
    EXPECT_TRUE(damaged([&](auto& i) { i.note_size = n; }));
    EXPECT_TRUE(damaged([&](auto& i) { i.note_name_size = n; }));
  }
  EXPECT_TRUE(damaged([](auto& i) { i.services.resize(8000); })) << "more than a megabyte of notes";
}

TEST(plugin_file, that_is_cut_off_anywhere_is_refused) {
  const auto whole = elf_image{}.bytes();
  for (std::size_t n = 0; n < whole.size(); ++n)
    EXPECT_NE(outcome({whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(n)}), "") << n;
}

TEST(plugin_file, may_be_of_no_sections) {
  EXPECT_EQ(outcome_of([](auto& i) { i.head.e_shnum = 0; i.head.e_shoff = 0; }), "");
}

TEST(plugin_file, whose_sections_are_not_all_there_is_cut_off) {
  auto cut_off = [](const std::function<void(elf_image&)>& change) { return outcome_of(change).ends_with("and its headers speak of more"); };
  EXPECT_TRUE(cut_off([](auto& i) { i.head.e_shoff = UINT64_MAX; }));
  EXPECT_TRUE(cut_off([](auto& i) { i.head.e_shnum = 0xffff; i.head.e_shentsize = 0xffff; i.head.e_shoff = UINT64_MAX - 8; }));
  EXPECT_TRUE(cut_off([](auto& i) { i.head.e_shnum = 100; i.head.e_shentsize = 64; }));
}

TEST(plugin_file, is_read_from_a_path) {
  auto path = testing::TempDir() + "plugin_file_test.so";
  auto bytes = elf_image{}.bytes();
  std::ofstream{path, std::ios::binary}.write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
  EXPECT_TRUE(check_plugin_file(path));
  std::filesystem::resize_file(path, bytes.size() - 1);
  EXPECT_EQ(check_plugin_file(path).error().code, errc::unsupported);
  std::filesystem::remove(path);
  EXPECT_EQ(check_plugin_file(path).error().code, errc::not_found);
  EXPECT_EQ(check_plugin_file(testing::TempDir()).error().cause, "it is not a file");
  EXPECT_EQ(check_plugin_file("/dev/zero").error().cause, "it is not a file");
}

} // namespace
} // namespace ockam
