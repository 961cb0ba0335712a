// SPDX-License-Identifier: Apache-2.0
#include "transports/stream/stream_link.hpp"

#include "runtime/core/provenance.hpp"
#include "transports/codec/stream_codec.hpp"

#include <algorithm>
#include <numeric>

namespace ockam {

using status = net::io_result::status;

stream_link::stream_link(stream_environment& env, net::stream_ptr s, bool outgoing, std::string remote,
                         std::string alias, message_source source, opened on_open, ended on_end)
  : env_{env}, stream_{std::move(s)}, remote_{std::move(remote)}, name_{std::move(alias)}, source_{source},
    on_open_{std::move(on_open)}, on_end_{std::move(on_end)},
    ledger_{ledger::make(env.context.node.memory, env.limit().link_budget, env.waiter)},
    unwritten_{ledger::make(env.context.node.memory, env.limit().link_budget, nullptr)},
    frame_memory_{{env.context.node.frames, source.spawner}, remote_, *this}, in_{frame_memory_, env.limit().max_frame}, out_{env.kind.codec, env.limit().max_frame, env.kind.type == transport_type::uds},
    backlog_{ledger_.get()}, outgoing_{outgoing} {}

stream_link::~stream_link() {
  board().forget(*this);
}

void stream_link::on_start() {
  if (name_.name.empty())
    name_ = self();
  stream_->attach(this);
  out_.preamble();
  backlog_.progressed(reactor().now(), 0);
  board().flush_later(*this);
  watch_read(true);
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

bool stream_link::has_budget() const {
  return ledger_->open();
}

/// No more than there is budget and memory for, should each byte of it have to wait here.
std::size_t stream_link::read_limit() const {
  auto budget = ledger_->budget();
  auto used = ledger_->used();
  auto left = std::min(budget > used ? budget - used : 0, frame_memory_.room());
  const auto& memory = env_.context.node.memory;
  auto least = memory.used() < memory.limit() ? least_read : least_read_when_full;
  return std::clamp(left, least, stream_environment::scratch_size);
}

void stream_link::on_readable() {
  if (state_ == state::closed)
    return;
  for (int n = 0; n < reads_per_turn; ++n) {
    if (!has_budget())
      return wait_for_budget();
    if (!read_once())
      return;
    take_frames();
    // A large frame is one read, and small ones are many messages, after which others have their turn.
    if (state_ != state::up || !reads_ || paused_ || !read_all_ || !in_.expects_large())
      return;
  }
}

/// False: there is nothing that frames could be made of.
bool stream_link::read_once() {
  auto room = in_.room({env_.scratch.get(), read_limit()}, &env_.spare);
  auto r = stream_->read(room);
  read_all_ = r.bytes == std::accumulate(room.begin(), room.end(), std::size_t{0}, [](auto n, auto& v) { return n + v.iov_len; });
  if (r.what == status::ok) {
    carried_.bytes_in += r.bytes;
    in_.filled(r.bytes, reactor().now());
    return state_ != state::handshake || take_preamble();
  }
  if (r.what == status::failed)
    broken_ ? close(broken_by_) : failed("read", r.err);
  else if (r.what == status::eof)
    broken_ ? close(broken_by_) : peer_is_done();
  return false;
}

/// Makes messages of what has been read, as far as the budget goes.
void stream_link::take_frames() {
  for (std::size_t taken = 0; has_budget(); ++taken) {
    if (taken == frames_per_turn)
      return go_on_next_turn();
    auto f = in_.next();
    if (!f)
      return want_more();
    if (!accept_frame(*f))
      return;
  }
  wait_for_budget();
}

void stream_link::watch_read(bool on) {
  if (reads_ != on)
    stream_->watch_read(reads_ = on);
}

void stream_link::want_more() {
  if (auto length = in_.too_large())
    return refuse(refusal::frame_too_large, "announced a frame of " + std::to_string(*length) + " bytes");
  if (in_.in_frame())
    watch_frame();
  if (in_.needs_memory() || !in_.prepare(reactor().now()))
    return pause();
  paused_ = false;
  watch_read(true);
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

/// One that is too large: it ends here, and its sender hears of it if it wants to, as with any other node that drops it.
void stream_link::give_up_frame(const frame_reader::frame& f) {
  auto sizes = std::to_string(f.passed_by) + " bytes, and max-frame is " + std::to_string(env_.limit().max_frame);
  board().refused().add(refusal::frame_too_large);
  env_.hostile.write(level::warn, env_.kind.name, to_string(refusal::frame_too_large), "dropped a message from " + remote_ + ": it has " + sizes, reactor().now());
  auto m = std::make_unique<message>();
  auto d = env_.kind.codec.decode_edges(f.body, f.end, f.passed_by, m->header);
  if (d.bad || m->header.onward_empty())
    return;
  m->header.push_return(name_);
  provenance::let_in(*m, source_);
  m->foreign = d.foreign;
  board().drop(std::move(m), drop_reason::too_large, "the message has " + sizes + " here");
}

bool stream_link::accept_frame(frame_reader::frame& f) {
  if (f.passed_by > 0) {
    give_up_frame(f);
    return true;
  }
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
  if (d.broken_report)
    board().refused().add(refusal::malformed_report);
  if (d.bad_trace)
    board().refused().add(refusal::malformed_trace);
  ++carried_.messages_in;
  m->header.push_return(name_);
  provenance::let_in(*m, source_);
  m->foreign = d.foreign;
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
  frame_timer_ = reactor().after(std::min(left, frame_pool::check_time), [this] {
    frame_timer_ = 0;
    check_frame();
  });
}

void stream_link::check_frame() {
  auto arrived = carried_.bytes_in - std::exchange(bytes_at_frame_check_, carried_.bytes_in);
  if (!in_.in_frame() || state_ == state::closed)
    return;
  auto now = reactor().now();
  if (paused_ && stream_->has_unread()) // not the peer's doing
    in_.restart(now);
  if (now >= in_.deadline(env_.limit().frame_timeout))
    return refuse(refusal::frame_timeout, "did not finish a frame in time");
  if (frame_memory_.is_wasted(arrived, now - in_.began()))
    return refuse(refusal::frame_timeout, "did not send on a frame whose memory others wait for");
  watch_frame();
}

/// The peer has ended its direction: nothing more comes in. What it asked for before that is still answered,
/// for a peer that only ended this one.
void stream_link::peer_is_done() {
  if (in_.in_frame())
    return close("the peer closed in the middle of a frame");
  if (state_ != state::up)
    return close("the peer closed");
  watch_read(false);
  state_ = state::finishing;
  ended_at_ = reactor().now();
  board().flush_later(*this); // behind what has just come in
  check_finished();
}

/// Ends a link whose peer asks for nothing more, once all is written, or not taken.
void stream_link::check_finished() {
  reactor().cancel(std::exchange(paused_timer_, 0));
  if (reactor().now() - std::max(ended_at_, backlog_.last_progress()) >= env_.limit().stall)
    return close("the peer closed");
  paused_timer_ = reactor().after(paused_check, [this] {
    paused_timer_ = 0;
    check_finished();
  });
}

void stream_link::wait_for_budget() {
  in_.keep_rest();
  frame_memory_.step_back();
  ledger_->wait() ? go_on_next_turn() : pause();
}

/// Stops until it is told to `resume`.
void stream_link::pause() {
  in_.keep_rest();
  watch_read(false);
  if (!std::exchange(paused_, true))
    ++carried_.pauses;
  if (paused_timer_ == 0)
    paused_timer_ = reactor().after(paused_check, [this] { check_paused(); });
}

void stream_link::go_on_next_turn() {
  in_.keep_rest();
  watch_read(false);
  env_.waiter->budget_available(ledger_->id());
}

void stream_link::resume() {
  ledger_->stop_waiting();
  if (state_ == state::closed || state_ == state::finishing)
    return;
  reactor().cancel(std::exchange(paused_timer_, 0));
  auto now = reactor().now();
  in_.go_on(now);
  if (paused_ && stream_->has_unread()) // what is there already could not come in
    in_.restart(now);
  take_frames();
}

void stream_link::check_paused() {
  paused_timer_ = 0;
  if (state_ == state::closed)
    return;
  // A paused descriptor hears nothing of its peer's end. What was sent before that is still read, as soon as there
  // is room; but it waits for room no longer than a peer that is there may wait for its replies.
  if (!stream_->peer_closed())
    ended_at_ = {};
  else if (ended_at_ == net::reactor::clock::time_point{})
    ended_at_ = reactor().now();
  else if (reactor().now() - ended_at_ >= env_.limit().write_timeout)
    return close("the peer closed");
  resume(); // memory of the node that others have freed: nobody says so
}

// -- writing -----------------------------------------------------------------------------------------

void stream_link::on_message(message_ptr m) {
  if (state_ == state::closed || broken_)
    return drop(std::move(m), drop_reason::link_down);
  m->header.pop_onward();
  auto waits = [this] { return stalled_ != stall::none || !backlog_.empty() || queue().bytes() >= high_water; };
  if (waits()) {
    write_out(); // much in one turn: the socket may well take it
    if (waits())
      return wait_in_backlog(std::move(m));
  }
  encode(std::move(m));
}

void stream_link::encode(message_ptr m) {
  auto size = out_.add(*m);
  if (!size)
    return lose(std::move(m), drop_reason::too_large, "a frame has at most 16 MiB");
  ++carried_.messages_out;
  carried_.bytes_out += *size;
  board().flush_later(*this);
}

void stream_link::write_out() {
  if (state_ == state::closed || broken_)
    return;
  do {
    auto before = queue().bytes();
    auto r = queue().write_to(*stream_);
    if (auto taken = before - queue().bytes(); taken > 0) {
      backlog_.progressed(reactor().now(), taken);
      if (stalled_ == stall::silent)
        stalled_ = stall::none;
    }
    if (r.what == status::failed)
      return write_failed(r.err);
    if (r.what == status::again) {
      stream_->watch_write(true);
      queue().charge_bytes();
      if (!std::exchange(blocked_, true))
        backlog_.wait_begins(reactor().now());
      check_stall_later();
      return;
    }
    refill();
  } while (!queue().empty());
  blocked_ = false;
  stalled_ = stall::none;
  backlog_.wait_ends();
  stream_->watch_write(false);
  if (state_ != state::finishing)
    return;
  if (board().queued() == 0)
    close("the peer closed");
  else
    board().flush_later(*this); // some of that may be replies
}

/// The peer is gone, or takes nothing more. What it sent before is still here to be read: the end of that
/// ends the link.
void stream_link::write_failed(int err) {
  if (state_ != state::up || stream_->violation())
    return failed("write", err);
  broken_ = true;
  broken_by_ = system_error("write", err).cause;
  drop_output(drop_reason::link_down, {});
  stream_->watch_write(false);
  reactor().cancel(std::exchange(stall_timer_, 0));
  stall_timer_ = reactor().after(env_.limit().stall, [this] {
    stall_timer_ = 0;
    close(broken_by_);
  });
}

/// What has not been written ends here.
void stream_link::drop_output(drop_reason why, std::string_view detail) {
  if (auto n = queue().messages(); n > 0) {
    carried_.dropped.add(why, n);
    board().count(why, n); // encoded already: who sent them is not known any more
  }
  queue() = {};
  drop_backlog(why, detail);
}

void stream_link::drop_backlog(drop_reason why, std::string_view detail) {
  while (auto m = backlog_.pop())
    lose(std::move(m), why, detail);
}

/// The message ends here; a report names this link.
void stream_link::lose(message_ptr m, drop_reason why, std::string_view detail) {
  carried_.dropped.add(why);
  m->header.push_onward(name_);
  drop(std::move(m), why, detail);
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
  bool stalled = stalled_ != stall::none;
  if (!stalled && backlog_.push(m))
    return;
  lose(std::move(m), drop_reason::congested, "the link to " + remote_ + (stalled ? " does not move" : " is full"));
}

void stream_link::check_stall_later() {
  constexpr int checks_per_stall = 8;
  if (stall_timer_ == 0)
    stall_timer_ = reactor().after(std::max(env_.limit().stall / checks_per_stall, std::chrono::milliseconds{1}), [this] { check_stall(); });
}

void stream_link::check_stall() {
  stall_timer_ = 0;
  write_out(); // the system tells of room only when there is much: what it takes now does not count for the peer later
  if (state_ == state::closed || broken_ || queue().empty())
    return;
  const auto& limit = env_.limit();
  auto now = backlog_.judge(reactor().now(), limit);
  if (now == backlog::verdict::dead)
    return refuse(refusal::write_timeout, "does not read");
  if (now != backlog::verdict::moving) {
    stalled_ = now == backlog::verdict::silent ? stall::silent : stall::slow;
    drop_backlog(drop_reason::congested, "the link to " + remote_ + " does not move");
    queue().charge_to(*unwritten_); // a frame that is half written cannot be dropped
  }
  check_stall_later();
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
  carried_.bytes_out += out_.heartbeat();
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
  bool was_up = state_ != state::handshake;
  state_ = state::closed;
  for (auto* t : {&handshake_timer_, &frame_timer_, &stall_timer_, &paused_timer_})
    reactor().cancel(std::exchange(*t, 0));
  stream_.reset();
  in_.clear();
  frame_memory_.step_back();
  drop_output(drop_reason::link_down, {});
  if (log_enabled(level::debug))
    log(level::debug, env_.kind.name, "connection with " + remote_ + " ended" + (why.empty() ? "" : ": " + why));
  if (!was_up)
    open_result(error{errc::closed, "no Ockam node answered at " + remote_ + (why.empty() ? "" : ": " + why),
                      "is that the address of a node's " + std::string{env_.kind.name} + " listener?"});
  on_end_(*this, was_up, why);
  stop();
}

output_state stream_link::output() const {
  if (state_ == state::closed)
    return {};
  if (broken_ || stalled_ != stall::none)
    return {false, unwritten_->used()};
  if (queue().bytes() + backlog_.bytes() > 0)
    return {true, 0};
  // A socket that is closed while something has not arrived may take it along.
  return {stream_->unanswered().count() > 0, 0};
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
  constexpr std::array<std::string_view, 4> states{"handshake", "up", "closing", "closed"};
  i.state = states[static_cast<std::size_t>(state_)];
  static_cast<traffic&>(i) = carried_;
  i.pending_bytes = ledger_->used() + frame_memory_.bytes();
  i.queued_bytes = queue().bytes() + backlog_.bytes();
  return i;
}

} // namespace ockam
