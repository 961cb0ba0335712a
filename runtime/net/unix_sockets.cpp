// SPDX-License-Identifier: Apache-2.0
#include "runtime/net/unix_sockets.hpp"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <optional>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

namespace ockam {

namespace {

constexpr int backlog = 4096; // the kernel caps it at somaxconn

std::optional<sockaddr_un> address_of(const std::string& path) {
  sockaddr_un a{};
  a.sun_family = AF_UNIX;
  if (path.size() >= sizeof(a.sun_path))
    return std::nullopt;
  std::memcpy(a.sun_path, path.c_str(), path.size() + 1);
  return a;
}

/// Whether the file at `path` was a socket without a listener, and is gone now.
bool remove_stale(const std::string& path) {
  // Held open, its inode number is not given to another file meanwhile.
  struct held_file {
    int fd;
    ~held_file() { ::close(fd); }
  } held{::open(path.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC)};
  struct stat before{}, moved{};
  if (held.fd < 0 || ::fstat(held.fd, &before) < 0)
    return errno == ENOENT;
  auto probe = try_connect_unix(path);
  if (probe.fd >= 0)
    ::close(probe.fd);
  if (probe.err != ECONNREFUSED || !S_ISSOCK(before.st_mode))
    return false;
  // Of two nodes that both come to this conclusion, the second must not remove the socket that the first
  // has made meanwhile: who moves the file away sees which one it got.
  auto aside = path + "." + std::to_string(::getpid());
  if (::rename(path.c_str(), aside.c_str()) < 0)
    return errno == ENOENT;
  if (::lstat(aside.c_str(), &moved) == 0 && moved.st_dev == before.st_dev && moved.st_ino == before.st_ino)
    return ::unlink(aside.c_str()) == 0;
  ::rename(aside.c_str(), path.c_str());
  return false;
}

} // namespace

result<unix_listener> listen_unix(const std::string& path, unsigned mode) {
  auto what = "cannot listen on " + path;
  auto a = address_of(path);
  if (!a)
    return error{errc::invalid_address, what + ": the path is longer than 107 bytes", "choose a shorter one (OCKAM_HOME, for a node's own)"};
  unix_listener l{::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), path};
  if (l.fd < 0)
    return system_error(what, errno);
  auto fail = [&](error e) {
    ::close(l.fd);
    return e;
  };
  auto bind = [&] { return ::bind(l.fd, reinterpret_cast<const sockaddr*>(&*a), sizeof(*a)); };
  struct stat file{};
  if (bind() < 0) {
    if (errno != EADDRINUSE)
      return fail(system_error(what, errno));
    if (::lstat(path.c_str(), &file) == 0 && !S_ISSOCK(file.st_mode))
      return fail({errc::already_exists, what + ": there is a file, and it is no socket", "choose another path, or move it away"});
    if (!remove_stale(path) || bind() < 0)
      return fail({errc::address_in_use, what + ": another process listens there", "choose another path"});
  }
  if (::chmod(path.c_str(), mode) < 0 || ::listen(l.fd, backlog) < 0 || ::lstat(path.c_str(), &file) < 0) {
    auto e = system_error(what, errno);
    ::unlink(path.c_str());
    return fail(std::move(e));
  }
  l.device = file.st_dev;
  l.inode = file.st_ino;
  return l;
}

void unix_listener::remove_file() const noexcept {
  struct stat file{};
  if (::lstat(path.c_str(), &file) == 0 && file.st_dev == device && file.st_ino == inode)
    ::unlink(path.c_str());
}

unix_attempt try_connect_unix(const std::string& path) {
  auto a = address_of(path);
  if (!a)
    return {-1, ENAMETOOLONG};
  auto fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0)
    return {-1, errno};
  if (::connect(fd, reinterpret_cast<const sockaddr*>(&*a), sizeof(*a)) == 0)
    return {fd, 0};
  auto err = errno;
  ::close(fd);
  return {-1, err};
}

std::int64_t peer_uid(int fd) {
  ucred c{};
  socklen_t size = sizeof(c);
  int domain = 0;
  socklen_t domain_size = sizeof(domain);
  if (::getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &domain_size) < 0 || domain != AF_UNIX)
    return -1;
  return ::getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &c, &size) < 0 ? -1 : static_cast<std::int64_t>(c.uid);
}

} // namespace ockam
