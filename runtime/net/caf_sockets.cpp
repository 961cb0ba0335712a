// SPDX-License-Identifier: Apache-2.0
// Streams, listening sockets and connects of `caf_reactor`.
#include "runtime/net/caf_reactor.hpp"

#include "runtime/net/connect_race.hpp"
#include "runtime/net/datagram_sockets.hpp"
#include "runtime/net/sockets.hpp"
#include "runtime/net/unix_sockets.hpp"

#include <cerrno>
#include <fcntl.h>
#include <optional>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

namespace ockam {

namespace {

class fd_stream final : public net::stream, private fd_handler::listener {
 public:
  fd_stream(caf_reactor& r, int fd)
    : reactor_{r}, peer_{peer_text(fd)}, local_{local_text(fd)}, handler_{fd_handler::make(r, fd, *this)} {
    send_at_once(fd);
    keep_alive(fd);
  }

  void attach(net::stream_events* owner) override { owner_ = owner; }

  net::io_result read(std::span<const iovec> into) override {
    msghdr m{};
    m.msg_iov = const_cast<iovec*>(into.data());
    m.msg_iovlen = into.size();
    auto n = ::recvmsg(fd(), &m, MSG_DONTWAIT);
    if (n == 0)
      return {net::io_result::status::eof, 0, 0};
    if (n > 0)
      reactor_.has_read(static_cast<std::size_t>(n));
    return outcome(n);
  }

  net::io_result write(std::span<const iovec> from) override {
    msghdr m{};
    m.msg_iov = const_cast<iovec*>(from.data());
    m.msg_iovlen = from.size();
    return outcome(::sendmsg(fd(), &m, MSG_DONTWAIT | MSG_NOSIGNAL));
  }

  bool shutdown_write() override {
    ::shutdown(fd(), SHUT_WR); // fails for a connection that is broken: reads and writes say so
    return true;
  }

  void reset_at_end() override { reset_at_close(fd()); }
  void gather_small_writes() override { send_at_once(fd(), false); }

  void watch_read(bool on) override { handler_->watch_read(on); }
  void watch_write(bool on) override { handler_->watch_write(on); }

  bool is_dead() override {
    pollfd p{fd(), 0, 0};
    return ::poll(&p, 1, 0) > 0 && (p.revents & (POLLHUP | POLLERR)) != 0;
  }

  bool peer_closed() override {
    pollfd p{fd(), POLLRDHUP, 0};
    return ::poll(&p, 1, 0) > 0 && (p.revents & (POLLRDHUP | POLLHUP | POLLERR)) != 0;
  }

  bool has_unread() const override {
    int bytes = 0;
    return ::ioctl(fd(), FIONREAD, &bytes) == 0 && bytes > 0;
  }

  std::chrono::milliseconds unanswered() override { return unacknowledged(fd()); }
  std::string peer() const override { return peer_; }
  std::string local() const override { return local_; }
  std::int64_t peer_uid() const override { return ockam::peer_uid(fd()); }

 private:
  int fd() const { return handler_->descriptor(); }

  static net::io_result outcome(ssize_t n) {
    if (n >= 0)
      return {net::io_result::status::ok, static_cast<std::size_t>(n), 0};
    if (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR || errno == ENOBUFS)
      return {net::io_result::status::again, 0, 0};
    return {net::io_result::status::failed, 0, errno};
  }

  void on_fd_readable() override {
    if (owner_)
      owner_->on_readable();
  }
  void on_fd_writable() override {
    if (owner_)
      owner_->on_writable();
  }

  caf_reactor& reactor_;
  std::string peer_;
  std::string local_;
  fd_handler::owner handler_;
  net::stream_events* owner_ = nullptr;
};

class fd_acceptor final : public net::acceptor, private fd_handler::listener {
 public:
  /// Connections taken in one go, before other sockets get their turn.
  static constexpr int batch = 64;

  fd_acceptor(caf_reactor& r, int fd, net::acceptor_events& owner)
    : reactor_{r}, owner_{owner}, local_{local_text(fd)}, handler_{fd_handler::make(r, fd, *this)} {
    handler_->watch_read(true);
  }
  /// Has the port, and is not open yet.
  fd_acceptor(caf_reactor& r, int fd, endpoint reserved, net::acceptor_events& owner)
    : reactor_{r}, owner_{owner}, local_{local_text(fd)}, handler_{fd_handler::make(r, fd, *this)}, reserved_{std::move(reserved)} {}
  /// Of a Unix socket whose file is somebody else's.
  fd_acceptor(caf_reactor& r, int fd, const std::string& path, net::acceptor_events& owner) : fd_acceptor{r, fd, owner} { local_ = path; }
  fd_acceptor(caf_reactor& r, unix_listener l, net::acceptor_events& owner) : fd_acceptor{r, l.fd, owner} {
    local_ = l.path;
    unix_ = std::move(l);
  }

