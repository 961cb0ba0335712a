// SPDX-License-Identifier: Apache-2.0
#include "operation/deadline_stream.hpp"

#include <algorithm>
#include <cerrno>
#include <poll.h>
#include <sys/socket.h>

namespace ockam::operation {

bool deadline_stream::wait(short events) const {
  pollfd p{fd_, events, 0};
  for (;;) {
    auto left = std::chrono::ceil<std::chrono::milliseconds>(until_ - clock::now());
    if (left.count() <= 0)
      return false;
    auto n = ::poll(&p, 1, static_cast<int>(left.count()));
    if (n > 0)
      return true;
    if (n == 0 || errno != EINTR)
      return false;
  }
}

bool deadline_stream::is_readable() const {
  return left_ > 0 && wait(POLLIN);
}

bool deadline_stream::is_writable() const {
  return wait(POLLOUT);
}

ssize_t deadline_stream::read(char* to, std::size_t size) {
  while (left_ > 0) {
    auto n = ::recv(fd_, to, std::min(size, left_), 0);
    if (n >= 0) {
      left_ -= static_cast<std::size_t>(n);
      return n;
    }
    if (errno == EINTR)
      continue;
    if ((errno != EAGAIN && errno != EWOULDBLOCK) || !wait(POLLIN))
      return -1;
  }
  return -1;
}

ssize_t deadline_stream::write(const char* from, std::size_t size) {
  for (;;) {
    if (clock::now() >= until_)
      return -1;
    auto n = ::send(fd_, from, size, MSG_NOSIGNAL);
    if (n >= 0)
      return n;
    if (errno == EINTR)
      continue;
    if ((errno != EAGAIN && errno != EWOULDBLOCK) || !wait(POLLOUT))
      return -1;
  }
}

} // namespace ockam::operation
