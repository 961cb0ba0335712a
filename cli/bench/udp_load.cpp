// SPDX-License-Identifier: Apache-2.0
#include "cli/bench/udp_load.hpp"

#include "cli/bench/wire_bytes.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <chrono>
#include <cstring>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace ockam::bench {

namespace {

using clock = std::chrono::steady_clock;

constexpr std::size_t batch = 64;          ///< datagrams of one system call
constexpr std::size_t number_at = 3;       ///< where the routing number's two bytes stand
constexpr std::size_t max_bytes = 400;     ///< what fits one datagram of 508 bytes with routes
constexpr std::chrono::milliseconds patience{200};

/// `[1, number, 0, 1, [onward, return, payload]]`, the number in two bytes whatever it is.
std::vector<char> make_datagram(const load_options& o) {
  std::vector<char> message;
  append_head(message, 4, 3);
  append_route(message, o.route);
  append_route(message, {"app"});
  append_head(message, 2, o.bytes);
  message.resize(message.size() + o.bytes, 'x');
  std::vector<char> out{'\x85', '\x01', '\x19', 0, 0, '\x00', '\x01'};
  append_head(out, 2, message.size());
  out.insert(out.end(), message.begin(), message.end());
  return out;
}

struct socket_state {
  int fd = -1;
  std::uint16_t number = 0;
  std::size_t under_way = 0;
  std::uint64_t sent = 0;
  std::uint64_t received = 0;
  std::uint64_t probe = 0; ///< the message whose reply ends a sample; 0: none
  clock::time_point probe_sent;
  clock::time_point last_reply;
};

class udp_load {
 public:
  explicit udp_load(const load_options& o) : options_{o}, datagram_{make_datagram(o)} {
    sockets_.resize(o.connections);
    samples_.reserve(1u << 20);
    for (std::size_t i = 0; i < batch; ++i) {
      copies_[i] = datagram_;
      out_parts_[i] = {copies_[i].data(), copies_[i].size()};
      in_parts_[i] = {in_bytes_[i].data(), in_bytes_[i].size()};
      out_[i].msg_hdr.msg_iov = &out_parts_[i];
      in_[i].msg_hdr.msg_iov = &in_parts_[i];
      out_[i].msg_hdr.msg_iovlen = in_[i].msg_hdr.msg_iovlen = 1;
    }
  }

  ~udp_load() {
    for (auto& s : sockets_)
      if (s.fd >= 0)
        ::close(s.fd);
    ::close(epoll_);
  }

