// SPDX-License-Identifier: Apache-2.0
#include "cli/bench/udp_echo.hpp"

#include <arpa/inet.h>
#include <array>
#include <cstdio>
#include <sys/epoll.h>
#include <sys/socket.h>

namespace ockam::bench {

int run_udp_echo() {
  int fd = ::socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
  int buffer = 4 << 20;
  ::setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &buffer, sizeof(buffer));
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(at);
  if (::bind(fd, reinterpret_cast<sockaddr*>(&at), size) < 0) {
    std::perror("ockam-bench: cannot bind");
    return 1;
  }
  ::getsockname(fd, reinterpret_cast<sockaddr*>(&at), &size);
  std::printf("listening 127.0.0.1:%d\n", ntohs(at.sin_port));
  std::fflush(stdout);
  int epoll = ::epoll_create1(0);
  epoll_event e{};
  e.events = EPOLLIN;
  ::epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &e);
  std::array<char, 65'536> bytes;
  while (::epoll_wait(epoll, &e, 1, -1) >= 0) {
    sockaddr_storage from;
    socklen_t n = sizeof(from);
    auto got = ::recvfrom(fd, bytes.data(), bytes.size(), MSG_DONTWAIT, reinterpret_cast<sockaddr*>(&from), &n);
    if (got >= 0)
      ::sendto(fd, bytes.data(), static_cast<std::size_t>(got), MSG_DONTWAIT, reinterpret_cast<sockaddr*>(&from), n);
  }
  return 0;
}

} // namespace ockam::bench
