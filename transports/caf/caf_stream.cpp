// SPDX-License-Identifier: Apache-2.0
#include "transports/caf/caf_stream.hpp"

#include "proto/routing.pb.h"
#include "transports/caf/basp_session.hpp"
#include "transports/stream/out_queue.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <deque>
#include <functional>
#include <optional>

namespace ockam {

namespace {

using status = net::io_result::status;

/// Of one message between the two ends.
constexpr std::size_t chunk_size = 64u << 10;
/// Bytes of one read, for all streams of the thread.
constexpr std::size_t read_size = 64u << 10;
/// While more than this wait for the socket, nothing is taken from the link.
constexpr std::size_t high_water = 64u << 10;
/// While more than this wait for the link, nothing is taken from the socket.
constexpr std::size_t unread_limit = 64u << 10;

std::byte* scratch() {
  thread_local auto bytes = std::make_unique_for_overwrite<std::byte[]>(read_size);
  return bytes.get();
}

class caf_stream final : public net::stream, private net::stream_events, private basp_session::owner {
 public:
  using side = basp_gate::side;
  /// Told once, on a stack of its own: the stream can carry bytes, or never will.
  using settled = std::function<void(result<void>)>;

  caf_stream(const caf_environment& env, net::stream_ptr raw, side s, settled done = {})
    : reactor_{env.reactor}, node_name_{env.node_name}, side_{s}, settled_{std::move(done)}, raw_{std::move(raw)},
      session_{basp_session::make(env.actors, s, *this)} {
    raw_->attach(this);
  }
  ~caf_stream() override { *alive_ = false; }

  void attach(net::stream_events* link) override { link_ = link; }
  net::io_result read(std::span<const iovec> into) override;
  net::io_result write(std::span<const iovec> from) override;
  bool shutdown_write() override { return false; } // BASP ends in both directions
  void watch_read(bool on) override {
    reading_ = on;
    watch_socket();
    notify();
  }
  void watch_write(bool on) override {
    writing_ = on;
    notify();
  }
  bool peer_closed() override { return state_ == state::ended || raw_->peer_closed(); }
  bool has_unread() const override { return !in_.empty() || session_->in_transit() || raw_->has_unread(); }
  std::chrono::milliseconds unanswered() override { return raw_->unanswered(); }
  std::string peer() const override { return raw_->peer(); }
  std::string local() const override { return raw_->local(); }
  std::string peer_node() const override { return peer_node_; }
  std::string identity() const override { return raw_->identity(); }
  std::optional<net::protocol_violation> violation() const override { return violation_; }

 private:
  enum class state : std::uint8_t { connecting, greeting, up, ended };

  // the socket
  void on_readable() override;
  void on_writable() override { write_socket(); }
  void watch_socket();
  void write_socket();

  // the session
  void write(std::span<const std::byte> bytes) override;
  void on_connected() override {
    state_ = state::greeting;
    send_hello();
  }
  void on_hello(const std::string& text) override;
  void on_bytes(std::string bytes) override;
  void on_lost(error why) override { end(std::move(why)); }
  void send_hello();

  bool readable() const { return !in_.empty() || over(); }
  bool writable() const { return over() || (state_ == state::up && out_.bytes() < high_water); }
  /// Nothing comes any more, and all that came has been read.
  bool over() const { return state_ == state::ended && in_.empty() && !session_->in_transit(); }
  /// Has `tell` called soon, when there is something to tell.
  void notify();
  void tell();
  void broken(const char* what, int err);
  void refuse(refusal why, std::string what, errc code);
  void end(error why);

