// SPDX-License-Identifier: Apache-2.0
#include "identity/history_file.hpp"

#include "fixtures.hpp"
#include "identity/private_file.hpp"

#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>

namespace ockam::identities::test {
namespace {

class history_files : public testing::Test {
 protected:
  history_files() {
    std::string name = std::filesystem::temp_directory_path() / "ockam-history-XXXXXX";
    folder_ = ::mkdtemp(name.data());
  }
  ~history_files() override { std::filesystem::remove_all(folder_); }
  std::string path() const { return folder_ + "/identity"; }
  void put(std::string_view text) { must(private_file::replace(path(), std::as_bytes(std::span{text}))); }

  std::string folder_;
  memory_vault keys_;
};

TEST_F(history_files, the_first_one_who_asks_makes_the_identity_and_all_get_the_same) {
  auto made = must(history_file::read_or_create(path(), keys_, key_type::ed25519, t0));
  memory_vault other;
  auto again = must(history_file::read_or_create(path(), other, key_type::ed25519, t0 + 1));
  EXPECT_EQ(made.id(), again.id());
  EXPECT_EQ(must(history_file::read(path())).id(), made.id());
}

TEST_F(history_files, nobody_else_may_read_or_replace_it) {
  must(history_file::read_or_create(path(), keys_, key_type::ed25519, t0));
  struct stat about {};
  ASSERT_EQ(::stat(path().c_str(), &about), 0);
  EXPECT_EQ(about.st_mode & 0777u, 0600u);
  std::filesystem::permissions(path(), std::filesystem::perms{0640});
  EXPECT_NE(why(history_file::read(path())).find("may be read by others"), std::string::npos);
}

TEST_F(history_files, a_line_end_behind_the_digits_is_no_matter) {
  auto who = must(create_identity(keys_, key_type::p256, t0));
  put(to_hex(who.exported()));
  EXPECT_EQ(must(history_file::read(path())).id(), who.id());
  put(to_hex(who.exported()) + "\r\n\n");
  EXPECT_EQ(must(history_file::read(path())).id(), who.id());
}

TEST_F(history_files, what_is_no_history_is_refused_with_the_path_and_stays) {
  for (std::string_view text : {"", "xyz", "8", "00", "81"}) {
    put(text);
    auto r = history_file::read_or_create(path(), keys_, key_type::ed25519, t0);
    ASSERT_FALSE(r) << text;
    EXPECT_NE(r.error().cause.find(path()), std::string::npos) << r.error().cause;
    EXPECT_EQ(must(private_file::read(path(), 100)).size(), text.size());
  }
}

TEST_F(history_files, where_the_file_cannot_be_written_no_key_is_left_behind) {
  std::filesystem::create_directory(path() + ".new"); // so that nothing can be written beside it
  std::filesystem::create_directory(path() + ".new/full");
  ASSERT_FALSE(history_file::read_or_create(path(), keys_, key_type::ed25519, t0));
  EXPECT_FALSE(std::filesystem::exists(path()));
}

} // namespace
} // namespace ockam::identities::test
