// SPDX-License-Identifier: Apache-2.0
#include "sim/support/network.hpp"

#include "runtime/net/connect_race.hpp"

#include <algorithm>
#include <cerrno>
#include <stdexcept>
#include <unistd.h>

namespace ockam::sim {

using status = net::io_result::status;

// -- client ------------------------------------------------------------------------------------------

void client::send(std::string_view bytes) {
  out_->bytes.insert(out_->bytes.end(), bytes.begin(), bytes.end());
}

std::size_t client::offer(std::string_view bytes) {
  auto room = out_->window > out_->bytes.size() ? out_->window - out_->bytes.size() : 0;
  auto n = std::min(room, bytes.size());
  send(bytes.substr(0, n));
  return n;
}

std::string client::receive(std::size_t most) {
  auto end = in_->bytes.begin() + static_cast<std::ptrdiff_t>(std::min(most, in_->bytes.size()));
  std::string all{in_->bytes.begin(), end};
  in_->bytes.erase(in_->bytes.begin(), end);
  return all;
}

void client::close() {
  if (!out_)
    return;
  out_->closed = true;
  in_->broken = true; // nobody reads there any more
}

void client::reset() {
  out_->broken = in_->broken = true;
  out_->bytes.clear();
}

client server::accept() {
  if (queue_.empty())
    throw std::logic_error{"nobody has connected"};
  auto c = std::move(queue_.front());
  queue_.pop_front();
  return c;
}

// -- stream ------------------------------------------------------------------------------------------

class stream final : public net::stream {
 public:
  stream(reactor& r, pipe_ptr in, pipe_ptr out, std::string peer, std::string local)
    : reactor_{r}, in_{std::move(in)}, out_{std::move(out)}, peer_{std::move(peer)}, local_{std::move(local)} {
    reactor_.streams_.push_back(this);
  }
  ~stream() override {
    out_->closed = true;
    in_->broken = true;
    if (resets_)
      out_->broken = true;
    std::erase(reactor_.streams_, this);
  }

  void attach(net::stream_events* owner) override { owner_ = owner; }

  net::io_result read(std::span<const iovec> into) override {
    if (in_->broken)
      return {status::failed, 0, ECONNRESET};
    if (in_->bytes.empty())
      return {in_->closed ? status::eof : status::again, 0, 0};
    std::size_t room = 0;
    for (const auto& v : into)
      room += v.iov_len;
    auto left = reactor_.net_.portion(std::min(room, in_->bytes.size()));
    net::io_result r{status::ok, left, 0};
    for (const auto& v : into) {
      auto n = std::min(left, v.iov_len);
      auto end = in_->bytes.begin() + static_cast<std::ptrdiff_t>(n);
      std::copy(in_->bytes.begin(), end, static_cast<char*>(v.iov_base));
      in_->bytes.erase(in_->bytes.begin(), end);
      bytes_read_ += n;
      left -= n;
    }
    return r;
  }

  net::io_result write(std::span<const iovec> from) override {
    if (out_->broken || out_->closed)
      return {status::failed, 0, EPIPE};
    auto room = out_->window > out_->bytes.size() ? out_->window - out_->bytes.size() : 0;
    if (room == 0)
      return {status::again, 0, 0};
    std::size_t wanted = 0;
    for (const auto& v : from)
      wanted += v.iov_len;
    auto left = reactor_.net_.portion(std::min(room, wanted));
    net::io_result r{status::ok, left, 0};
    if (out_->unanswered && !out_->sent)
      out_->sent = reactor_.now();
    for (const auto& v : from) {
      auto n = std::min(left, v.iov_len);
      auto* at = static_cast<const char*>(v.iov_base);
      out_->bytes.insert(out_->bytes.end(), at, at + n);
      left -= n;
    }
    return r;
  }

  bool shutdown_write() override {
    out_->closed = true;
    return true;
  }

  void reset_at_end() override { resets_ = true; }
  bool is_dead() override { return in_->broken || out_->broken || (in_->closed && out_->closed); }
  void watch_read(bool on) override { reading_ = on; }
  void watch_write(bool on) override { writing_ = on; }
  bool peer_closed() override { return in_->closed || in_->broken; }
  bool has_unread() const override { return !in_->bytes.empty(); }
  std::chrono::milliseconds unanswered() override {
    return out_->sent ? std::chrono::duration_cast<std::chrono::milliseconds>(reactor_.now() - *out_->sent)
                      : std::chrono::milliseconds{0};
  }
  std::string peer() const override { return peer_; }
  std::string local() const override { return local_; }
  std::int64_t peer_uid() const override { return local_.starts_with('/') ? static_cast<std::int64_t>(::geteuid()) : -1; }