  net::reactor& reactor_;
  std::string node_name_;
  side side_;
  settled settled_;
  net::stream_ptr raw_;
  std::unique_ptr<basp_session> session_;
  net::stream_events* link_ = nullptr;
  std::deque<std::string> in_;
  std::size_t in_bytes_ = 0;   ///< in `in_`, from `in_read_` on
  std::size_t in_read_ = 0;    ///< of the first of `in_`
  out_queue out_;
  std::string peer_node_;
  std::optional<net::protocol_violation> violation_;
  error why_;
  bool broken_ = false; ///< ended otherwise than by the peer's closing
  state state_ = state::connecting;
  bool began_ = false;  ///< the session takes bytes
  bool reading_ = false, writing_ = false;
  bool socket_read_ = false;
  bool notified_ = false;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

// -- the link's side -----------------------------------------------------------------------------------

net::io_result caf_stream::read(std::span<const iovec> into) {
  std::size_t moved = 0;
  for (auto v : into) {
    auto* to = static_cast<char*>(v.iov_base);
    auto left = v.iov_len;
    while (left > 0 && !in_.empty()) {
      auto& first = in_.front();
      auto n = std::min(left, first.size() - in_read_);
      std::memcpy(to, first.data() + in_read_, n);
      to += n;
      left -= n;
      moved += n;
      in_read_ += n;
      if (in_read_ == first.size()) {
        in_.pop_front();
        in_read_ = 0;
      }
    }
  }
  in_bytes_ -= moved;
  if (moved > 0) {
    watch_socket();
    return {status::ok, moved, 0};
  }
  if (!over())
    return {status::again, 0, 0};
  return broken_ ? net::io_result{status::failed, 0, ECONNRESET} : net::io_result{status::eof, 0, 0};
}

net::io_result caf_stream::write(std::span<const iovec> from) {
  if (state_ == state::ended) // what the peer sent before its end is read first
    return over() ? net::io_result{status::failed, 0, EPIPE} : net::io_result{status::again, 0, 0};
  std::size_t moved = 0, total = 0;
  for (auto v : from)
    total += v.iov_len;
  std::string chunk;
  chunk.reserve(std::min(total, chunk_size));
  auto send = [&] {
    moved += chunk.size();
    session_->send_bytes(std::move(chunk));
    chunk.clear();
  };
  for (auto v : from) {
    auto* bytes = static_cast<const char*>(v.iov_base);
    while (v.iov_len > 0) {
      if (!writable())
        return moved > 0 ? net::io_result{status::ok, moved, 0} : net::io_result{status::again, 0, 0};
      auto n = std::min(v.iov_len, chunk_size - chunk.size());
      chunk.append(bytes, n);
      bytes += n;
      v.iov_len -= n;
      if (chunk.size() == chunk_size)
        send();
    }
  }
  if (!chunk.empty())
    send();
  return {status::ok, moved, 0};
}

void caf_stream::notify() {
  bool news = (settled_ && (state_ == state::up || over())) || (reading_ && readable()) || (writing_ && writable());
  if (!news || std::exchange(notified_, true))
    return;
  // Never from inside a call of the owner's, and the node's turn ends after it.
  reactor_.post([this, alive = alive_] {
    if (*alive)
      tell();
  });
}

void caf_stream::tell() {
  notified_ = false;
  auto alive = alive_; // each call may destroy this
  if (settled_ && (state_ == state::up || over())) {
    auto done = std::exchange(settled_, nullptr);
    done(state_ == state::up ? result<void>{} : result<void>{why_});
  }
  if (*alive && link_ && reading_ && readable())
    link_->on_readable();
  if (*alive && link_ && writing_ && writable())
    link_->on_writable();
  if (*alive)
    notify();
}

// -- the socket's side ---------------------------------------------------------------------------------

void caf_stream::watch_socket() {
  bool wanted = began_ && state_ != state::ended && in_bytes_ < unread_limit && (reading_ || state_ != state::up);
  if (wanted != socket_read_)
    raw_->watch_read(socket_read_ = wanted);
}

void caf_stream::on_readable() {
  if (!socket_read_)
    return;
  iovec v{scratch(), read_size};
  auto r = raw_->read({&v, 1});
  if (r.what == status::again)
    return;
  if (r.what == status::eof)
    return end({errc::closed, "the peer closed", {}});
  if (r.what == status::failed)
    return broken("read", r.err);
  if (session_->take({scratch(), r.bytes}))
    return;
  if (session_->problem().empty())
    return end({errc::closed, "the peer closed", {}});
  refuse(session_->reason(), std::string{session_->problem()}, errc::malformed);
}

void caf_stream::write(std::span<const std::byte> bytes) {
  if (state_ == state::ended)
    return;
  std::memcpy(out_.append(bytes.size()), bytes.data(), bytes.size());
  write_socket();
  if (!std::exchange(began_, true))
    watch_socket();
}

void caf_stream::write_socket() {
  if (state_ == state::ended)
    return;
  auto r = out_.write_to(*raw_);
  if (r.what == status::failed)
    return broken("write", r.err);
  raw_->watch_write(r.what == status::again);
  notify();
}

// -- the session's side --------------------------------------------------------------------------------

void caf_stream::send_hello() {
  routing::LinkHello hello;
  hello.set_version(caf_link_version);
  hello.set_node(node_name_);
  session_->send_hello(hello.SerializeAsString());
}

void caf_stream::on_hello(const std::string& text) {
  if (state_ == state::ended)
    return notify();
  if (side_ == side::server)
    send_hello();
  constexpr std::size_t longest_name = 256;
  routing::LinkHello hello;
  if (!hello.ParseFromString(text))
    return refuse(refusal::malformed_frame, "sent a hello that does not decode", errc::malformed);
  peer_node_ = printable(std::string_view{hello.node()}.substr(0, longest_name));
  if (hello.version() != caf_link_version)
    return refuse(refusal::wrong_preamble,
                  "speaks version " + std::to_string(hello.version()) + " of caf links, this node version "
                    + std::to_string(caf_link_version),
                  errc::unsupported);
  state_ = state::up;
  watch_socket();
  notify();
}

void caf_stream::on_bytes(std::string bytes) {
  if (!bytes.empty()) {
    in_bytes_ += bytes.size();
    in_.push_back(std::move(bytes));
    watch_socket();
  }
  notify();
}

void caf_stream::broken(const char* what, int err) {
  if (auto o = raw_->violation())
    return refuse(o->why, o->what, errc::malformed);
  broken_ = true;
  end(system_error(what, err));
}

void caf_stream::refuse(refusal why, std::string what, errc code) {
  if (state_ == state::ended)
    return;
  violation_ = net::protocol_violation{why, what};
  broken_ = true;
  end({code, "the peer " + what, {}});
}

void caf_stream::end(error why) {
  if (state_ == state::ended)
    return notify();
  state_ = state::ended;
  why_ = std::move(why);
  watch_socket();
  raw_->watch_write(false);
  notify();
}

// -- connecting ----------------------------------------------------------------------------------------

/// A connect under way, handshakes included:
///
///     socket ──connected──▶ handshake ──settled──▶ done(stream)
///       └───────────────────────┴── error, deadline ──▶ done(error)
class caf_connecting final : public net::connecting {
 public:
  caf_connecting(caf_environment env, std::string to, const decltype(stream_peer::connect)& connect, stream_wrapper wrap,
                 std::chrono::milliseconds timeout, net::reactor::connected done)
    : env_{std::move(env)}, to_{std::move(to)}, done_{std::move(done)} {
    deadline_ = env_.reactor.after(timeout, [this, timeout] {
      finish(error{errc::timed_out, "no caf link with " + to_ + " within " + std::to_string(timeout.count()) + " ms",
                   "is that the address of a node's caf listener, and does a firewall let it through?"});
    });
    socket_ = connect(env_.reactor, timeout, [this, wrap = std::move(wrap)](result<net::stream_ptr> s) {
      if (!s)
        return finish(std::move(s).error());
      stream_ = std::make_unique<caf_stream>(env_, wrap ? wrap(std::move(*s), 0) : std::move(*s), basp_gate::side::client,
                                             [this](result<void> up) { settled(std::move(up)); });
    });
  }
  ~caf_connecting() override { env_.reactor.cancel(deadline_); }

