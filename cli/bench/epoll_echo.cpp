// SPDX-License-Identifier: Apache-2.0
#include "cli/bench/epoll_echo.hpp"

#include <arpa/inet.h>
#include <array>
#include <cstdio>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>
#include <unordered_map>
#include <vector>

namespace ockam::bench {

namespace {

struct server {
  int epoll = ::epoll_create1(0);
  std::unordered_map<int, std::vector<char>> unsent;
  std::vector<char> buffer = std::vector<char>(256u << 10);

  void watch(int fd, std::uint32_t events, int op) {
    epoll_event e{};
    e.events = events;
    e.data.fd = fd;
    ::epoll_ctl(epoll, op, fd, &e);
  }

  void drop(int fd) {
    unsent.erase(fd);
    ::close(fd);
  }

  /// What does not go out at once waits, and reading waits with it.
  void write_or_keep(int fd, const char* data, std::size_t n) {
    auto sent = ::send(fd, data, n, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent < 0)
      sent = 0;
    auto size = static_cast<std::size_t>(sent);
    if (size == n)
      return;
    unsent[fd].assign(data + size, data + n);
    watch(fd, EPOLLOUT, EPOLL_CTL_MOD);
  }

  void on_readable(int fd) {
    auto n = ::recv(fd, buffer.data(), buffer.size(), MSG_DONTWAIT);
    if (n > 0)
      write_or_keep(fd, buffer.data(), static_cast<std::size_t>(n));
    else if (n == 0 || errno != EAGAIN)
      drop(fd);
  }

  void on_writable(int fd) {
    auto rest = std::move(unsent[fd]);
    unsent.erase(fd);
    watch(fd, EPOLLIN, EPOLL_CTL_MOD);
    write_or_keep(fd, rest.data(), rest.size());
  }
};

} // namespace

int run_epoll_echo() {
  rlimit files{};
  ::getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &files);
  int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(at);
  if (::bind(listener, reinterpret_cast<sockaddr*>(&at), size) < 0 || ::listen(listener, 4096) < 0) {
    std::perror("ockam-bench: cannot listen");
    return 1;
  }
  ::getsockname(listener, reinterpret_cast<sockaddr*>(&at), &size);
  std::printf("listening 127.0.0.1:%d\n", ntohs(at.sin_port));
  std::fflush(stdout);
  server s;
  s.watch(listener, EPOLLIN, EPOLL_CTL_ADD);
  std::array<epoll_event, 256> events;
  while (true) {
    int n = ::epoll_wait(s.epoll, events.data(), static_cast<int>(events.size()), -1);
    for (int i = 0; i < n; ++i) {
      const auto& e = events[static_cast<std::size_t>(i)];
      if (e.data.fd == listener) {
        int fd, on = 1;
        while ((fd = ::accept4(listener, nullptr, nullptr, SOCK_NONBLOCK)) >= 0) {
          ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
          s.watch(fd, EPOLLIN, EPOLL_CTL_ADD);
        }
      } else if (e.events & EPOLLOUT) {
        s.on_writable(e.data.fd);
      } else {
        s.on_readable(e.data.fd);
      }
    }
  }
}

} // namespace ockam::bench
