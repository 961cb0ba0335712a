// SPDX-License-Identifier: Apache-2.0
#include "cli/ockam/control_client.hpp"

#include "runtime/core/units.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

namespace ockam::cli {

namespace {

/// Longest answer that makes sense: a message of 16 MiB, or 10,000 workers.
constexpr std::size_t max_response = 64u << 20;
/// The node keeps the deadline too and says more about it, so its answer is awaited a little longer.
constexpr std::chrono::milliseconds grace{200};

} // namespace

std::chrono::milliseconds deadline::left() const {
  auto now = clock::now();
  return now >= at_ ? std::chrono::milliseconds{0} : std::chrono::ceil<std::chrono::milliseconds>(at_ - now);
}

result<control_client> control_client::connect(const std::string& socket_path, std::string node, const deadline& by) {
  sockaddr_un to{};
  to.sun_family = AF_UNIX;
  if (socket_path.size() >= sizeof(to.sun_path))
    return error{errc::invalid_argument, "the path " + socket_path + " is too long for a Unix socket",
                 "set OCKAM_HOME to a shorter path"};
  std::memcpy(to.sun_path, socket_path.c_str(), socket_path.size() + 1);
  control_client c{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), std::move(node)};
  if (c.fd_ < 0)
    return system_error("cannot make a socket", errno);
  // On a Unix socket EAGAIN means that the queue of the listener is full; poll does not tell when it no longer
  // is, so the connect itself waits, for as long as the send time-out of the socket says.
  if (::connect(c.fd_, reinterpret_cast<sockaddr*>(&to), sizeof(to)) == 0)
    return c;
  if (errno == EAGAIN) {
    auto ms = std::max<long>(1, by.left().count());
    timeval limit{ms / 1000, ms % 1000 * 1000};
    ::setsockopt(c.fd_, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
    ::fcntl(c.fd_, F_SETFL, 0);
    if (::connect(c.fd_, reinterpret_cast<sockaddr*>(&to), sizeof(to)) == 0) {
      ::fcntl(c.fd_, F_SETFL, O_NONBLOCK);
      return c;
    }
    if (errno == EAGAIN)
      return error{errc::timed_out, "node " + c.node_ + " does not accept connections on its control socket",
                   "is it stopped or overloaded? see: ockam node logs " + c.node_};
  }
  auto err = errno;
  auto e = system_error("cannot reach node " + c.node_ + " at " + socket_path, err);
  if (err == ENOENT || err == ENOTDIR)
    e.code = errc::not_found;
  if (err == ECONNREFUSED)
    e.code = errc::closed;
  if (err == EACCES)
    e.hint = "it belongs to another user, who alone may command it";
  return e;
}

control_client::~control_client() {
  if (fd_ >= 0)
    ::close(fd_);
}

std::optional<state::process> control_client::peer() const {
  constexpr int so_peerpidfd = 77; // SO_PEERPIDFD: headers of Debian 12 do not have it
  int pidfd = -1;
  socklen_t size = sizeof(pidfd);
  if (::getsockopt(fd_, SOL_SOCKET, so_peerpidfd, &pidfd, &size) != 0 || pidfd < 0)
    return std::nullopt;
  return state::process{state::descriptor{pidfd}};
}

result<void> control_client::wait(short events, const deadline& by) {
  pollfd p{fd_, events, 0};
  while (true) {
    auto n = ::poll(&p, 1, static_cast<int>((by.left() + grace).count()));
    if (n > 0)
      return {};
    if (n < 0 && errno == EINTR)
      continue;
    return error{errc::timed_out, "node " + node_ + " does not answer on its control socket",
                 "is it stopped or overloaded? see: ockam node logs " + node_};
  }
}

result<void> control_client::write_all(const std::string& bytes, const deadline& by) {
  std::size_t done = 0;
  while (done < bytes.size()) {
    auto n = ::send(fd_, bytes.data() + done, bytes.size() - done, MSG_NOSIGNAL);
    if (n > 0) {
      done += static_cast<std::size_t>(n);
    } else if (errno == EAGAIN) {
      if (auto ok = wait(POLLOUT, by); !ok)
        return ok;
    } else if (errno != EINTR) {
      return error{errc::closed, "node " + node_ + " closed the control connection: " + std::strerror(errno),
                   "see: ockam node logs " + node_};
    }
  }
  return {};
}

result<void> control_client::read_all(char* into, std::size_t n, const deadline& by) {
  while (n > 0) {
    auto got = ::recv(fd_, into, n, 0);
    if (got > 0) {
      into += got;
      n -= static_cast<std::size_t>(got);
    } else if (got < 0 && errno == EAGAIN) {
      if (auto ok = wait(POLLIN, by); !ok)
        return ok;
    } else if (got == 0 || errno != EINTR) {
      return error{errc::closed, "node " + node_ + " closed the control connection before it answered",
                   "see: ockam node logs " + node_ + "; what the system has said of its end is in stderr.log beside its control socket"};
    }
  }
  return {};
}

result<void> control_client::read_response(control::Response& r, const deadline& by) {
  std::array<unsigned char, 4> head{};
  if (auto ok = read_all(reinterpret_cast<char*>(head.data()), head.size(), by); !ok)
    return ok;
  auto length = std::size_t{head[0]} << 24 | std::size_t{head[1]} << 16 | std::size_t{head[2]} << 8 | head[3];
  if (length > max_response)
    return error{errc::too_large, "the answer of node " + node_ + " has " + std::to_string(length) + " bytes, over the " + size_text(max_response) + " that are taken",
                 "is it the node's own socket? see: ockam node show " + node_};
  std::string body(length, '\0');
  if (auto ok = read_all(body.data(), length, by); !ok)
    return ok;
  if (!r.ParseFromString(body) || r.id() > last_id_)
    return error{errc::malformed, "node " + node_ + " answered with something that is no answer",
                 "is it of another version? see: ockam node show " + node_};
  return {};
}

result<control::Response> control_client::call(control::Request request, const deadline& by) {
  request.set_id(++last_id_);
  request.set_timeout_ms(static_cast<std::uint32_t>(std::max<std::int64_t>(1, by.left().count())));
  auto size = static_cast<std::uint32_t>(request.ByteSizeLong());
  std::string out{static_cast<char>(size >> 24), static_cast<char>(size >> 16), static_cast<char>(size >> 8), static_cast<char>(size)};
  request.AppendToString(&out);
  if (auto ok = write_all(out, by); !ok)
    return std::move(ok).error();
  return more(by);
}

result<control::Response> control_client::more(const deadline& by) {
  control::Response r;
  do { // an answer that came after its deadline is passed over
    if (auto ok = read_response(r, by); !ok)
      return std::move(ok).error();
  } while (r.id() < last_id_);
  if (r.has_error())
    return error{static_cast<errc>(r.error().code()), r.error().cause(), r.error().hint()};
  return r;
}

} // namespace ockam::cli
