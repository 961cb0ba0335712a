// SPDX-License-Identifier: Apache-2.0
#include "channels/session.hpp"

#include "runtime/links/allow.hpp"
#include "runtime/workers/reply_address.hpp"

namespace ockam::channels {

std::string_view to_string(session_status::state s) noexcept {
  using state = session_status::state;
  return s == state::up ? "up" : s == state::down ? "down" : "connecting";
}

session::session(terms t, route way, std::vector<std::string> allow, bool lasting, std::shared_ptr<session_status> status,
                 std::uint32_t seed)
  : terms_{std::move(t)}, way_{std::move(way)}, allow_{std::move(allow)}, lasting_{lasting}, status_{std::move(status)},
    retries_{retry_range{}, seed} {}

session::~session() = default;

result<address> session::start(terms t, const address& encryptor, route way, std::vector<std::string> allow, bool lasting,
                               std::shared_ptr<session_status> status) {
  auto& all = t.env->node.workers;
  auto at = random_address();
  auto seed = static_cast<std::uint32_t>(std::hash<std::string>{}(at.name)); // nodes do not try again in step
  auto made = std::make_unique<session>(std::move(t), std::move(way), std::move(allow), lasting, std::move(status), seed);
  auto* raw = made.get();
  worker_options o;
  o.type = "secure-channel";
  if (auto ok = all.start(at, std::move(made), std::move(o)); !ok)
    return std::move(ok).error();
  if (auto ok = all.alias(encryptor, at); !ok) { // somebody else has that address
    (void)all.stop(at);
    return std::move(ok).error();
  }
  raw->begin(encryptor);
  return at;
}

void session::begin(const address& encryptor) {
  encryptor_ = encryptor;
  take_flow();
  if (allows_services(allow_))
    terms_.shared = terms_.env->node.flows.services;
  without_since_ = terms_.env->node.reactor.now();
  if (auto ok = give_encryptor_to(self()); !ok)
    log_error(ok.error().cause);
  connect();
}

void session::take_flow() {
  auto& board = terms_.env->node.board;
  flow_ = board.flows().create();
  allow_workers(board, flow_, allow_, "channels");
}

/// E is another address of that worker. It counts as a link also while there is no channel: what is sent there now is
/// answered through the channel that comes.
result<void> session::give_encryptor_to(address_view a) {
  auto& node = terms_.env->node;
  if (auto ok = node.workers.alias(encryptor_, a); !ok)
    return ok;
  if (auto* e = node.board.find(encryptor_))
    e->producer = flow_;
  return {};
}

void session::connect() {
  auto made = std::make_unique<channel>(terms_, flow_, way_);
  terms_.patience = retry_patience;
  trying_ = made.get();
  trying_->events = {[this] { is_up(); }, [this](const error& why) { has_ended(why); }};
  at_ = random_address();
  worker_options o;
  o.type = "decryptor";
  if (auto ok = terms_.env->node.workers.start(at_, std::move(made), std::move(o)); !ok)
    has_ended(ok.error());
}

bool session::is_of_another_peer() const {
  return peer_ && *peer_ != trying_->peer()->id() && !terms_.wanted.authorized;
}

/// Nothing that was for the peer before, or let in from it, is for the one that has answered now.
void session::leave_peer() {
  error why{errc::closed, "somebody else than before is at the other end: " + to_string(trying_->peer()->id()) + ", and not " + to_string(*peer_), {}};
  log(level::warn, "channels", "secure channel " + encryptor_.name + ": " + why.cause);
  auto& board = terms_.env->node.board;
  board.revoke(flow_);
  board.remove_flow(flow_);
  take_flow();
  if (auto ok = give_encryptor_to(self()); !ok)
    log_error(ok.error().cause);
  peer_.reset();
  while (!held_.empty()) {
    auto m = pop_held();
    if (m->header.is_of_stream()) // its sender is told, but not who would get it
      m->header.flags(route_header::flag_report);
    give_up(std::move(m), why.cause);
  }
  trying_->end(std::move(why));
}

void session::is_up() {
  if (is_of_another_peer())
    return leave_peer();
  auto& node = terms_.env->node;
  if (auto ok = give_encryptor_to(at_); !ok) {
    log_error(ok.error().cause);
    return trying_->end(ok.error());
  }
  trying_->encryptor(encryptor_);
  bool again = status_->openings++ > 0;
  log(again ? level::warn : level::info, "channels",
      "secure channel " + encryptor_.name + (again ? " is up again, with " : " is up, with ") + to_string(trying_->peer()->id()));
  peer_ = trying_->peer()->id();
  retries_.reset();
  cancel_timer(std::exchange(hold_timer_, 0));
  status_->open = trying_;
  status_->now = session_status::state::up;
  status_->reason.clear();
  status_->code = errc::ok;
  held_bytes_ = 0;
  for (auto kept = std::exchange(held_, {}); auto& h : kept)
    node.board.hand_over(std::move(h.what));
  status_->waiting.settle();
  status_->tell();
}

/// There is no channel any more, or none came about.
void session::has_ended(const error& why) {
  auto& node = terms_.env->node;
  bool was_up = std::exchange(status_->open, nullptr) != nullptr;
  trying_ = nullptr;
  if (was_up) {
    without_since_ = node.reactor.now();
    if (auto ok = give_encryptor_to(self()); !ok)
      log_error(ok.error().cause);
  }
  bool is_news = status_->reason != why.cause;
  status_->now = session_status::state::down;
  status_->reason = why.cause;
  status_->code = why.code;
  log(was_up || is_news ? level::warn : level::debug, "channels", "secure channel " + encryptor_.name + " is down, " + std::string{to_string(why.code)} + ": " + why.cause);
  if (lasting_)
    retry_timer_ = set_timer(retries_.next());
  else
    give_up_held(why.cause);
  status_->waiting.settle();
  status_->tell();
}

void session::on_message(message_ptr m) {
  if (m->header.next() != static_cast<address_view>(encryptor_))
    return drop(std::move(m), drop_reason::refused, "send to the channel, not to what keeps it");
  hold(std::move(m));
}

void session::hold(message_ptr m) {
  if (!m->is_imported() && !m->header.return_empty()) // who has sent it before there was this address, as in the same turn
    admit_answers(terms_.env->node.board, m->header.return_front(), encryptor_);
  auto bytes = m->footprint();
  bool gives_up = !lasting_ && status_->now == session_status::state::down;
  if (gives_up || terms_.env->node.reactor.now() - without_since_ > std::max(longest_hold, terms_.patience))
    return give_up(std::move(m), status_->reason);
  if (held_.size() >= most_held || held_bytes_ + bytes > most_held_bytes)
    return drop(std::move(m), drop_reason::congested, "the channel is not up yet");
  held_bytes_ += bytes;
  held_.push_back({std::move(m), bytes, terms_.env->node.reactor.now() + longest_hold});
  if (hold_timer_ == 0)
    watch_held();
}

void session::watch_held() {
  auto left = held_.front().until - terms_.env->node.reactor.now();
  hold_timer_ = set_timer(std::chrono::ceil<std::chrono::milliseconds>(left));
}

message_ptr session::pop_held() {
  auto first = std::move(held_.front());
  held_.pop_front();
  held_bytes_ -= first.size;
  return std::move(first.what);
}

void session::give_up(message_ptr m, std::string_view why) {
  drop(std::move(m), drop_reason::link_down, "the channel is down: " + std::string{why});
}

void session::give_up_held(std::string_view why) {
  while (!held_.empty())
    give_up(pop_held(), why);
}

void session::on_timer(std::uint64_t timer) {
  if (timer == retry_timer_) {
    retry_timer_ = 0;
    connect();
  } else if (timer == hold_timer_) {
    hold_timer_ = 0;
    while (!held_.empty() && held_.front().until <= terms_.env->node.reactor.now())
      give_up(pop_held(), status_->reason);
    if (!held_.empty())
      watch_held();
  }
}

void session::on_stop() noexcept {
  status_->open = nullptr;
  status_->now = session_status::state::down;
  if (trying_) {
    trying_->events = {};
    (void)terms_.env->node.workers.stop(at_);
  }
  auto& board = terms_.env->node.board;
  board.revoke(flow_);
  board.remove_flow(flow_);
  status_->waiting.settle();
}

} // namespace ockam::channels
