// SPDX-License-Identifier: Apache-2.0
#include "identity/private_file.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

namespace ockam::identities::private_file {

namespace {

constexpr mode_t owner_only = 0600;

/// A descriptor that is closed.
struct descriptor {
  explicit descriptor(int n) noexcept : fd{n} {}
  descriptor(const descriptor&) = delete;
  descriptor& operator=(const descriptor&) = delete;
  ~descriptor() {
    if (fd >= 0)
      ::close(fd);
  }
  int fd;
};

error failed(const std::string& path) {
  int err = errno;
  return err == ENOENT ? error{errc::not_found, "no file " + path, {}} : system_error(path, err);
}

bool write_all(int fd, bytes_view content) {
  while (!content.empty()) {
    auto n = ::write(fd, content.data(), content.size());
    if (n < 0 && errno == EINTR)
      continue;
    if (n < 0)
      return false;
    content = content.subspan(static_cast<std::size_t>(n));
  }
  return true;
}

/// Makes the name last as well as the bytes. Where a file system cannot, it is as good as it gets.
void sync_folder_of(const std::string& path) {
  auto slash = path.rfind('/');
  descriptor folder{
    ::open(slash == std::string::npos ? "." : path.substr(0, slash + 1).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  if (folder.fd >= 0)
    (void)::fsync(folder.fd);
}

} // namespace

result<secret> read(const std::string& path, std::size_t max_size, readers who) {
  descriptor file{::open(path.c_str(), O_RDONLY | O_CLOEXEC)};
  struct stat about {};
  if (file.fd < 0 || ::fstat(file.fd, &about) != 0)
    return failed(path);
  if (who == readers::owner_only && (about.st_mode & (S_IRWXG | S_IRWXO)) != 0)
    return error{errc::permission_denied, path + " may be read by others than its owner", "chmod 600 " + path};
  if (!S_ISREG(about.st_mode) || static_cast<std::uint64_t>(about.st_size) > max_size)
    return error{errc::too_large, path + " is no file of at most " + std::to_string(max_size) + " bytes", {}};
  secret out{static_cast<std::size_t>(about.st_size)};
  std::size_t have = 0;
  while (have < out.size()) {
    auto n = ::read(file.fd, out.writable().data() + have, out.size() - have);
    if (n < 0 && errno == EINTR)
      continue;
    if (n < 0)
      return failed(path);
    if (n == 0)
      return error{errc::io_failure, path + " became shorter while it was read", {}};
    have += static_cast<std::size_t>(n);
  }
  return out;
}

result<void> replace(const std::string& path, bytes_view content) {
  auto beside = path + ".new"; // one is enough: who replaces a file has its guard
  (void)::unlink(beside.c_str());
  descriptor file{::open(beside.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, owner_only)};
  if (file.fd < 0 || !write_all(file.fd, content) || ::fsync(file.fd) != 0
      || std::rename(beside.c_str(), path.c_str()) != 0) {
    auto why = failed(beside);
    (void)::unlink(beside.c_str());
    return why;
  }
  sync_folder_of(path);
  return {};
}

result<guard> guard::of(const std::string& path) {
  auto lock = path + ".lock";
  int fd = ::open(lock.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, owner_only);
  guard out{fd};
  if (fd < 0)
    return failed(lock);
  while (::flock(fd, LOCK_EX) != 0)
    if (errno != EINTR)
      return failed(lock);
  return out;
}

guard::~guard() {
  if (fd_ >= 0)
    ::close(fd_);
}

} // namespace ockam::identities::private_file