 private:
  void settled(result<void> up) {
    if (up)
      return finish(net::stream_ptr{std::move(stream_)});
    auto e = std::move(up).error();
    e.cause = "no caf link with " + to_ + ": " + e.cause;
    if (e.code == errc::malformed || e.code == errc::closed)
      e.hint = "is that the address of a node's caf listener?";
    else if (e.code == errc::unsupported)
      e.hint = "bring both nodes to the same release";
    finish(std::move(e));
  }

  void finish(result<net::stream_ptr> outcome) {
    env_.reactor.cancel(deadline_);
    if (auto done = std::exchange(done_, nullptr))
      done(std::move(outcome)); // may destroy this
  }

  caf_environment env_;
  std::string to_;
  net::reactor::connected done_;
  net::connecting_ptr socket_;
  std::unique_ptr<caf_stream> stream_;
  timer_queue::id deadline_ = 0;
};

} // namespace

net::stream_ptr accept_caf(const caf_environment& env, net::stream_ptr raw) {
  return std::make_unique<caf_stream>(env, std::move(raw), basp_gate::side::server);
}

net::connecting_ptr connect_caf(const caf_environment& env, const std::string& to, const decltype(stream_peer::connect)& connect,
                                stream_wrapper wrap, std::chrono::milliseconds timeout, net::reactor::connected done) {
  return std::make_unique<caf_connecting>(env, to, connect, std::move(wrap), timeout, std::move(done));
}

} // namespace ockam
