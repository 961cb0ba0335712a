// SPDX-License-Identifier: Apache-2.0
// How a stream ends: what the other end hears of it, what stays in the figures, and what takes too long.
#include "portals/stream.hpp"

#include <utility>

namespace ockam::portal {

void stream::check_done() {
  if (stage_ == stage::open && write_ended_ && (read_ended_ || far_done_))
    part(end_reason::closed, {});
}

void stream::fail(end_reason why, std::string_view text, std::string_view head) {
  if (stage_ == stage::parting || stage_ == stage::ended)
    return;
  note_end(why, text, head);
  part(why, text);
}

void stream::part(end_reason why, std::string_view text) {
  bool has_asked = stage_ == stage::opening && !knows_peer_; // and the answer may be on its way
  bool tells = is_waited_for(stage_);
  stage_ = stage::parting;
  give_up();
  reactor().cancel(std::exchange(open_timer_, 0));
  reactor().cancel(std::exchange(stall_timer_, 0));
  if (tells)
    say_goodbye(why, text);
  if (why != end_reason::closed || has_windows_ || far_done_)
    close_tcp(why);
  if (far_done_ || gone_)
    return finish();
  parting_timer_ = reactor().after(has_asked ? of_->options.dial_timeout : parting_time, [this] {
    parting_timer_ = 0;
    finish();
  });
}

/// Whether the other end waits to hear that it has ended. One of another implementation that waits for Pong takes nothing else, and one
/// that has said goodbye hears of nothing any more; but where no handshake is, it has taken the stream for open since its first message.
bool stream::is_waited_for(stage before) const noexcept {
  if (gone_ || (before == stage::opening && !knows_peer_))
    return false;
  if (has_windows_)
    return true;
  return !far_done_ && (before == stage::open || of_->options.skip_handshake);
}

/// Where no handshake is, the other end may be of this implementation: then it hears why, and one of another ignores what it does not know.
void stream::say_goodbye(end_reason why, std::string_view text) {
  bool in_words = has_windows_ || (of_->options.skip_handshake && why != end_reason::closed);
  send(in_words ? encode(farewell{why, text}) : encode(tag::disconnect));
}

/// What is over in order has an end of its connection, anything else a reset.
void stream::close_tcp(end_reason why) noexcept {
  reads_ = false;
  if (!tcp_)
    return;
  (void)queue_.write_to(*tcp_); // what has come in the same turn, as far as it is taken
  if (why != end_reason::closed)
    tcp_->reset_at_end();
  tcp_.reset();
  queue_.clear();
  holds_.let_go();
}

void stream::note_end(end_reason why, std::string_view text, std::string_view head) {
  if (why == end_reason::stopped)
    return;
  auto line = std::string{head.empty() ? to_string(why) : head} + (text.empty() ? "" : ": " + std::string{text});
  of_->has_failed(why, line);
  auto how = why == end_reason::reset ? level::debug : level::warn;
  of_->env.hostile.write(how, "portal", of_->title + std::string{to_string(why)}, of_->title + ": the stream"
                         + (remote_name_.empty() ? "" : " with " + remote_name_) + " has ended: " + line, reactor().now());
}

void stream::finish() noexcept {
  if (stage_ == stage::ended)
    return;
  stage_ = stage::ended;
  give_up();
  for (auto* t : {&open_timer_, &stall_timer_, &parting_timer_})
    reactor().cancel(std::exchange(*t, 0));
  close_tcp(end_reason::closed);
  of_->remove(*this);
  of_->env.remove(*this);
  stop();
}

void stream::tick() {
  if (stage_ != stage::open)
    return;
  auto now = reactor().now();
  const auto& o = of_->options;
  if (o.idle_timeout.count() > 0 && now - moved_ >= o.idle_timeout)
    return fail(end_reason::idle);
  if (!has_windows_ && sent_ == 0 && received_ == 0 && now - moved_ >= first_word)
    return fail(end_reason::idle, "neither end has said a word in the " + std::to_string(first_word.count()) + " min since it was opened");
  if (far_done_ && now - moved_ >= node().limits.write_timeout) // what it said last is taken by nobody
    return fail(end_reason::stuck, remote_name_ + " takes nothing");
  if (has_windows_ && now - heard_ >= silence)
    return fail(end_reason::gone, "nothing was heard of it for " + std::to_string(silence.count() / 1000) + " s");
  if (!reads_ && tcp_ && tcp_->is_dead() && !tcp_->has_unread())
    return fail(end_reason::reset);
  if (now - said_ >= keep_alive)
    send(encode(tag::ping), route_header::flag_stream | route_header::flag_report);
  resume(); // memory of the node that others have freed: nobody says so
}

} // namespace ockam::portal
