// SPDX-License-Identifier: Apache-2.0
#include "cli/bench/udp_load.hpp"

#include "cli/bench/load_meter.hpp"
#include "cli/bench/wire_bytes.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <netinet/udp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace ockam::bench {

namespace {

using clock = load_meter::clock;

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
  bench::probe probe;
  clock::time_point last_reply;
};

class udp_load {
 public:
  explicit udp_load(const load_options& o) : options_{o}, datagram_{make_datagram(o)} {
    sockets_.resize(o.connections);
    for (std::size_t i = 0; i < batch; ++i) {
      out_.insert(out_.end(), datagram_.begin(), datagram_.end());
      in_parts_[i] = {in_bytes_[i].data(), in_bytes_[i].size()};
      in_[i].msg_hdr.msg_iov = &in_parts_[i];
      in_[i].msg_hdr.msg_iovlen = 1;
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
      return failed_load("a payload over UDP has at most 400 bytes here");
    if (!open_all())
      return failed_load(error_);
    meter_.emplace(options_);
    last_check_ = clock::now();
    for (auto& s : sockets_) {
      s.last_reply = last_check_;
      send(s, options_.in_flight);
    }
    std::array<epoll_event, 256> events;
    while (error_.empty() && meter_->goes_on()) {
      int n = ::epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), static_cast<int>(patience.count()));
      for (int i = 0; i < n; ++i)
        receive(sockets_[events[static_cast<std::size_t>(i)].data.u64]);
      if (auto now = clock::now(); n == 0 || now - last_check_ > patience)
        send_lost(now);
    }
    return error_.empty() ? meter_->result() : failed_load(error_);
  }

 private:
  bool open_all() {
    auto to = target_of(options_);
    if (!to) {
      error_ = options_.host + " is not an IPv4 address";
      return false;
    }
    for (std::size_t i = 0; i < sockets_.size(); ++i) {
      auto& s = sockets_[i];
      s.fd = ::socket(AF_INET, SOCK_DGRAM, 0);
      if (s.fd < 0 || ::connect(s.fd, reinterpret_cast<sockaddr*>(&*to), sizeof(*to)) < 0) {
        error_ = std::string{"cannot open a socket: "} + std::strerror(errno);
        return false;
      }
      int buffer = 4 << 20;
      ::setsockopt(s.fd, SOL_SOCKET, SO_RCVBUF, &buffer, sizeof(buffer));
      // The system cuts what is sent into datagrams: a call, and a way through its layers, for many.
      auto cut = static_cast<int>(datagram_.size());
      if (::setsockopt(s.fd, SOL_UDP, UDP_SEGMENT, &cut, sizeof(cut)) < 0) {
        error_ = std::string{"UDP_SEGMENT: "} + std::strerror(errno);
        return false;
      }
      epoll_event e{};
      e.events = EPOLLIN;
      e.data.u64 = i;
      ::epoll_ctl(epoll_, EPOLL_CTL_ADD, s.fd, &e);
    }
    return true;
  }

  void send(socket_state& s, std::size_t count) {
    meter_->aim(s.probe, s.sent + 1);
    while (count > 0) {
      auto n = std::min(count, batch);
      for (std::size_t i = 0; i < n; ++i, ++s.number) {
        auto* number = out_.data() + i * datagram_.size() + number_at;
        number[0] = static_cast<char>(s.number >> 8);
        number[1] = static_cast<char>(s.number & 0xff);
      }
      if (::send(s.fd, out_.data(), n * datagram_.size(), 0) < 0) { // all or none
        error_ = std::string{"send: "} + std::strerror(errno);
        return;
      }
      s.sent += n;
      s.under_way += n;
      count -= n;
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
    s.received += count;
    s.last_reply = clock::now();
    meter_->replied(s.probe, count, s.received);
    s.under_way -= std::min(s.under_way, count); // one that came after all was counted as lost before
    send(s, options_.in_flight - std::min(options_.in_flight, s.under_way));
  }

  void send_lost(clock::time_point now) {
    last_check_ = now;
    for (auto& s : sockets_)
      if (s.under_way > 0 && now - s.last_reply > patience) {
        meter_->lost(s.under_way);
        s.received += s.under_way;
        s.under_way = 0;
        s.probe.number = 0;
        s.last_reply = now;
        send(s, options_.in_flight);
      }
  }

  load_options options_;
  std::vector<char> datagram_;
  int epoll_ = ::epoll_create1(0);
  std::vector<socket_state> sockets_;
  std::optional<load_meter> meter_;
  clock::time_point last_check_{};
  std::string error_;
  std::vector<char> out_; ///< a batch of datagrams, one behind the other
  std::array<std::array<char, 2048>, batch> in_bytes_;
  std::array<iovec, batch> in_parts_{};
  std::array<mmsghdr, batch> in_{};
};

} // namespace

load_result run_udp_load(const load_options& o) {
  return udp_load{o}.run();
}

} // namespace ockam::bench
