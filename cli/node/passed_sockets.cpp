// SPDX-License-Identifier: Apache-2.0
#include "cli/node/passed_sockets.hpp"

#include "runtime/core/address.hpp"
#include "runtime/core/log.hpp"
#include "runtime/net/sockets.hpp"

#include <algorithm>
#include <cstring>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

namespace ockam {

namespace {

bool is_listening(int fd) {
  int type = 0, listens = 0;
  socklen_t size = sizeof(int);
  return ::getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) == 0 && type == SOCK_STREAM
         && ::getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &size) == 0 && listens != 0;
}

std::string path_of(int fd) {
  sockaddr_un a{};
  socklen_t size = sizeof(a);
  if (::getsockname(fd, reinterpret_cast<sockaddr*>(&a), &size) < 0 || a.sun_family != AF_UNIX || size <= sizeof(sa_family_t))
    return {};
  return {a.sun_path, ::strnlen(a.sun_path, size - sizeof(sa_family_t))};
}

/// For the log: `127.0.0.1:4000`, or the path.
std::string place_of(int fd) {
  auto path = path_of(fd);
  return path.empty() ? local_text(fd) : path;
}

/// `tcp-listener/main` or `main`.
bool is_for(const passed_socket& s, const std::string& name) {
  return s.name == name || s.name == name.substr(name.find('/') + 1);
}

} // namespace

passed_sockets::~passed_sockets() {
  for (const auto& s : sockets_)
    ::close(s.fd);
}

template <class IsAt>
int passed_sockets::take_where(const std::string& name, IsAt is_at) {
  std::lock_guard held{lock_};
  auto fits = [&](const passed_socket& s) { return is_listening(s.fd) && is_at(s.fd); };
  auto it = std::find_if(sockets_.begin(), sockets_.end(), [&](const auto& s) { return is_for(s, name) && fits(s); });
  if (it == sockets_.end())
    it = std::find_if(sockets_.begin(), sockets_.end(), fits);
  if (it == sockets_.end())
    return -1;
  auto fd = it->fd;
  sockets_.erase(it);
  ::fcntl(fd, F_SETFL, ::fcntl(fd, F_GETFL) | O_NONBLOCK);
  log(level::info, "node", name + ": goes on with the socket at " + place_of(fd) + " that was handed over");
  return fd;
}

int passed_sockets::take(const std::string& name, const endpoint& at) {
  return take_where(name, [&](int fd) { return listens_at(fd, at); });
}

/// A socket whose file is gone listens, and nobody finds it: the service manager has removed the directory meanwhile.
void passed_sockets::drop_unreachable(const std::string& path) {
  struct stat s {};
  if (::lstat(path.c_str(), &s) == 0 && S_ISSOCK(s.st_mode))
    return;
  std::lock_guard held{lock_};
  for (auto it = sockets_.begin(); it != sockets_.end();) {
    if (path_of(it->fd) != path) {
      ++it;
      continue;
    }
    log(level::warn, "node", "the socket at " + printable(path) + " was handed over, and its file is gone: closed");
    manager_.forget(it->name); // now, before something else is kept under this name
    ::close(it->fd);
    it = sockets_.erase(it);
  }
}

int passed_sockets::take_unix(const std::string& name, const std::string& path) {
  drop_unreachable(path);
  return take_where(name, [&](int fd) { return path_of(fd) == path; });
}

void passed_sockets::opened(const std::string& name, int fd) {
  std::lock_guard held{lock_};
  if (auto before = kept_.find(name); before != kept_.end())
    manager_.forget(name); // it moves
  kept_[name] = fd;
  manager_.keep(name, fd);
}

bool passed_sockets::closing(const std::string& name, int fd) {
  std::lock_guard held{lock_};
  auto it = kept_.find(name);
  if (stopping_)
    return manager_.is_there() && it != kept_.end() && can_be_kept_as(name);
  if (it != kept_.end() && it->second == fd) {
    kept_.erase(it);
    manager_.forget(name);
  }
  return false;
}

void passed_sockets::close_unused() {
  std::lock_guard held{lock_};
  for (const auto& s : sockets_) {
    log(level::warn, "node", "the socket " + printable(s.name) + " at " + printable(place_of(s.fd))
                               + " was handed over, and no listener of that name has its address: closed");
    manager_.forget(s.name);
    if (auto ours = kept_.find(s.name); ours != kept_.end())
      manager_.keep(ours->first, ours->second); // that was forgotten with it
    ::close(s.fd);
  }
  sockets_.clear();
}

void passed_sockets::stopping() {
  std::lock_guard held{lock_};
  stopping_ = true;
}

} // namespace ockam