  bool readable() const { return reading_ && (!in_->bytes.empty() || in_->closed || in_->broken); }
  bool writable() const { return writing_ && (out_->broken || out_->closed || out_->bytes.size() + out_->least_room <= out_->window); }
  /// One event. It may be the end of this.
  void serve() { readable() ? owner_->on_readable() : owner_->on_writable(); }
  reactor::unread unread() const { return {peer_, in_->bytes.size(), bytes_read_, reading_}; }
  void cut() { in_->broken = out_->broken = true; }

 private:
  reactor& reactor_;
  pipe_ptr in_;
  pipe_ptr out_;
  std::string peer_;
  std::string local_;
  net::stream_events* owner_ = nullptr;
  std::uint64_t bytes_read_ = 0;
  bool reading_ = false;
  bool writing_ = false;
  bool resets_ = false;
};

// -- acceptor ----------------------------------------------------------------------------------------

class acceptor final : public net::acceptor {
 public:
  acceptor(reactor& r, std::string local, bool open, net::acceptor_events& owner)
    : reactor_{r}, local_{std::move(local)}, open_{open}, owner_{owner} {
    reactor_.net_.acceptors_.emplace(local_, this);
  }
  ~acceptor() override {
    *alive_ = false;
    reactor_.net_.acceptors_.erase(local_);
  }
  std::string local() const override { return local_; }
  result<void> open() override {
    open_ = true;
    return {};
  }
  bool is_open() const { return open_; }

  /// A connection has come in; the owner hears of it as an event of its node.
  void take(pipe_ptr in, pipe_ptr out, std::string from) {
    reactor_.post([this, alive = alive_, in, out, from] {
      if (!*alive || reactor_.net_.out_of_descriptors_) {
        out->closed = true;
        in->broken = true;
        if (*alive)
          owner_.on_out_of_descriptors();
        return;
      }
      owner_.on_accept(std::make_unique<stream>(reactor_, in, out, from, local_));
    });
  }

 private:
  reactor& reactor_;
  std::string local_;
  bool open_;
  net::acceptor_events& owner_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

// -- connecting --------------------------------------------------------------------------------------

class connecting final : public net::connecting {
 public:
  /// `where`: `host:port`, or the path of a Unix socket.
  connecting(reactor& r, const std::string& where, std::chrono::milliseconds timeout, net::reactor::connected done)
    : reactor_{r}, done_{std::move(done)} {
    deadline_ = reactor_.after(timeout, [this, where] {
      finish(error{errc::timed_out, "no connection to " + where + " in time", {}});
    });
    if (!reactor_.net_.black_holes_.contains(where))
      reactor_.post([this, alive = alive_, where] {
        if (*alive)
          open(where);
      });
  }
  ~connecting() override {
    *alive_ = false;
    reactor_.cancel(deadline_);
  }

 private:
  void open(const std::string& where) {
    auto in = std::make_shared<pipe>(), out = std::make_shared<pipe>();
    auto& net = reactor_.net_;
    auto from = "127.0.0.1:" + std::to_string(net.next_port_++);
    if (auto a = net.acceptors_.find(where); a != net.acceptors_.end() && a->second->is_open())
      a->second->take(out, in, from);
    else if (auto s = net.servers_.find(where); s != net.servers_.end())
      s->second.queue_.emplace_back(out, in);
    else
      return finish(error{errc::unreachable, "cannot connect to " + where + ": Connection refused", {}});
    finish(net::stream_ptr{std::make_unique<stream>(reactor_, in, out, where, from)});
  }

  void finish(result<net::stream_ptr> r) {
    reactor_.cancel(deadline_);
    *alive_ = false;
    if (auto done = std::exchange(done_, nullptr))
      done(std::move(r)); // may destroy this
  }

