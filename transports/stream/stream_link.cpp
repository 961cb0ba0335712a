// SPDX-License-Identifier: Apache-2.0
#include "transports/stream/stream_link.hpp"

#include "transports/codec/stream_codec.hpp"

#include <algorithm>
#include <cstring>

namespace ockam {

using status = net::io_result::status;

stream_link::stream_link(stream_environment& env, net::stream_ptr s, bool outgoing, std::string remote,
                         std::string alias, message_source source, opened on_open, ended on_end)
  : env_{env}, stream_{std::move(s)}, remote_{std::move(remote)}, name_{std::move(alias)}, source_{source},
    on_open_{std::move(on_open)}, on_end_{std::move(on_end)},
    ledger_{ledger::make(env.context.node.memory, env.context.node.limits.link_budget, env.waiter)}, backlog_{ledger_.get()},
    outgoing_{outgoing} {}

stream_link::~stream_link() {
  board().forget(*this);
}

void stream_link::on_start() {
  if (name_.name.empty())
    name_ = self();
  stream_->attach(this);
  *out_.append(1) = stream_codec::preamble;
  backlog_.progressed(reactor().now());
  board().flush_later(*this);
  stream_->watch_read(true);
  handshake_timer_ = reactor().after(env_.context.node.limits.handshake_timeout, [this] {
    handshake_timer_ = 0;
    refuse(refusal::handshake_timeout, "sent no preamble in time");
  });
}

void stream_link::on_stop() noexcept {
  if (state_ != state::closed)
    close({});
}

// -- reading -----------------------------------------------------------------------------------------

bool stream_link::may_read() {
  if (ledger_->open())
    return true;
  // Only the frame that is coming in is left of this link: it must be able to finish, or nothing ever
  // moves again. When the node's memory is full as well, one link at a time may do so.
  if (!partial_.data || ledger_->used() != partial_.held.bytes())
    return false;
  const auto& budget = env_.context.node.memory;
  if (budget.used() < budget.limit() || env_.loan == this)
    return true;
  if (env_.loan)
    return false;
  env_.loan = this;
  return true;
}

void stream_link::end_loan() {
  if (env_.loan == this)
    env_.loan = nullptr;
}

std::size_t stream_link::read_limit() const {
  auto budget = ledger_->budget();
  auto used = ledger_->used();
  auto left = budget > used ? budget - used : 0;
  return std::clamp(left, least_read, stream_environment::scratch_size);
}

void stream_link::on_readable() {
  if (state_ == state::closed)
    return;
  if (!may_read())
    return pause();
  read_once();
  if (state_ != state::closed && !may_read())
    pause();
}

void stream_link::read_once() {
  // First what completes the frame that is under way, then whatever follows: one call for both.
  std::array<iovec, 2> v;
  std::size_t parts = 0, wanted = 0;
  auto limit = read_limit();
  if (partial_.data) {
    wanted = std::min(partial_.capacity, partial_.total ? partial_.total : partial_.capacity) - partial_.size;
    wanted = std::min(wanted, std::max(limit, least_read));
    v[parts++] = {partial_.data.get() + partial_.size, wanted};
  }
  if (!partial_.data || partial_.size + wanted == partial_.total)
    v[parts++] = {env_.scratch.get(), limit};
  auto r = stream_->read({v.data(), parts});
  if (r.what == status::again)
    return;
  if (r.what == status::failed)
    return failed("read", r.err);
  if (r.what == status::eof)
    return close(partial_.data ? "the peer closed in the middle of a frame" : "the peer closed");
  bytes_in_ += r.bytes;
  auto to_partial = std::min(r.bytes, wanted);
  std::span<const std::byte> rest{env_.scratch.get(), r.bytes - to_partial};
  if (to_partial > 0 && !extend_partial(to_partial))
    return;
  if (state_ == state::handshake && !take_preamble(rest))
    return;
  (void)take_frames(rest);
}

bool stream_link::take_preamble(std::span<const std::byte>& in) {
  if (in.empty())
    return false;
  if (in.front() != stream_codec::preamble) {
    refuse(refusal::wrong_preamble, "began with byte " + std::to_string(std::to_integer<int>(in.front())) + " instead of the preamble 1");
    return false;
  }
  in = in.subspan(1);
  state_ = state::up;
  peer_node_ = stream_->peer_node();
  if (auto who = stream_->identity(); !who.empty())
    source_.identity = std::make_shared<const std::string>(std::move(who));
  reactor().cancel(std::exchange(handshake_timer_, 0));
  open_result({});
  return state_ == state::up;
}

bool stream_link::check_length(std::size_t length) {
  if (length <= env_.context.node.limits.max_frame)
    return true;
  refuse(refusal::frame_too_large, "announced a frame of " + std::to_string(length) + " bytes");
  return false;
}

bool stream_link::take_frames(std::span<const std::byte> in) {
  while (in.size() >= stream_codec::length_bytes) {
    std::size_t length = stream_codec::read_length(in.data());
    if (!check_length(length))
      return false;
    if (in.size() - stream_codec::length_bytes < length)
      break;
    if (!accept_frame(in.subspan(stream_codec::length_bytes, length), nullptr))
      return false;
    in = in.subspan(stream_codec::length_bytes + length);
  }
  return in.empty() || begin_partial(in);
}

bool stream_link::begin_partial(std::span<const std::byte> rest) {
  // Memory follows what has arrived, not what was announced: small frames at once, large ones doubling.
  constexpr std::size_t at_once = 256u << 10;
  auto& p = partial_;
  p.total = rest.size() < stream_codec::length_bytes ? 0 : stream_codec::length_bytes + stream_codec::read_length(rest.data());
  p.capacity = p.total == 0 ? 64 : std::min(p.total, std::max(at_once, 2 * rest.size()));
  p.data = std::make_unique_for_overwrite<std::byte[]>(p.capacity);
  std::memcpy(p.data.get(), rest.data(), rest.size());
  p.size = rest.size();
  p.held = credit{*ledger_, rest.size()};
  p.since = reactor().now();
  watch_partial();
  return true;
}

bool stream_link::extend_partial(std::size_t more) {
  auto& p = partial_;
  p.size += more;
  credit arrived{*ledger_, more};
  p.held.merge(arrived);
  if (p.total == 0) {
    if (p.size < stream_codec::length_bytes)
      return true;
    // The length has just become known; what follows it may be here as well.
    std::array<std::byte, 64> bytes;
    auto size = p.size;
    auto since = p.since;
    std::memcpy(bytes.data(), p.data.get(), size);
    partial_ = {};
    end_loan(); // the frame may be whole by now
    if (!take_frames({bytes.data(), size}) || state_ != state::up)
      return false;
    if (partial_.size == size) // the same frame still: its time began with its first byte
      partial_.since = since;
    return true;
  }
  if (p.size == p.total)
    return finish_partial();
  if (p.size == p.capacity) {
    p.capacity = std::min(p.total, 2 * p.capacity);
    auto bigger = std::make_unique_for_overwrite<std::byte[]>(p.capacity);
    std::memcpy(bigger.get(), p.data.get(), p.size);
    p.data = std::move(bigger);
  }
  return true;
}

bool stream_link::finish_partial() {
  auto whole = std::move(partial_);
  partial_ = {};
  end_loan();
  whole.held.reset();
  std::span<const std::byte> frame{whole.data.get(), whole.total};
  return accept_frame(frame.subspan(stream_codec::length_bytes), &whole);
}

bool stream_link::accept_frame(std::span<const std::byte> body, partial_frame* whole) {
  auto m = std::make_unique<message>();
  auto d = env_.kind.codec.decode(body, m->header);
  if (d.bad == refusal::too_many_hops || d.bad == refusal::name_too_long) {
    // A message that this node does not carry, in a stream that is in order: the stream goes on.
    board().refused().add(*d.bad);
    env_.hostile.write(level::warn, env_.kind.name, to_string(*d.bad), "dropped a message from " + remote_ + ": " + std::string{to_string(*d.bad)}, reactor().now());
    return true;
  }
  if (d.bad) {
    refuse(*d.bad, "sent a frame of " + std::to_string(body.size()) + " bytes that does not decode");
    return false;
  }
  if (m->header.onward_empty())
    return true; // a heartbeat
  ++messages_in_;
  m->header.push_return(name_);
  m->source = source_;
  if (whole && d.body.size() >= out_queue::large) {
    auto offset = static_cast<std::size_t>(d.body.data() - whole->data.get());
    m->body = payload{std::move(whole->data), whole->capacity, offset, d.body.size()};
  } else {
    m->body.assign(d.body);
  }
  m->held = credit{*ledger_, m->footprint()};
  board().deliver(std::move(m));
  return true;
}

net::reactor::clock::time_point stream_link::partial_deadline() const {
  constexpr std::size_t slowest = 256u << 10; // bytes a second
  return partial_.since + env_.context.node.limits.frame_timeout + std::chrono::seconds{partial_.total / slowest};
}

void stream_link::watch_partial() {
  if (partial_timer_ != 0)
    return;
  auto left = std::chrono::ceil<std::chrono::milliseconds>(partial_deadline() - reactor().now());
  partial_timer_ = reactor().after(left, [this] {
    partial_timer_ = 0;
    if (!partial_.data || state_ == state::closed)
      return;
    // A link that is paused by this node is not to blame for a frame that does not come in.
    if (paused_timer_ != 0)
      partial_.since = reactor().now();
    if (reactor().now() >= partial_deadline())
      return refuse(refusal::frame_timeout, "did not finish a frame in time");
    watch_partial();
  });
}

void stream_link::pause() {
  if (ledger_->wait())
    return;
  ++pauses_;
  stream_->watch_read(false);
  if (paused_timer_ == 0)
    paused_timer_ = reactor().after(paused_check, [this] { check_paused(); });
}

void stream_link::resume() {
  ledger_->stop_waiting();
  if (state_ == state::closed)
    return;
  if (!may_read()) {
    if (!ledger_->wait())
      return;
  }
  reactor().cancel(std::exchange(paused_timer_, 0));
  if (partial_.data)
    partial_.since = reactor().now(); // the time of the pause was not its peer's
  stream_->watch_read(true);
}

void stream_link::check_paused() {
  paused_timer_ = 0;
  if (state_ == state::closed)
    return;
  // A paused descriptor hears nothing of its peer's end. Bytes before that end are lost with it, as in
  // any connection that breaks.
  if (stream_->peer_closed() && !may_read())
    return close("the peer closed");
  if (may_read()) // memory of the node that others have freed: nobody says so
    return resume();
  paused_timer_ = reactor().after(paused_check, [this] { check_paused(); });
}

// -- writing -----------------------------------------------------------------------------------------

void stream_link::on_message(message_ptr m) {
  if (state_ == state::closed)
    return drop(std::move(m), drop_reason::link_down);
  m->header.pop_onward();
  if (!backlog_.empty() || out_.bytes() >= high_water) {
    write_out(); // much in one turn: the socket may well take it
    if (!backlog_.empty() || out_.bytes() >= high_water)
      return wait_in_backlog(std::move(m));
  }
  encode(std::move(m));
}

void stream_link::encode(message_ptr m) {
  const auto& codec = env_.kind.codec;
  auto extra = codec.extras(m->header);
  auto size = codec.measure(m->header, m->body.size(), extra);
  if (size.total > env_.context.node.limits.max_frame) {
    ++dropped_;
    m->header.push_onward(name_); // the report names this link
    return drop(std::move(m), drop_reason::too_large, "a frame has at most 16 MiB");
  }
  ++messages_out_;
  bytes_out_ += stream_codec::length_bytes + size.total;
  bool whole = m->body.size() < out_queue::large;
  auto* at = out_.append(stream_codec::length_bytes + (whole ? size.total : size.head));
  at = stream_codec::write_length(at, size.total);
  at = codec.write_head(at, m->header, m->body.size(), !extra.empty());
  if (whole) {
    auto body = m->body.bytes();
    if (!body.empty())
      std::memcpy(at, body.data(), body.size());
    codec.write_tail(at + body.size(), extra);
  } else {
    out_.append(std::move(m->body));
    if (size.tail > 0)
      codec.write_tail(out_.append(size.tail), extra);
  }
  out_.keep(std::move(m->held));
  board().flush_later(*this);
}

void stream_link::write_out() {
  if (state_ == state::closed)
    return;
  do {
    auto before = out_.bytes();
    auto r = out_.write_to(*stream_);
    if (out_.bytes() < before)
      backlog_.progressed(reactor().now());
    if (r.what == status::failed)
      return failed("write", r.err);
    if (r.what == status::again) {
      stream_->watch_write(true);
      if (!std::exchange(blocked_, true))
        backlog_.wait_begins(reactor().now());
      if (stall_timer_ == 0)
        stall_timer_ = reactor().after(env_.context.node.limits.stall, [this] { check_stall(); });
      return;
    }
    refill();
  } while (!out_.empty());
  blocked_ = false;
  stream_->watch_write(false);
}

void stream_link::refill() {
  while (out_.bytes() < high_water) {
    auto m = backlog_.pop();
    if (!m)
      return;
    encode(std::move(m));
  }
}

void stream_link::wait_in_backlog(message_ptr m) {
  bool stalled = blocked_ && backlog_.judge(reactor().now(), env_.context.node.limits) != backlog::verdict::moving;
  if (!stalled && backlog_.push(m))
    return;
  ++dropped_;
  m->header.push_onward(name_);
  drop(std::move(m), drop_reason::congested, "the link to " + remote_ + (stalled ? " does not move" : " is full"));
}

void stream_link::check_stall() {
  stall_timer_ = 0;
  if (state_ == state::closed || out_.empty())
    return;
  const auto& limit = env_.context.node.limits;
  auto now = backlog_.judge(reactor().now(), limit);
  if (now == backlog::verdict::dead)
    return refuse(refusal::write_timeout, "does not read");
  if (now == backlog::verdict::stalled) {
    while (auto m = backlog_.pop()) {
      ++dropped_;
      m->header.push_onward(name_);
      drop(std::move(m), drop_reason::congested, "the link to " + remote_ + " does not move");
    }
    out_.charge_to(*ledger_); // a frame that is half written cannot be dropped
  }
  stall_timer_ = reactor().after(limit.stall, [this] { check_stall(); });
}

void stream_link::heartbeat() {
  // Not later than this: a live peer answers the heartbeat before the last one at the least.
  constexpr std::chrono::milliseconds silent{6'000};
  // Over this a link counts as idle, so that there are at most 3.5 s between two writes.
  constexpr std::chrono::milliseconds lately{500};
  if (state_ != state::up)
    return;
  if (auto waited = stream_->unanswered(); waited >= silent)
    return close("the peer has not answered for " + std::to_string(waited.count() / 1000) + " s");
  if (!out_.empty() || reactor().now() - backlog_.last_progress() < lately)
    return;
  const auto& beat = env_.kind.codec.heartbeat;
  auto size = stream_codec::length_bytes + beat.size();
  std::memcpy(stream_codec::write_length(out_.append(size), beat.size()), beat.data(), beat.size());
  bytes_out_ += size;
  board().flush_later(*this);
}

// -- the end -----------------------------------------------------------------------------------------

void stream_link::open_result(result<void> r) {
  if (auto done = std::exchange(on_open_, nullptr))
    done(std::move(r));
}

void stream_link::failed(const char* what, int err) {
  if (auto o = stream_->violation())
    return refuse(o->why, o->what);
  close(system_error(what, err).cause);
}

void stream_link::refuse(refusal why, const std::string& message) {
  board().refused().add(why);
  env_.hostile.write(level::warn, env_.kind.name, to_string(why), "closed the connection with " + remote_ + ", which " + message,
                     reactor().now());
  close("the peer " + message);
}

void stream_link::close(std::string why) {
  if (state_ == state::closed)
    return;
  bool was_up = state_ == state::up;
  state_ = state::closed;
  for (auto* t : {&handshake_timer_, &partial_timer_, &stall_timer_, &paused_timer_})
    reactor().cancel(std::exchange(*t, 0));
  end_loan();
  stream_.reset();
  partial_ = {};
  out_ = {};
  while (auto m = backlog_.pop()) {
    ++dropped_;
    m->header.push_onward(name_);
    drop(std::move(m), drop_reason::link_down);
  }
  if (log_enabled(level::debug))
    log(level::debug, env_.kind.name, "connection with " + remote_ + " ended" + (why.empty() ? "" : ": " + why));
  if (!was_up)
    open_result(error{errc::closed, "no Ockam node answered at " + remote_ + (why.empty() ? "" : ": " + why),
                      "is that the address of a node's " + std::string{env_.kind.name} + " listener?"});
  on_end_(*this, was_up, why);
  stop();
}

link_info stream_link::info() const {
  link_info i;
  i.transport = env_.kind.name;
  i.outgoing = outgoing_;
  i.socket_address = remote_;
  i.worker_address = name_.name;
  i.link_address = self().name;
  i.peer = peer_node_;
  i.identity = source_.identity ? *source_.identity : std::string{};
  i.state = state_ == state::up ? "up" : state_ == state::handshake ? "handshake" : "closed";
  i.messages_in = messages_in_;
  i.messages_out = messages_out_;
  i.bytes_in = bytes_in_;
  i.bytes_out = bytes_out_;
  i.pending_bytes = ledger_->used();
  i.queued_bytes = out_.bytes() + backlog_.bytes();
  i.dropped = dropped_;
  i.pauses = pauses_;
  return i;
}

} // namespace ockam
