// SPDX-License-Identifier: Apache-2.0
#include "cli/ockam/tcp_load.hpp"

#include "cli/state/descriptor.hpp"
#include "runtime/core/address.hpp"
#include "runtime/core/endpoint.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <deque>
#include <fcntl.h>
#include <limits>
#include <memory>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>
#include <vector>

namespace ockam::cli {

namespace {

using clock = std::chrono::steady_clock;

/// One connection, with what was sent over it and has not come back.
struct stream {
  state::descriptor fd;
  std::string out;                      ///< to be written
  std::size_t received = 0;             ///< of the oldest answer
  std::deque<clock::time_point> due;    ///< when each message without an answer was due
  bool is_open = true;
};

result<state::descriptor> dial(const std::string& host, const std::string& port, std::chrono::milliseconds patience) {
  addrinfo hints{}, *list = nullptr;
  hints.ai_socktype = SOCK_STREAM;
  if (auto rc = ::getaddrinfo(host.c_str(), port.c_str(), &hints, &list); rc != 0)
    return error{errc::unreachable, "cannot look up " + printable(host) + ": " + ::gai_strerror(rc), {}};
  std::unique_ptr<addrinfo, void (*)(addrinfo*)> owned{list, &::freeaddrinfo};
  int err = 0;
  for (auto* a = list; a; a = a->ai_next) {
    state::descriptor fd{::socket(a->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
    if (!fd)
      continue;
    err = ::connect(fd.get(), a->ai_addr, a->ai_addrlen) == 0 ? 0 : errno;
    if (err == EINPROGRESS) {
      pollfd p{fd.get(), POLLOUT, 0};
      socklen_t size = sizeof(err);
      if (::poll(&p, 1, static_cast<int>(patience.count())) != 1)
        err = ETIMEDOUT;
      else
        ::getsockopt(fd.get(), SOL_SOCKET, SO_ERROR, &err, &size);
    }
    if (err != 0)
      continue;
    int yes = 1;
    ::setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
    return fd;
  }
  auto e = system_error("cannot connect to " + printable(host) + ":" + port, err);
  e.code = errc::unreachable;
  e.hint = "is the inlet up, and does its far end have a server? see: ockam tcp-inlet list";
  return e;
}

class tcp_load {
 public:
  explicit tcp_load(const tcp_load_options& o) : o_{o} {
    out_.what = o.address;
    out_.size = o.size;
    out_.in_flight = o.in_flight;
    out_.rate = o.rate;
    out_.least_ns = std::numeric_limits<std::uint64_t>::max();
  }

  result<void> connect() {
    auto at = parse_endpoint(o_.address);
    if (!at)
      return std::move(at).error();
    for (std::size_t i = 0; i < o_.connections; ++i) {
      auto fd = dial(at->host, std::to_string(at->port), o_.give_up);
      if (!fd && i == 0)
        return std::move(fd).error();
      if (!fd)
        ++out_.errors["not-connected"];
      else
        streams_.push_back({std::move(*fd), {}, 0, {}, true});
    }
    return {};
  }

  bench_result run(const std::function<bool(const bench_result&)>& progress) {
    began_ = clock::now();
    auto next_report = began_ + std::chrono::milliseconds{500};
    for (auto now = began_; goes_on(now); now = clock::now()) {
      if (is_sending_ && now - began_ >= o_.duration)
        stop_sending(now);
      give(now);
      wait(now);
      if (now >= next_report) {
        next_report = now + std::chrono::milliseconds{500};
        set_elapsed(now);
        if (!progress(out_))
          stop_sending(now), given_up_ = true;
      }
    }
    if (under_way() > 0)
      out_.errors["no-answer"] += under_way();
    if (out_.answered == 0)
      out_.least_ns = 0;
    return std::move(out_);
  }

 private:
  std::size_t under_way() const {
    std::size_t n = 0;
    for (const auto& s : streams_)
      n += s.due.size();
    return n;
  }

  bool goes_on(clock::time_point now) const {
    bool any = std::any_of(streams_.begin(), streams_.end(), [](auto& s) { return s.is_open; });
    if (!any || given_up_)
      return false;
    return is_sending_ || (under_way() > 0 && now - stopped_ < o_.give_up);
  }

  void set_elapsed(clock::time_point now) {
    if (is_sending_)
      out_.elapsed_us = static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::microseconds>(now - began_).count());
  }

  void stop_sending(clock::time_point now) {
    if (!is_sending_)
      return;
    set_elapsed(now);
    is_sending_ = false;
    stopped_ = now;
    if (auto wanted = o_.rate == 0 ? 0 : static_cast<std::uint64_t>(std::chrono::duration<double>(o_.duration).count() * static_cast<double>(o_.rate)); wanted > scheduled_ && !given_up_)
      out_.errors["not-sent"] += wanted - scheduled_;
    if (o_.discard)
      for (auto& s : streams_)
        s.out.clear();
  }

  clock::time_point due_at(std::uint64_t n) const {
    return began_ + std::chrono::nanoseconds{static_cast<std::int64_t>(static_cast<double>(n) * 1e9 / static_cast<double>(o_.rate))};
  }

  /// Puts messages that are due into connections that have room.
  void give(clock::time_point now) {
    auto each = std::max<std::size_t>(1, o_.in_flight / o_.connections);
    for (auto& s : streams_)
      while (is_sending_ && s.is_open && (o_.discard ? s.out.size() < std::max(o_.size, most_written) : s.due.size() < each)) {
        if (o_.rate > 0 && due_at(scheduled_) > now)
          return;
        auto due = o_.rate > 0 ? due_at(scheduled_) : now;
        ++scheduled_;
        ++out_.sent;
        s.out.append(o_.size, 'X');
        if (!o_.discard)
          s.due.push_back(due);
        else if (s.out.size() >= most_written)
          break;
      }
  }

  void wait(clock::time_point now) {
    std::vector<pollfd> fds;
    for (const auto& s : streams_)
      fds.push_back({s.is_open ? s.fd.get() : -1, static_cast<short>(POLLIN | (s.out.empty() ? 0 : POLLOUT)), 0});
    auto until = is_sending_ && o_.rate > 0 ? std::chrono::ceil<std::chrono::milliseconds>(due_at(scheduled_) - now).count() : 100;
    if (::poll(fds.data(), fds.size(), static_cast<int>(std::clamp<std::int64_t>(until, 0, 100))) <= 0)
      return;
    for (std::size_t i = 0; i < fds.size(); ++i) {
      if ((fds[i].revents & (POLLIN | POLLERR | POLLHUP)) != 0)
        read(streams_[i]);
      if (streams_[i].is_open && (fds[i].revents & POLLOUT) != 0)
        write(streams_[i]);
    }
  }

  void write(stream& s) {
    auto n = ::send(s.fd.get(), s.out.data(), s.out.size(), MSG_NOSIGNAL);
    if (n < 0 && errno != EAGAIN && errno != EINTR)
      return close(s, std::strerror(errno));
    if (n <= 0)
      return;
    s.out.erase(0, static_cast<std::size_t>(n));
    if (o_.discard) {
      taken_ += static_cast<std::uint64_t>(n);
      out_.answered = out_.answered_in_time = taken_ / o_.size;
    }
  }

  void read(stream& s) {
    auto n = ::recv(s.fd.get(), chunk_.data(), chunk_.size(), 0);
    if (n == 0)
      return close(s, "closed by the other side");
    if (n < 0)
      return errno == EAGAIN || errno == EINTR ? void() : close(s, std::strerror(errno));
    auto now = clock::now();
    if (std::any_of(chunk_.begin(), chunk_.begin() + n, [](char c) { return c != 'X'; }))
      ++out_.errors["answer-changed"];
    s.received += static_cast<std::size_t>(n);
    for (; s.received >= o_.size && !s.due.empty(); s.received -= o_.size) {
      auto ns = static_cast<std::uint64_t>(std::max<std::int64_t>(0, std::chrono::duration_cast<std::chrono::nanoseconds>(now - s.due.front()).count()));
      s.due.pop_front();
      out_.latencies.add(std::chrono::nanoseconds{static_cast<std::int64_t>(ns)});
      out_.least_ns = std::min(out_.least_ns, ns);
      out_.most_ns = std::max(out_.most_ns, ns);
      out_.sum_ns += static_cast<double>(ns);
      ++out_.answered;
      if (is_sending_)
        ++out_.answered_in_time;
    }
  }

  void close(stream& s, const std::string& why) {
    s.is_open = false;
    ++out_.errors["connection-lost: " + why];
    if (!s.due.empty())
      out_.errors["no-answer"] += s.due.size();
    s.due.clear();
  }

  static constexpr std::size_t most_written = 256u << 10;

  const tcp_load_options& o_;
  bench_result out_;
  std::vector<stream> streams_;
  std::array<char, 256u << 10> chunk_;
  clock::time_point began_{}, stopped_{};
  std::uint64_t scheduled_ = 0, taken_ = 0;
  bool is_sending_ = true, given_up_ = false;
};

} // namespace

result<bench_result> load_tcp(const tcp_load_options& o, const std::function<bool(const bench_result&)>& progress) {
  auto load = std::make_unique<tcp_load>(o);
  if (auto ok = load->connect(); !ok)
    return std::move(ok).error();
  return load->run(progress);
}

} // namespace ockam::cli