  reactor& reactor_;
  net::reactor::connected done_;
  timer_queue::id deadline_ = 0;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

// -- reactor -----------------------------------------------------------------------------------------

reactor::reactor(network& net) : net_{net} {
  net_.reactors_.push_back(this);
}

reactor::~reactor() {
  std::erase(net_.reactors_, this);
}

std::optional<error> reactor::missing(const endpoint& at) const {
  if (!net_.missing_.contains(at.host))
    return std::nullopt;
  return error{errc::address_unavailable, "cannot listen on " + to_string(at) + ": Cannot assign requested address", {}};
}

result<net::acceptor_ptr> reactor::listen(const endpoint& at, net::acceptor_events& owner) {
  return take_port(at, true, owner);
}

result<net::acceptor_ptr> reactor::reserve(const endpoint& at, net::acceptor_events& owner) {
  return take_port(at, false, owner);
}

result<net::acceptor_ptr> reactor::take_port(const endpoint& at, bool open, net::acceptor_events& owner) {
  if (auto e = missing(at))
    return *e;
  auto real = at;
  if (real.port == 0)
    real.port = net_.next_port_++;
  auto where = to_string(real);
  if (net_.acceptors_.contains(where))
    return error{errc::address_in_use, "cannot listen at " + where + ": Address already in use", {}};
  return net::acceptor_ptr{std::make_unique<acceptor>(*this, where, open, owner)};
}

result<net::acceptor_ptr> reactor::listen_unix(const std::string& path, unsigned, net::acceptor_events& owner) {
  if (net_.acceptors_.contains(path))
    return error{errc::address_in_use, "cannot listen on " + path + ": another process listens there", {}};
  return net::acceptor_ptr{std::make_unique<acceptor>(*this, path, true, owner)};
}

net::connecting_ptr reactor::connect(const endpoint& to, std::chrono::milliseconds timeout, connected done) {
  if (!net_.names_.contains(to.host))
    return std::make_unique<connecting>(*this, to_string(to), timeout, std::move(done));
  auto begin = [this, timeout](const ip_endpoint& address, connected outcome) -> result<net::connecting_ptr> {
    return net::connecting_ptr{std::make_unique<connecting>(*this, to_string(address), timeout, std::move(outcome))};
  };
  return std::make_unique<connect_race>(*this, to, timeout, std::move(begin), std::move(done));
}

net::connecting_ptr reactor::connect_unix(const std::string& path, std::chrono::milliseconds timeout, connected done) {
  return std::make_unique<connecting>(*this, path, timeout, std::move(done));
}

bool reactor::step() {
  if (!posted_.empty()) {
    auto f = std::move(posted_.front());
    posted_.pop_front();
    f();
    end_turn();
    return true;
  }
  if (auto next = timers_.next(); next && *next <= now()) {
    timers_.run(now());
    end_turn();
    return true;
  }
  return serve_one(streams_, next_stream_) || serve_one(datagrams_, next_datagrams_);
}

std::vector<reactor::unread> reactor::unread_streams() const {
  std::vector<unread> out;
  for (const auto* s : streams_)
    if (auto u = s->unread(); u.bytes > 0)
      out.push_back(std::move(u));
  return out;
}

template <class Socket>
bool reactor::serve_one(std::vector<Socket*>& sockets, std::size_t& next) {
  auto count = sockets.size();
  auto first = net_.random_ && count > 0 ? (*net_.random_)() % count : next;
  for (std::size_t i = 0; i < count; ++i) {
    auto* s = sockets[(first + i) % count];
    if (!s->readable() && !s->writable())
      continue;
    next = (first + i + 1) % count;
    s->serve();
    end_turn();
    return true;
  }
  return false;
}

// -- network -----------------------------------------------------------------------------------------

std::size_t network::portion(std::size_t wanted) {
  return random_ && wanted > 1 ? 1 + (*random_)() % wanted : wanted;
}

bool network::step() {
  bool any = false;
  for (std::size_t i = 0; i < reactors_.size(); ++i)
    any = reactors_[i]->step() || any;
  for (std::size_t i = 0; i < participants_.size(); ++i)
    any = participants_[i]->step() || any;
  if (any && observer_)
    observer_();
  return any;
}

std::string network::connected_from(const std::string& where) const {
  std::string from;
  for (const auto* r : reactors_)
    for (const auto* s : r->streams_)
      if (s->peer() == where)
        from = s->local();
  return from;
}

std::size_t network::cut(const std::string& where) {
  std::size_t n = 0;
  for (auto* r : reactors_)
    for (auto* s : r->streams_)
      if (s->peer() == where) {
        s->cut();
        ++n;
      }
  return n;
}

void network::run() {
  constexpr int endless = 5'000'000;
  for (int n = 0; step(); ++n)
    if (n == endless)
      throw std::logic_error{"the simulated nodes never come to rest"};
}

std::optional<clock::time_point> network::next_timer() const {
  std::optional<clock::time_point> first;
  for (auto* r : reactors_)
    if (auto next = r->timers_.next(); next && (!first || *next < *first))
      first = next;
  return first;
}

void network::advance(clock::duration d) {
  auto end = now_ + d;
  run();
  auto move_to = [this](clock::time_point t) {
    auto step = t - now_;
    now_ = t;
    for (auto* p : participants_)
      p->advance(step);
    run();
  };
  for (auto next = next_timer(); next && *next <= end; next = next_timer())
    move_to(std::max(*next, now_));
  move_to(end);
}

bool network::listening(const std::string& where) const {
  auto a = acceptors_.find(where);
  return a != acceptors_.end() && a->second->is_open();
}

client network::dial(const std::string& where) {
  auto a = acceptors_.find(where);
  if (!listening(where))
    throw std::logic_error{"nobody listens at " + where};
  auto in = std::make_shared<pipe>(), out = std::make_shared<pipe>();
  auto from = "127.0.0.1:" + std::to_string(next_port_++);
  a->second->take(out, in, from);
  return client{in, out, from};
}

} // namespace ockam::sim