  load_result run() {
    if (options_.bytes > max_bytes)
      return failed("a payload over UDP has at most 400 bytes here");
    if (!open_all())
      return failed(error_);
    auto begin = clock::now();
    auto after = [](double s) { return std::chrono::duration_cast<clock::duration>(std::chrono::duration<double>(s)); };
    auto measure_from = begin + after(options_.warmup);
    auto end = measure_from + after(options_.seconds);
    for (auto& s : sockets_) {
      s.last_reply = begin;
      send(s, options_.in_flight);
    }
    std::array<epoll_event, 256> events;
    auto last_reply = begin, started = measure_from;
    std::uint64_t before = 0;
    while (error_.empty()) {
      int n = ::epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), static_cast<int>(patience.count()));
      auto seen = replies_;
      for (int i = 0; i < n; ++i)
        receive(sockets_[events[static_cast<std::size_t>(i)].data.u64]);
      auto now = clock::now();
      if (replies_ > seen)
        last_reply = now;
      else if (now - last_reply > std::chrono::seconds{10})
        return failed("no reply for 10 s after " + std::to_string(replies_));
      if (n == 0 || now - last_check_ > patience)
        send_lost(now);
      if (!measuring_ && now >= measure_from) {
        measuring_ = true;
        started = now;
        before = replies_;
        lost_ = 0;
      }
      if (now >= end)
        return summary(replies_ - before, std::chrono::duration<double>(now - started).count());
    }
    return failed(error_);
  }

 private:
  bool open_all() {
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(options_.port);
    if (::inet_pton(AF_INET, options_.host.c_str(), &to.sin_addr) != 1) {
      error_ = options_.host + " is not an IPv4 address";
      return false;
    }
    for (std::size_t i = 0; i < sockets_.size(); ++i) {
      auto& s = sockets_[i];
      s.fd = ::socket(AF_INET, SOCK_DGRAM, 0);
      if (s.fd < 0 || ::connect(s.fd, reinterpret_cast<sockaddr*>(&to), sizeof(to)) < 0) {
        error_ = std::string{"cannot open a socket: "} + std::strerror(errno);
        return false;
      }
      int buffer = 4 << 20;
      ::setsockopt(s.fd, SOL_SOCKET, SO_RCVBUF, &buffer, sizeof(buffer));
      epoll_event e{};
      e.events = EPOLLIN;
      e.data.u64 = i;
      ::epoll_ctl(epoll_, EPOLL_CTL_ADD, s.fd, &e);
    }
    return true;
  }

  void send(socket_state& s, std::size_t count) {
    if (s.probe == 0) {
      s.probe = s.sent + 1;
      s.probe_sent = clock::now();
    }
    while (count > 0) {
      auto n = std::min(count, batch);
      for (std::size_t i = 0; i < n; ++i) {
        auto number = s.number++;
        copies_[i][number_at] = static_cast<char>(number >> 8);
        copies_[i][number_at + 1] = static_cast<char>(number & 0xff);
      }
      auto sent = ::sendmmsg(s.fd, out_.data(), static_cast<unsigned>(n), 0);
      if (sent <= 0) {
        error_ = std::string{"send: "} + std::strerror(errno);
        return;
      }
      auto done = static_cast<std::size_t>(sent);
      s.number = static_cast<std::uint16_t>(s.number - (n - done));
      s.sent += done;
      s.under_way += done;
      count -= done;
    }
  }

  void receive(socket_state& s) {
    auto n = ::recvmmsg(s.fd, in_.data(), batch, MSG_DONTWAIT, nullptr);
    if (n < 0) {
      if (errno != EAGAIN && errno != EINTR)
        error_ = std::string{"the node is not there: "} + std::strerror(errno);
      return;
    }
    for (std::size_t i = 0; i < static_cast<std::size_t>(n); ++i)
      if (in_[i].msg_len < options_.bytes + 6) {
        error_ = "a reply of " + std::to_string(in_[i].msg_len) + " bytes to a payload of " + std::to_string(options_.bytes);
        return;
      }
    auto count = static_cast<std::size_t>(n);
    auto now = clock::now();
    replies_ += count;
    s.received += count;
    s.last_reply = now;
    if (s.probe != 0 && s.received >= s.probe) { // replies of one socket come in order
      if (measuring_ && samples_.size() < samples_.capacity())
        samples_.push_back(std::chrono::duration<float, std::micro>(now - s.probe_sent).count());
      s.probe = 0;
    }
    s.under_way -= std::min(s.under_way, count); // one that came after all was counted as lost before
    send(s, options_.in_flight - std::min(options_.in_flight, s.under_way));
  }

  void send_lost(clock::time_point now) {
    last_check_ = now;
    for (auto& s : sockets_)
      if (s.under_way > 0 && now - s.last_reply > patience) {
        lost_ += s.under_way;
        s.received += s.under_way;
        s.under_way = 0;
        s.probe = 0;
        s.last_reply = now;
        send(s, options_.in_flight);
      }
  }

  static load_result failed(const std::string& why) {
    load_result r;
    r.error = why;
    return r;
  }

  load_result summary(std::uint64_t replies, double seconds) {
    load_result r;
    r.seconds = seconds;
    r.replies = replies;
    r.lost = lost_;
    r.per_second = static_cast<double>(replies) / seconds;
    r.megabytes_per_second = r.per_second * static_cast<double>(options_.bytes) / 1e6;
    std::sort(samples_.begin(), samples_.end());
    auto at = [&](double q) {
      return samples_.empty() ? 0.0 : static_cast<double>(samples_[static_cast<std::size_t>(q * static_cast<double>(samples_.size() - 1))]);
    };
    r.p50_us = at(0.5);
    r.p99_us = at(0.99);
    r.p999_us = at(0.999);
    return r;
  }

  load_options options_;
  std::vector<char> datagram_;
  int epoll_ = ::epoll_create1(0);
  std::vector<socket_state> sockets_;
  std::vector<float> samples_;
  std::uint64_t replies_ = 0;
  std::uint64_t lost_ = 0;
  bool measuring_ = false;
  clock::time_point last_check_{};
  std::string error_;
  std::array<std::vector<char>, batch> copies_;
  std::array<std::array<char, 2048>, batch> in_bytes_;
  std::array<iovec, batch> out_parts_{}, in_parts_{};
  std::array<mmsghdr, batch> out_{}, in_{};
};

} // namespace

load_result run_udp_load(const load_options& o) {
  return udp_load{o}.run();
}

} // namespace ockam::bench
