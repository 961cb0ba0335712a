// SPDX-License-Identifier: Apache-2.0
#include "operation/deadline_stream.hpp"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <algorithm>
#include <cerrno>
#include <poll.h>
#include <sys/socket.h>

namespace ockam::operation {

namespace {

/// 0: the time is over, or there is an error.
int poll_until(pollfd p, deadline_stream::clock::time_point until) {
  for (;;) {
    auto left = std::chrono::ceil<std::chrono::milliseconds>(until - deadline_stream::clock::now());
    if (left.count() <= 0)
      return 0;
    auto n = ::poll(&p, 1, static_cast<int>(left.count()));
    if (n >= 0)
      return n;
    if (errno != EINTR)
      return 0;
  }
}

} // namespace

bool deadline_stream::wait(short events) const {
  if (shown_)
    *shown_ = events == POLLIN ? kept_by::sender : kept_by::reader;
  bool ready = poll_until({fd_, events, 0}, until_) > 0;
  if (shown_)
    *shown_ = kept_by::others;
  return ready;
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

deadline_tls_stream::deadline_tls_stream(int fd, clock::time_point until, std::size_t most_to_read, ssl_ctx_st* context, std::atomic<kept_by>* shown)
  : below_{fd, until, most_to_read, shown}, left_{most_to_read}, ssl_{SSL_new(context)} {
  if (ssl_)
    SSL_set_fd(ssl_, fd);
}

deadline_tls_stream::~deadline_tls_stream() {
  if (ssl_ && SSL_is_init_finished(ssl_))
    (void)SSL_shutdown(ssl_);
  SSL_free(ssl_);
  ERR_clear_error();
}

bool deadline_tls_stream::wait_for(int rc) const {
  switch (SSL_get_error(ssl_, rc)) {
    case SSL_ERROR_WANT_READ: return below_.is_readable();
    case SSL_ERROR_WANT_WRITE: return below_.is_writable();
    default: return false;
  }
}

bool deadline_tls_stream::handshake() {
  if (!ssl_)
    return false;
  for (;;) {
    ERR_clear_error();
    auto rc = SSL_accept(ssl_);
    if (rc == 1)
      return true;
    if (!wait_for(rc))
      return false;
  }
}

bool deadline_tls_stream::is_readable() const {
  return left_ > 0 && (SSL_pending(ssl_) > 0 || below_.is_readable());
}

ssize_t deadline_tls_stream::read(char* to, std::size_t size) {
  while (left_ > 0) {
    ERR_clear_error();
    auto n = SSL_read(ssl_, to, static_cast<int>(std::min({size, left_, std::size_t{1} << 20})));
    if (n > 0) {
      left_ -= static_cast<std::size_t>(n);
      return n;
    }
    if (SSL_get_error(ssl_, n) == SSL_ERROR_ZERO_RETURN)
      return 0;
    if (!wait_for(n))
      return -1;
  }
  return -1;
}

ssize_t deadline_tls_stream::write(const char* from, std::size_t size) {
  for (;;) {
    ERR_clear_error();
    auto n = SSL_write(ssl_, from, static_cast<int>(std::min(size, std::size_t{1} << 20)));
    if (n > 0)
      return n;
    if (!wait_for(n))
      return -1;
  }
}

} // namespace ockam::operation
