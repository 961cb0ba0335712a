// SPDX-License-Identifier: Apache-2.0
#include "runtime/net/unix_sockets.hpp"

#include <gtest/gtest.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <sys/stat.h>
#include <unistd.h>

namespace ockam {
namespace {

class unix_sockets : public testing::Test {
 protected:
  unix_sockets() {
    std::string name = "/tmp/ok-unix-XXXXXX";
    folder = ::mkdtemp(name.data());
    ::umask(0077);
  }
  ~unix_sockets() override { std::filesystem::remove_all(folder); }

  std::filesystem::path folder;
  std::string path() const { return folder / "s"; }
};

struct closer {
  int fd;
  ~closer() { ::close(fd); }
};

unsigned mode_of(const std::string& path) {
  struct stat s{};
  return ::lstat(path.c_str(), &s) == 0 ? s.st_mode & 0777 : 0;
}

TEST_F(unix_sockets, has_the_mode_that_was_asked_for) {
  for (unsigned mode : {0600u, 0660u, 0666u}) {
    auto l = listen_unix(path(), mode);
    ASSERT_TRUE(l);
    closer c{l->fd};
    EXPECT_EQ(mode_of(path()), mode);
    l->remove_file();
    EXPECT_FALSE(std::filesystem::exists(path()));
  }
}

TEST_F(unix_sockets, one_that_somebody_listens_on_is_not_replaced) {
  auto first = listen_unix(path(), 0600);
  ASSERT_TRUE(first);
  closer c{first->fd};
  auto second = listen_unix(path(), 0600);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, errc::address_in_use);
  auto a = try_connect_unix(path());
  EXPECT_GE(a.fd, 0);
  ::close(a.fd);
}

TEST_F(unix_sockets, one_left_by_a_killed_process_is_replaced) {
  auto first = listen_unix(path(), 0600);
  ASSERT_TRUE(first);
  ::close(first->fd); // the file stays, as after kill -9
  auto second = listen_unix(path(), 0600);
  ASSERT_TRUE(second);
  closer c{second->fd};
  auto a = try_connect_unix(path());
  EXPECT_GE(a.fd, 0);
  ::close(a.fd);
  std::size_t files = 0;
  for ([[maybe_unused]] auto& e : std::filesystem::directory_iterator{folder})
    ++files;
  EXPECT_EQ(files, 1u);
}

TEST_F(unix_sockets, a_listener_whose_file_was_removed_leaves_its_successors_alone) {
  auto first = listen_unix(path(), 0600);
  ASSERT_TRUE(first);
  closer c{first->fd};
  std::filesystem::remove(path());
  auto second = listen_unix(path(), 0600);
  ASSERT_TRUE(second);
  closer d{second->fd};
  first->remove_file();
  EXPECT_TRUE(std::filesystem::exists(path()));
  second->remove_file();
  EXPECT_FALSE(std::filesystem::exists(path()));
}

TEST_F(unix_sockets, a_file_of_another_kind_stays) {
  std::ofstream{path()} << "dear data";
  auto l = listen_unix(path(), 0600);
  ASSERT_FALSE(l);
  EXPECT_EQ(l.error().code, errc::already_exists);
  EXPECT_EQ(std::filesystem::file_size(path()), 9u);
}

TEST_F(unix_sockets, errors_name_what_is_wrong) {
  auto none = listen_unix(folder / "no" / "s", 0600);
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().code, errc::io_failure);
  auto too_long = listen_unix("/tmp/" + std::string(120, 'a'), 0600);
  ASSERT_FALSE(too_long);
  EXPECT_EQ(too_long.error().code, errc::invalid_address);
  EXPECT_EQ(try_connect_unix(path()).err, ENOENT);
  EXPECT_EQ(peer_uid(0), -1);
}

} // namespace
} // namespace ockam
