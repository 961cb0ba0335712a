// SPDX-License-Identifier: Apache-2.0
#include "transports/stream/stream_link.hpp"

#include "runtime/core/provenance.hpp"
#include "transports/codec/stream_codec.hpp"

#include <algorithm>

namespace ockam {

using status = net::io_result::status;

stream_link::stream_link(stream_environment& env, net::stream_ptr s, bool outgoing, std::string remote,
                         std::string alias, message_source source, opened on_open, ended on_end)
  : env_{env}, stream_{std::move(s)}, remote_{std::move(remote)}, name_{std::move(alias)}, source_{source},
    on_open_{std::move(on_open)}, on_end_{std::move(on_end)},
    ledger_{ledger::make(env.context.node.memory, env.limit().link_budget, env.waiter)},
    in_{*ledger_, env.limit().max_frame}, out_{env.kind.codec, env.limit().max_frame},
    backlog_{ledger_.get()}, outgoing_{outgoing} {}

stream_link::~stream_link() {
  board().forget(*this);
}

void stream_link::on_start() {
  if (name_.name.empty())
    name_ = self();
  stream_->attach(this);
  out_.preamble();
  backlog_.progressed(reactor().now());
  board().flush_later(*this);
  stream_->watch_read(true);
  handshake_timer_ = reactor().after(env_.limit().handshake_timeout, [this] {
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
  if (in_.held() == 0 || ledger_->used() != in_.held())
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
  auto r = stream_->read(in_.room({env_.scratch.get(), read_limit()}));
  if (r.what == status::again)
    return;
  if (r.what == status::failed)
    return failed("read", r.err);
  if (r.what == status::eof)
    return close(in_.in_frame() ? "the peer closed in the middle of a frame" : "the peer closed");
  bytes_in_ += r.bytes;
  in_.filled(r.bytes, reactor().now());
  if (state_ == state::handshake && !take_preamble())
    return;
  while (auto f = in_.next()) {
    end_loan();
    if (!accept_frame(*f))
      return;
  }
  if (auto length = in_.too_large())
    return refuse(refusal::frame_too_large, "announced a frame of " + std::to_string(*length) + " bytes");
  if (in_.in_frame())
    watch_frame();
}

bool stream_link::take_preamble() {
  auto first = in_.take_preamble();
  if (!first)
    return false;
  if (*first != stream_codec::preamble) {
    refuse(refusal::wrong_preamble, "began with byte " + std::to_string(std::to_integer<int>(*first)) + " instead of the preamble 1");
    return false;
  }
  state_ = state::up;
  peer_node_ = stream_->peer_node();
  if (auto who = stream_->identity(); !who.empty())
    source_.identity = std::make_shared<const std::string>(std::move(who));
  reactor().cancel(std::exchange(handshake_timer_, 0));
  open_result({});
  return state_ == state::up;
}

bool stream_link::accept_frame(frame_reader::frame& f) {
  auto m = std::make_unique<message>();
  auto d = env_.kind.codec.decode(f.body, m->header);
  if (d.bad == refusal::too_many_hops || d.bad == refusal::name_too_long) {
    // A message that this node does not carry, in a stream that is in order: the stream goes on.
    board().refused().add(*d.bad);
    env_.hostile.write(level::warn, env_.kind.name, to_string(*d.bad), "dropped a message from " + remote_ + ": " + std::string{to_string(*d.bad)}, reactor().now());
    return true;
  }
  if (d.bad) {
    refuse(*d.bad, "sent a frame of " + std::to_string(f.body.size()) + " bytes that does not decode");
    return false;
  }
  if (m->header.onward_empty())
    return true; // a heartbeat
  ++messages_in_;
  m->header.push_return(name_);
  provenance::let_in(*m, source_);
  if (f.memory && d.body.size() >= out_queue::large) {
    auto offset = static_cast<std::size_t>(d.body.data() - f.memory.get());
    m->body = payload{std::move(f.memory), f.capacity, offset, d.body.size()};
  } else {
    m->body.assign(d.body);
  }
  m->held = credit{*ledger_, m->footprint()};
  board().deliver(std::move(m));
  return true;
}

void stream_link::watch_frame() {
  if (frame_timer_ != 0)
    return;
  auto left = std::chrono::ceil<std::chrono::milliseconds>(in_.deadline(env_.limit().frame_timeout) - reactor().now());
  frame_timer_ = reactor().after(left, [this] {
    frame_timer_ = 0;
    if (!in_.in_frame() || state_ == state::closed)
      return;
    // A link that is paused by this node is not to blame for a frame that does not come in.
    if (paused_timer_ != 0)
      in_.restart(reactor().now());
    if (reactor().now() >= in_.deadline(env_.limit().frame_timeout))
      return refuse(refusal::frame_timeout, "did not finish a frame in time");
    watch_frame();
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
  in_.restart(reactor().now()); // the time of the pause was not its peer's
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
  if (!backlog_.empty() || queue().bytes() >= high_water) {
    write_out(); // much in one turn: the socket may well take it
    if (!backlog_.empty() || queue().bytes() >= high_water)
      return wait_in_backlog(std::move(m));
  }
  encode(std::move(m));
}

void stream_link::encode(message_ptr m) {
  auto size = out_.add(*m);
  if (!size) {
    ++dropped_;
    m->header.push_onward(name_); // the report names this link
    return drop(std::move(m), drop_reason::too_large, "a frame has at most 16 MiB");
  }
  ++messages_out_;
  bytes_out_ += *size;
  board().flush_later(*this);
}

void stream_link::write_out() {
  if (state_ == state::closed)
    return;
  do {
    auto before = queue().bytes();
    auto r = queue().write_to(*stream_);
    if (queue().bytes() < before)
      backlog_.progressed(reactor().now());
    if (r.what == status::failed)
      return failed("write", r.err);
    if (r.what == status::again) {
      stream_->watch_write(true);
      if (!std::exchange(blocked_, true))
        backlog_.wait_begins(reactor().now());
      if (stall_timer_ == 0)
        stall_timer_ = reactor().after(env_.limit().stall, [this] { check_stall(); });
      return;
    }
    refill();
  } while (!queue().empty());
  blocked_ = false;
  stream_->watch_write(false);
}

void stream_link::refill() {
  while (queue().bytes() < high_water) {
    auto m = backlog_.pop();
    if (!m)
      return;
    encode(std::move(m));
  }
}

void stream_link::wait_in_backlog(message_ptr m) {
  bool stalled = blocked_ && backlog_.judge(reactor().now(), env_.limit()) != backlog::verdict::moving;
  if (!stalled && backlog_.push(m))
    return;
  ++dropped_;
  m->header.push_onward(name_);
  drop(std::move(m), drop_reason::congested, "the link to " + remote_ + (stalled ? " does not move" : " is full"));
}

void stream_link::check_stall() {
  stall_timer_ = 0;
  if (state_ == state::closed || queue().empty())
    return;
  const auto& limit = env_.limit();
  auto now = backlog_.judge(reactor().now(), limit);
  if (now == backlog::verdict::dead)
    return refuse(refusal::write_timeout, "does not read");
  if (now == backlog::verdict::stalled) {
    while (auto m = backlog_.pop()) {
      ++dropped_;
      m->header.push_onward(name_);
      drop(std::move(m), drop_reason::congested, "the link to " + remote_ + " does not move");
    }
    queue().charge_to(*ledger_); // a frame that is half written cannot be dropped
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
  if (!queue().empty() || reactor().now() - backlog_.last_progress() < lately)
    return;
  bytes_out_ += out_.heartbeat();
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
  for (auto* t : {&handshake_timer_, &frame_timer_, &stall_timer_, &paused_timer_})
    reactor().cancel(std::exchange(*t, 0));
  end_loan();
  stream_.reset();
  in_.clear();
  queue() = {};
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
  i.queued_bytes = queue().bytes() + backlog_.bytes();
  i.dropped = dropped_;
  i.pauses = pauses_;
  return i;
}

} // namespace ockam
