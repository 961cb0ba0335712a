// SPDX-License-Identifier: Apache-2.0
#include "services/lua/file_watcher.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <functional>
#include <semaphore>

namespace ockam::lua {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

void write(const fs::path& file, std::string_view text) {
  std::ofstream{file} << text;
}

std::string read(const fs::path& file) {
  std::ifstream in{file};
  return {std::istreambuf_iterator<char>{in}, {}};
}

/// A link to what is at `target`, in place of what is there, at one moment.
void link_over(const fs::path& target, const fs::path& link) {
  auto fresh = link.string() + ".new";
  fs::create_symlink(target, fresh);
  fs::rename(fresh, link);
}

struct file_watcher_test : testing::Test {
  file_watcher_test() {
    std::string pattern = fs::temp_directory_path() / "watch-XXXXXX";
    dir = ::mkdtemp(pattern.data());
  }
  ~file_watcher_test() override { fs::remove_all(dir); }

  file_watcher::watch start(const fs::path& file) {
    return watcher->add(file, [this] {
      ++calls;
      told.release();
    });
  }
  bool is_told() { return told.try_acquire_for(20s); }

  fs::path dir;
  std::atomic<int> calls{0};
  std::counting_semaphore<1000> told{0};
  std::shared_ptr<file_watcher> watcher = std::make_shared<file_watcher>(5ms);
};

struct way {
  const char* name;
  std::function<void(const fs::path&)> prepare; ///< makes `s.lua`, with `one` in it
  std::function<void(const fs::path&)> change;  ///< … and puts `two` there
};

void plain(const fs::path& dir) {
  write(dir / "s.lua", "one");
}

class changes : public file_watcher_test, public testing::WithParamInterface<way> {};

TEST_P(changes, are_noticed) {
  GetParam().prepare(dir);
  ASSERT_EQ(read(dir / "s.lua"), "one");
  auto watch = start(dir / "s.lua");
  ASSERT_TRUE(is_told()) << "once at first";
  GetParam().change(dir);
  ASSERT_EQ(read(dir / "s.lua"), "two");
  EXPECT_TRUE(is_told());
}

INSTANTIATE_TEST_SUITE_P(ways, changes, testing::Values(
  way{"written_in_place", plain, [](auto& d) { write(d / "s.lua", "two"); }},
  way{"renamed_over", plain, [](auto& d) { write(d / "b", "two"), fs::rename(d / "b", d / "s.lua"); }},
  way{"hard_link_over", plain, [](auto& d) { write(d / "b", "two"), fs::remove(d / "s.lua"), fs::create_hard_link(d / "b", d / "s.lua"); }},
  way{"gone_and_made_again", plain, [](auto& d) { fs::remove(d / "s.lua"), write(d / "s.lua", "two"); }},
  way{"a_link_to_another", [](auto& d) { write(d / "1", "one"), fs::create_symlink("1", d / "s.lua"); },
      [](auto& d) { write(d / "2", "two"), link_over("2", d / "s.lua"); }},
  way{"what_a_link_leads_to", [](auto& d) { fs::create_directory(d / "x"), write(d / "x/1", "one"), fs::create_symlink("x/1", d / "s.lua"); },
      [](auto& d) { write(d / "x/1", "two"); }},
  way{"as_kubernetes_does",
      [](auto& d) {
        fs::create_directory(d / "..r1"), write(d / "..r1/s.lua", "one");
        fs::create_directory_symlink("..r1", d / "..data"), fs::create_symlink("..data/s.lua", d / "s.lua");
      },
      [](auto& d) {
        fs::create_directory(d / "..r2"), write(d / "..r2/s.lua", "two");
        link_over("..r2", d / "..data"), fs::remove_all(d / "..r1");
      }},
  way{"another_directory",
      [](auto& d) { fs::create_directory(d / "r1"), write(d / "r1/s.lua", "one"), fs::create_symlink("r1/s.lua", d / "s.lua"); },
      [](auto& d) { fs::create_directory(d / "r2"), write(d / "r2/s.lua", "two"), fs::rename(d / "r1", d / "old"), fs::rename(d / "r2", d / "r1"); }}),
  [](auto& i) { return std::string{i.param.name}; });

TEST_F(file_watcher_test, a_file_that_is_gone_is_no_change_and_one_that_stays_is_none) {
  plain(dir);
  auto watch = start(dir / "s.lua");
  ASSERT_TRUE(is_told());
  fs::rename(dir / "s.lua", dir / "elsewhere");
  auto other = start(dir / "elsewhere"); // is told after two looks, at the other as well
  ASSERT_TRUE(is_told());
  EXPECT_EQ(calls, 2);
  write(dir / "s.lua", "two");
  EXPECT_TRUE(is_told());
}

TEST_F(file_watcher_test, whoever_has_ended_is_not_told) {
  plain(dir);
  { auto watch = start(dir / "s.lua"); }
  write(dir / "t.lua", "");
  auto other = start(dir / "t.lua");
  ASSERT_TRUE(is_told());
  EXPECT_LE(calls, 2) << "at most one call was under way";
}

} // namespace
} // namespace ockam::lua
