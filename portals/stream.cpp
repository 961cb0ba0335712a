// SPDX-License-Identifier: Apache-2.0
#include "portals/stream.hpp"

#include "runtime/workers/reply_address.hpp"
#include "runtime/workers/requests.hpp"

#include <algorithm>

namespace ockam::portal {

using status = net::io_result::status;

stream::stream(end_ptr of)
  : of_{std::move(of)}, from_tcp_{ledger::make(node().memory, node().limits.link_budget, &of_->env)},
    to_tcp_{ledger::make(node().memory, std::max(of_->options.hold, most_waiting), nullptr)} {
  heard_ = said_ = moved_ = reactor().now();
  granted_ = window_;
}

stream::~stream() {
  board().forget(*this);
  of_->remove(*this);
  of_->env.remove(*this);
}

void stream::on_start() {
  of_->add(*this);
  of_->env.add(*this);
  open_timer_ = reactor().after(open_within(), [this] {
    open_timer_ = 0;
    on_late();
  });
}

void stream::on_stop() noexcept {
  if (stage_ == stage::opening || stage_ == stage::open)
    fail(end_reason::stopped);
  finish();
}

void stream::attach(net::stream_ptr tcp) {
  tcp_ = std::move(tcp);
  remote_name_ = tcp_->peer();
  if (of_->options.gather_small_writes)
    tcp_->gather_small_writes();
  tcp_->attach(this);
}

void stream::open_after_handshake() {
  shakes_hands_ = true;
  tcp_->watch_read(true);
  tcp_->watch_write(true);
}

void stream::shake_hands() {
  auto r = tcp_->read({});
  if (r.what == status::ok || r.what == status::again)
    return;
  shakes_hands_ = false;
  auto v = tcp_->violation();
  fail(end_reason::unreachable, remote_name_ + " " + (v ? v->what : "ended in the TLS handshake" + (r.err ? ": " + system_error("read", r.err).cause : "")));
}

void stream::on_writable() {
  if (!std::exchange(shakes_hands_, false))
    return write_out();
  tcp_->watch_read(false);
  tcp_->watch_write(false);
  on_ready();
}

void stream::aim(route to) {
  to_ = std::move(to);
  if (to_.empty())
    return;
  admit_answers(board(), self(), to_.front());
  leaves_by_ = flow_of_answers(board(), to_.front());
}

void stream::aim(route to, const message& from, const std::optional<hello>& far) {
  aim(std::move(to));
  take_peer(from);
  has_windows_ = far.has_value();
  if (!far)
    return;
  allowed_ = far->window;
  crumb_ = std::clamp<std::uint64_t>(far->window / 4, 1, least_read);
}

void stream::take_peer(const message& from) {
  knows_peer_ = true;
  of_->moved(counted_, peer_name{from});
  counted_ = peer_name{from};
  peer_ = from.source().producer;
  peer_identity_ = from.identity() ? *from.identity() : std::string{};
}

void stream::open() {
  stage_ = stage::open;
  ++of_->opened;
  reactor().cancel(std::exchange(open_timer_, 0));
  moved_ = reactor().now();
  if (!queue_.empty() || end_at_)
    board().flush_later(*this);
  read_on();
}

/// A secure channel that was made anew with somebody else has another flow control id under the same address
/// (`channels::session`). What is of no link any more is reported.
bool stream::leads_elsewhere() const {
  auto now = leaves_by_ == 0 ? 0 : flow_of_answers(board(), to_.front());
  return now != 0 && now != leaves_by_;
}

void stream::send(payload body, std::uint32_t flags) {
  if (leads_elsewhere()) {
    gone_ = true;
    return fail(end_reason::gone, "somebody else is at the other end of its channel");
  }
  auto m = make_message(to_, self(), std::move(body));
  m->header.flags(flags);
  m->held = credit{*from_tcp_, m->footprint()};
  said_ = reactor().now();
  board().deliver(std::move(m));
}

// -- from TCP ----------------------------------------------------------------------------------------

bool stream::may_read() noexcept {
  if (stage_ != stage::open || read_ended_ || !tcp_)
    return false;
  return allowed_ - sent_ >= crumb_ && from_tcp_->open();
}

/// There may be something to read, and it may be read. Tries first: while the other end's window is what limits it, nothing
/// is watched at all.
void stream::read_on() {
  if (reads_ || !tcp_)
    return;
  if (!read_turn())
    return pause();
  reads_ = true;
  tcp_->watch_read(true);
}

/// Until the other end or the ledger says so.
void stream::pause() {
  if (std::exchange(reads_, false) && tcp_)
    tcp_->watch_read(false);
  if (stage_ == stage::open && !read_ended_ && !from_tcp_->open() && from_tcp_->wait())
    of_->env.budget_available(ledger_id());
}

void stream::resume() {
  from_tcp_->stop_waiting();
  read_on();
}

void stream::on_readable() {
  if (shakes_hands_)
    return shake_hands();
  if (!read_turn())
    pause();
}

/// False: it may not read on now.
bool stream::read_turn() {
  for (int n = 0; n < reads_per_turn && may_read(); ++n)
    if (!read_once())
      break;
  return may_read();
}

/// False: there is nothing more to read now.
bool stream::read_once() {
  auto& env = of_->env;
  auto room = static_cast<std::size_t>(std::min<std::uint64_t>(most_data, allowed_ - sent_));
  auto* at = env.block() + head_room;
  iovec into{at, room};
  auto r = tcp_->read({&into, 1});
  switch (r.what) {
    case status::again: return false;
    case status::eof: tcp_has_ended(); return false;
    case status::failed: tcp_failed("read", r.err); return false;
    case status::ok: break;
  }
  sent_ += r.bytes;
  of_->bytes_in += r.bytes;
  moved_ = reactor().now();
  auto counter = next_counter_++;
  send(r.bytes >= keep_block ? encode_in_place(env.take_block(), environment::block_size, r.bytes, counter)
                             : encode_copy({at, r.bytes}, counter));
  return r.bytes == room;
}

/// The client, or the target, will say no more. Where the other end cannot go on alone, both directions are over.
void stream::tcp_has_ended() {
  read_ended_ = true;
  pause();
  if (!has_windows_)
    return part(end_reason::closed, {});
  send(encode(tag::end, sent_));
  check_done();
}

void stream::tcp_failed(const char* what, int err) {
  if (stage_ == stage::parting) {
    close_tcp(end_reason::reset);
    return finish();
  }
  if (auto v = tcp_->violation())
    return fail(end_reason::reset, "the peer " + v->what);
  fail(end_reason::reset, system_error(what, err).cause);
}

// -- to TCP ------------------------------------------------------------------------------------------

void stream::on_payload(message& m, const message_view& what) {
  if (what.counter && *what.counter != expected_counter_++)
    return fail(end_reason::broken, "a message of the stream has not come");
  received_ += what.data.size();
  if (!what.data.empty()) // which anybody may send at any time
    moved_ = reactor().now();
  if (has_windows_ && received_ > granted_)
    return fail(end_reason::violation, "the other end sends more than it may");
  if (end_at_)
    return fail(end_reason::violation, "the other end goes on after its end");
  if (what.data.empty() || write_ended_)
    return;
  if (!charge(m, queue_.cost(m, what.data)))
    return fail(end_reason::stuck, "too much waits for " + remote_name_);
  queue_.push(m, what.data);
  grow_window();
  if (!blocked_ && tcp_)
    board().flush_later(*this);
}

/// What waits here is the stream's. Over what it may have, it stays the link's, which reads nothing more until some of it
/// has gone.
bool stream::charge(message& m, std::size_t bytes) {
  auto limit = std::min(to_tcp_->budget(), has_windows_ ? most_waiting : of_->options.hold);
  if (to_tcp_->used() == 0 || to_tcp_->used() + bytes <= limit || !m.held) {
    m.held = credit{*to_tcp_, bytes};
    return true;
  }
  auto entered = holds_.enter(m.held);
  if (entered == hold_table::entry::entered_full)
    watch_stall();
  return entered != hold_table::entry::refused;
}

void stream::watch_stall() {
  if (stall_timer_ != 0)
    return;
  stall_timer_ = reactor().after(node().limits.stall, [this, before = written_] {
    stall_timer_ = 0;
    if (!holds_.holds_up())
      return;
    if (written_ != before)
      return watch_stall();
    fail(end_reason::stuck, remote_name_ + " takes nothing");
  });
}

void stream::write_out() {
  if (!tcp_ || shakes_hands_ || write_ended_)
    return;
  auto before = queue_.bytes();
  auto r = queue_.write_to(*tcp_);
  if (auto taken = before - queue_.bytes(); taken > 0) {
    written_ += taken;
    of_->bytes_out += taken;
    moved_ = reactor().now();
  }
  if (r.what == status::failed)
    return tcp_failed("write", r.err);
  if (bool full = r.what == status::again; full != blocked_) {
    blocked_ = full;
    tcp_->watch_write(full);
  }
  open_window();
  if (queue_.empty() && end_at_ && !write_ended_) {
    write_ended_ = true;
    (void)tcp_->shutdown_write();
  }
  check_done();
}

/// As the node fills beyond half, windows shrink, as the budgets of links do.
std::size_t stream::window() const noexcept {
  auto fits = static_cast<std::size_t>(static_cast<double>(window_) * static_cast<double>(to_tcp_->budget())
                                       / static_cast<double>(std::max(of_->options.hold, most_waiting)));
  return std::clamp(fits, least_window, window_);
}

/// The sender is about to wait for us, and nothing waits here: the way is longer than the window.
void stream::grow_window() noexcept {
  if (has_windows_ && window_ < most_window && granted_ - received_ < window_ / 4 && queue_.bytes() < window_ / 2)
    window_ = std::min(window_ * 2, most_window);
}

void stream::open_window() {
  if (!has_windows_ || end_at_ || stage_ != stage::open)
    return;
  const auto all = window(), whole = all >= 2 * most_data ? most_data : 1; // messages, as far as it is large enough for several
  const auto target = (written_ + all) / whole * whole;
  if (target < granted_ + all / 4)
    return;
  granted_ = target;
  send(encode(tag::window, target));
}

void stream::on_window(std::uint64_t total) {
  if (!has_windows_ || total <= allowed_)
    return;
  allowed_ = total;
  read_on();
}

void stream::on_end(std::uint64_t total) {
  if (!has_windows_ || end_at_)
    return fail(end_reason::violation, "an end that was not to come");
  if (total != received_)
    return fail(end_reason::broken, "the stream has " + std::to_string(total) + " bytes, and " + std::to_string(received_) + " have come");
  end_at_ = total;
  board().flush_later(*this);
}

// -- messages ----------------------------------------------------------------------------------------

void stream::on_message(message_ptr m) {
  if (const auto* r = m->header.get_report())
    return on_report(*r);
  if (stage_ == stage::ended)
    return;
  m->header.pop_onward();
  if (!m->header.onward_empty())
    return refuse_message(std::move(m), "a message has a further hop");
  if (!knows_peer_ && stage_ == stage::open) // of an end that did not wait for the first answer
    take_peer(*m);
  if (knows_peer_ && !is_of_peer(*m))
    return refuse_message(std::move(m), "a message has come by another way than the stream");
  auto what = decode(m->bytes());
  if (!what)
    return refuse_message(std::move(m), "a message is none of a portal");
  heard_ = reactor().now();
  handle(*m, *what);
}

bool stream::is_of_peer(const message& m) const {
  const auto* who = m.identity();
  return m.source().producer == peer_ && (who ? *who == peer_identity_ : peer_identity_.empty());
}

void stream::handle(message& m, const message_view& what) {
  if (what.what == tag::disconnect)
    return on_disconnect(what);
  if (stage_ == stage::parting)
    return on_parting(m, what);
  if (stage_ == stage::opening && !(what.what == tag::payload && of_->options.skip_handshake))
    return on_opening(m, what);
  switch (what.what) {
    case tag::payload: return on_payload(m, what);
    case tag::window: return on_window(what.total);
    case tag::end: return on_end(what.total);
    default: return; // a greeting says that the other end is there
  }
}

/// What was on its way as this end has ended. An outlet that has opened a stream which nobody wants any more is told;
/// and what one of another implementation says, which has not heard of the end yet, is still written.
void stream::on_parting(message& m, const message_view& what) {
  if (what.what == tag::payload && !has_windows_ && tcp_)
    return on_payload(m, what);
  if (what.what != tag::pong || knows_peer_)
    return;
  aim(m.header.return_route(), m, what.greeting);
  say_goodbye(end_reason::closed, {});
  finish();
}

void stream::on_disconnect(const message_view& what) {
  far_done_ = true;
  if (stage_ == stage::parting)
    return finish();
  auto why = what.goodbye ? what.goodbye->why : end_reason::closed;
  auto text = what.goodbye ? printable(what.goodbye->text) : std::string{};
  // Without a handshake the other end may have said all that it had to say before the target is there.
  bool in_order = why == end_reason::closed && (stage_ == stage::open || of_->options.skip_handshake);
  if (!in_order) {
    note_end(stage_ == stage::opening && why == end_reason::closed ? end_reason::refused : why, text);
    if (has_windows_) // it waits for that
      say_goodbye(why, {});
    close_tcp(why == end_reason::closed ? end_reason::reset : why);
    return finish();
  }
  // What has come before it is still written.
  read_ended_ = true;
  pause();
  if (!end_at_)
    end_at_ = received_;
  board().flush_later(*this);
}

/// Something of the stream could not be delivered, or the other end is not there any more.
void stream::on_report(const report& r) {
  if (stage_ == stage::ended)
    return;
  if (stage_ == stage::parting)
    return finish();
  bool nobody = r.reason == drop_reason::unknown_worker || r.reason == drop_reason::link_down || r.reason == drop_reason::unreachable
                || r.reason == drop_reason::node_stopping;
  bool is_refused = r.reason == drop_reason::refused;
  auto cause = to_error(r).cause;
  if (!knows_peer_ && (stage_ == stage::opening || nobody || is_refused)) { // the outlet has not heard of it, nor has its target
    gone_ = nobody || is_refused;
    return fail(end_reason::unreachable, cause, "the outlet cannot be reached");
  }
  gone_ = nobody;
  fail(nobody ? end_reason::gone : end_reason::broken, cause);
}

void stream::refuse_message(message_ptr m, std::string_view why) {
  of_->env.hostile.write(level::warn, "portal", why, of_->title + ": " + std::string{why} + ", it is ignored", reactor().now());
  drop(std::move(m), drop_reason::refused, why);
}

} // namespace ockam::portal
