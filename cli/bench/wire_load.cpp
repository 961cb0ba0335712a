// SPDX-License-Identifier: Apache-2.0
#include "cli/bench/wire_load.hpp"

#include "cli/bench/load_meter.hpp"
#include "cli/bench/wire_bytes.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <netinet/tcp.h>
#include <optional>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

namespace ockam::bench {

namespace {

/// `[onward, return, payload]` with its length in front.
std::vector<char> make_frame(const load_options& o) {
  std::vector<char> out(4); // the length, filled in last
  append_head(out, 4, 3);
  append_route(out, o.route);
  append_route(out, {"app"});
  append_head(out, 2, o.bytes);
  out.resize(out.size() + o.bytes, 'x');
  auto length = out.size() - 4;
  for (std::size_t i = 0; i < 4; ++i)
    out[i] = static_cast<char>(length >> (24 - 8 * i));
  return out;
}

struct connection {
  int fd = -1;
  bool greeted = false;
  std::array<char, 4> head{};
  std::size_t head_size = 0;   ///< bytes of the length field that are here
  std::size_t body_left = 0;   ///< bytes of the frame that are still to come
  std::size_t to_send = 0;     ///< whole frames
  std::size_t sent_of_one = 0; ///< bytes of the frame being sent
  bool writing = false;
  std::uint64_t sent = 0, received = 0;
  bench::probe probe;
};

class load {
 public:
  explicit load(const load_options& o)
    : options_{o}, frame_{make_frame(o)}, buffer_(std::max<std::size_t>(256u << 10, 2 * frame_.size())) {
    // Several frames in one piece, so that small ones need one call for a batch.
    batch_ = std::clamp<std::size_t>((256u << 10) / frame_.size(), 1, std::max<std::size_t>(1, o.in_flight));
    for (std::size_t i = 0; i < batch_; ++i)
      frames_.insert(frames_.end(), frame_.begin(), frame_.end());
    connections_.resize(o.connections);
  }

  ~load() {
    for (auto& c : connections_)
      if (c.fd >= 0)
        ::close(c.fd);
    ::close(epoll_);
  }

  load_result run() {
    if (!connect_all())
      return failed_load(error_);
    meter_.emplace(options_);
    for (auto& c : connections_) {
      c.to_send = options_.in_flight;
      if (!options_.raw && ::send(c.fd, "\x01", 1, MSG_NOSIGNAL) != 1)
        return failed_load("cannot send the preamble");
      write_frames(c);
    }
    std::array<epoll_event, 256> events;
    while (error_.empty() && meter_->goes_on()) {
      int n = ::epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), 1000);
      for (int i = 0; i < n && error_.empty(); ++i)
        handle(connections_[events[static_cast<std::size_t>(i)].data.u64], events[static_cast<std::size_t>(i)].events);
    }
    return error_.empty() ? meter_->result() : failed_load(error_);
  }

 private:
  bool connect_all() {
    rlimit files{};
    ::getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &files);
    auto to = target_of(options_);
    if (!to) {
      error_ = options_.host + " is not an IPv4 address";
      return false;
    }
    for (std::size_t i = 0; i < connections_.size(); ++i) {
      auto& c = connections_[i];
      c.fd = ::socket(AF_INET, SOCK_STREAM, 0);
      if (c.fd < 0 || ::connect(c.fd, reinterpret_cast<sockaddr*>(&*to), sizeof(*to)) < 0) {
        error_ = std::string{"cannot connect: "} + std::strerror(errno);
        return false;
      }
      int on = 1;
      ::setsockopt(c.fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
      c.greeted = options_.raw;
      epoll_event e{};
      e.events = EPOLLIN;
      e.data.u64 = i;
      ::epoll_ctl(epoll_, EPOLL_CTL_ADD, c.fd, &e);
    }
    return true;
  }

  void handle(connection& c, std::uint32_t events) {
    if (events & (EPOLLIN | EPOLLHUP | EPOLLERR))
      read_replies(c);
    if (error_.empty() && c.to_send > 0)
      write_frames(c);
  }

  void read_replies(connection& c) {
    auto n = ::recv(c.fd, buffer_.data(), buffer_.size(), MSG_DONTWAIT);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
      return;
    if (n <= 0) {
      error_ = "the node closed a connection after " + std::to_string(c.received) + " replies";
      return;
    }
    const char* p = buffer_.data();
    const char* end = p + n;
    if (!c.greeted) {
      if (*p++ != 1) {
        error_ = "the node did not begin with the preamble";
        return;
      }
      c.greeted = true;
    }
    while (p != end && error_.empty())
      p = take(c, p, end);
  }

  /// Counts the frame, or the part of it, at `p`.
  const char* take(connection& c, const char* p, const char* end) {
    if (c.body_left == 0) {
      auto part = std::min<std::size_t>(4 - c.head_size, static_cast<std::size_t>(end - p));
      std::memcpy(c.head.data() + c.head_size, p, part);
      c.head_size += part;
      p += part;
      if (c.head_size < 4)
        return p;
      c.head_size = 0;
      for (auto byte : c.head)
        c.body_left = c.body_left << 8 | static_cast<std::uint8_t>(byte);
      // The reply has the payload and two routes: never shorter than it, never much longer.
      if (c.body_left < options_.bytes + 6 || c.body_left > options_.bytes + 4096) {
        error_ = "a reply of " + std::to_string(c.body_left) + " bytes to a payload of " + std::to_string(options_.bytes);
        return end;
      }
    }
    auto part = std::min(c.body_left, static_cast<std::size_t>(end - p));
    c.body_left -= part;
    p += part;
    if (c.body_left == 0)
      count(c);
    return p;
  }

  void count(connection& c) {
    ++c.received;
    ++c.to_send;
    meter_->replied(c.probe, 1, c.received);
  }

  void write_frames(connection& c) {
    meter_->aim(c.probe, c.sent + 1);
    while (c.to_send > 0) {
      auto count = std::min(c.to_send, batch_);
      auto want = count * frame_.size() - c.sent_of_one;
      auto n = ::send(c.fd, frames_.data() + c.sent_of_one, want, MSG_DONTWAIT | MSG_NOSIGNAL);
      if (n < 0) {
        if (errno != EAGAIN && errno != EINTR)
          error_ = std::string{"send: "} + std::strerror(errno);
        break;
      }
      auto total = c.sent_of_one + static_cast<std::size_t>(n);
      c.to_send -= total / frame_.size();
      c.sent += total / frame_.size();
      c.sent_of_one = total % frame_.size();
      if (static_cast<std::size_t>(n) < want)
        break;
    }
    if (bool more = c.to_send > 0; more != c.writing) {
      c.writing = more;
      epoll_event e{};
      e.events = more ? EPOLLIN | EPOLLOUT : EPOLLIN;
      e.data.u64 = static_cast<std::uint64_t>(&c - connections_.data());
      ::epoll_ctl(epoll_, EPOLL_CTL_MOD, c.fd, &e);
    }
  }

  load_options options_;
  std::vector<char> frame_;
  std::vector<char> frames_;
  std::size_t batch_ = 1;
  std::vector<char> buffer_;
  int epoll_ = ::epoll_create1(0);
  std::vector<connection> connections_;
  std::optional<load_meter> meter_; ///< once all are connected
  std::string error_;
};

} // namespace

load_result run_wire_load(const load_options& o) {
  return load{o}.run();
}

} // namespace ockam::bench