  ~fd_acceptor() override {
    *alive_ = false;
    reactor_.cancel(retry_);
    // Closed now, not one loop iteration later as the handler: the port is free when this returns. Of one that lives on
    // elsewhere that would be the end as well.
    if (!keeper_ || !keeper_->closing(kept_as_, handler_->descriptor()))
      ::shutdown(handler_->descriptor(), SHUT_RDWR);
    if (unix_)
      unix_->remove_file();
  }

  std::string local() const override { return local_; }

  /// Tells the keeper, now and at its end; it lives longer.
  void keep(net::socket_keeper& k, std::string name) {
    keeper_ = &k;
    kept_as_ = std::move(name);
    k.opened(kept_as_, handler_->descriptor());
  }

  result<void> open() override {
    if (!reserved_)
      return {};
    if (auto ok = open_tcp(handler_->descriptor(), *reserved_); !ok)
      return ok;
    reserved_.reset();
    handler_->watch_read(true);
    return {};
  }

 private:
  void on_fd_readable() override {
    auto alive = alive_; // the owner may close this acceptor inside on_accept
    for (int i = 0; i < batch && *alive; ++i) {
      auto fd = ::accept4(handler_->descriptor(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
      if (fd >= 0) {
        reactor_.has_opened(fd);
        owner_.on_accept(std::make_unique<fd_stream>(reactor_, fd));
      } else if (errno == EMFILE || errno == ENFILE) {
        if (!reactor_.refuse_one(handler_->descriptor()))
          return rest(); // another thread of this process was faster with the reserve
        owner_.on_out_of_descriptors();
      } else if (errno != EINTR && errno != ECONNABORTED) {
        if (errno != EAGAIN && errno != EWOULDBLOCK)
          rest();
        return;
      }
    }
  }
  void on_fd_writable() override {}

  /// Out of memory or the like: the socket stays readable, so look again in a while instead of spinning.
  void rest() {
    handler_->watch_read(false);
    retry_ = reactor_.after(std::chrono::milliseconds{100}, [this] { handler_->watch_read(true); });
  }

  caf_reactor& reactor_;
  net::acceptor_events& owner_;
  std::string local_;
  std::optional<unix_listener> unix_;
  fd_handler::owner handler_;
  std::optional<endpoint> reserved_; ///< while it is not open
  timer_queue::id retry_ = 0;
  net::socket_keeper* keeper_ = nullptr;
  std::string kept_as_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

/// A connect to one address, under way.
class fd_attempt final : public net::connecting, private fd_handler::listener {
 public:
  /// `name`: of the peer, for people. Errors: what the system says at once.
  static result<net::connecting_ptr> begin(caf_reactor& r, const std::string& name, const ip_endpoint& to,
                                           net::reactor::connected done) {
    auto family = to.v6 ? AF_INET6 : AF_INET;
    auto fd = ::socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
      return failure(name, errno);
    sockaddr_storage a{};
    auto size = to_sockaddr(to, family, a);
    if (::connect(fd, reinterpret_cast<const sockaddr*>(&a), size) < 0 && errno != EINPROGRESS) {
      auto e = failure(name, errno);
      ::close(fd);
      return e;
    }
    return net::connecting_ptr{std::make_unique<fd_attempt>(r, fd, name, std::move(done))};
  }

  fd_attempt(caf_reactor& r, int fd, std::string name, net::reactor::connected done)
    : reactor_{r}, name_{std::move(name)}, done_{std::move(done)}, handler_{fd_handler::make(r, fd, *this)} {
    handler_->watch_write(true);
  }

 private:
  static error failure(const std::string& name, int err) {
    auto e = system_error("cannot connect to " + name, err);
    if (err == EADDRNOTAVAIL) // about this host's addresses, of which nobody has spoken here
      e = {errc::unreachable, e.cause, {}};
    if (e.code == errc::io_failure)
      e.code = errc::unreachable;
    if (e.hint.empty())
      e.hint = "is a node listening there?";
    return e;
  }

  void on_fd_writable() override {
    int err = 0;
    socklen_t len = sizeof(err);
    ::getsockopt(handler_->descriptor(), SOL_SOCKET, SO_ERROR, &err, &len);
    if (err != 0)
      return finish(failure(name_, err));
    // The connected descriptor moves to a stream of its own; this handler goes with a duplicate of it.
    auto fd = ::fcntl(handler_->descriptor(), F_DUPFD_CLOEXEC, 0);
    if (fd < 0)
      return finish(failure(name_, errno));
    finish(net::stream_ptr{std::make_unique<fd_stream>(reactor_, fd)});
  }
  void on_fd_readable() override { on_fd_writable(); } // an error without the write event

  void finish(result<net::stream_ptr> outcome) {
    handler_.reset();
    auto done = std::exchange(done_, nullptr);
    done(std::move(outcome)); // may destroy this
  }

  caf_reactor& reactor_;
  std::string name_;
  net::reactor::connected done_;
  fd_handler::owner handler_;
};

/// A connect to a Unix socket: at once or never, except that the listener's queue may be full. Then it is
/// tried again, since the system has no event for that.
class unix_connecting final : public net::connecting {
 public:
  unix_connecting(caf_reactor& r, std::string path, std::chrono::milliseconds timeout, net::reactor::connected done)
    : reactor_{r}, path_{std::move(path)}, deadline_{r.now() + timeout}, done_{std::move(done)} {
    timer_ = reactor_.after(std::chrono::milliseconds{0}, [this] { attempt(); });
  }
  ~unix_connecting() override { reactor_.cancel(timer_); }

 private:
  static constexpr std::chrono::milliseconds pause{20};

  void attempt() {
    timer_ = 0;
    auto a = try_connect_unix(path_);
    if (a.fd >= 0)
      return finish(net::stream_ptr{std::make_unique<fd_stream>(reactor_, a.fd)});
    if (a.err == EAGAIN && reactor_.now() + pause < deadline_) {
      timer_ = reactor_.after(pause, [this] { attempt(); });
      return;
    }
    if (a.err == EAGAIN)
      return finish(error{errc::timed_out, "no connection to " + path_ + " in time: the queue of its listener is full", {}});
    auto e = system_error("cannot connect to " + path_, a.err);
    if (e.code == errc::io_failure)
      e.code = errc::unreachable;
    if (e.hint.empty())
      e.hint = e.code == errc::permission_denied ? "the key mode of the listener says who may connect" : "is a node listening there?";
    finish(std::move(e));
  }

  void finish(result<net::stream_ptr> outcome) {
    auto done = std::exchange(done_, nullptr);
    done(std::move(outcome)); // may destroy this
  }

  caf_reactor& reactor_;
  std::string path_;
  net::reactor::clock::time_point deadline_;
  net::reactor::connected done_;
  timer_queue::id timer_ = 0;
};

/// Most owners know of no keeper and have no name.
std::string name_of(net::acceptor_events& owner) {
  auto* kept = dynamic_cast<net::kept_listener*>(&owner);
  return kept ? kept->kept_as() : std::string{};
}

} // namespace

result<net::acceptor_ptr> caf_reactor::listen(const endpoint& at, net::acceptor_events& owner) {
  auto name = keeper_ ? name_of(owner) : std::string{};
  auto passed = name.empty() ? -1 : keeper_->take(name, at);
  auto fd = passed >= 0 ? result<int>{passed} : listen_tcp(at);
  if (!fd)
    return std::move(fd).error();
  auto a = std::make_unique<fd_acceptor>(*this, *fd, owner);
  if (!name.empty())
    a->keep(*keeper_, std::move(name));
  return net::acceptor_ptr{std::move(a)};
}

result<net::acceptor_ptr> caf_reactor::reserve(const endpoint& at, net::acceptor_events& owner) {
  auto fd = reserve_tcp(at);
  if (!fd)
    return std::move(fd).error();
  return net::acceptor_ptr{std::make_unique<fd_acceptor>(*this, *fd, at, owner)};
}

result<net::acceptor_ptr> caf_reactor::listen_unix(const std::string& path, unsigned mode, net::acceptor_events& owner) {
  auto name = keeper_ ? name_of(owner) : std::string{};
  if (auto passed = name.empty() ? -1 : keeper_->take_unix(name, path); passed >= 0) {
    auto a = std::make_unique<fd_acceptor>(*this, passed, path, owner);
    a->keep(*keeper_, std::move(name));
    return net::acceptor_ptr{std::move(a)};
  }
  auto l = ockam::listen_unix(path, mode);
  if (!l)
    return std::move(l).error();
  return net::acceptor_ptr{std::make_unique<fd_acceptor>(*this, std::move(*l), owner)};
}

net::connecting_ptr caf_reactor::connect(const endpoint& to, std::chrono::milliseconds timeout, connected done) {
  auto begin = [this, name = to_string(to)](const ip_endpoint& address, connected outcome) {
    return fd_attempt::begin(*this, name, address, std::move(outcome));
  };
  return std::make_unique<connect_race>(*this, to, timeout, std::move(begin), std::move(done));
}

net::connecting_ptr caf_reactor::connect_unix(const std::string& path, std::chrono::milliseconds timeout, connected done) {
  return std::make_unique<unix_connecting>(*this, path, timeout, std::move(done));
}

} // namespace ockam
