// SPDX-License-Identifier: Apache-2.0
#include "channels/channel.hpp"

#include "channels/extras.hpp"
#include "runtime/core/provenance.hpp"
#include "runtime/workers/reply_address.hpp"
#include "runtime/workers/requests.hpp"

#include <algorithm>
#include <array>

namespace ockam::channels {

namespace ids = identities;
namespace wire = identities::channel_message;

/// One message of a handshake and what becomes of it, while another thread has it.
struct channel::step {
  identity_ptr own = {}; ///< `h` refers to its keys, and the work of another thread may outlive the channel and its listener
  std::optional<ids::handshake> h = {};
  message_ptr m = {}; ///< null: the first step of an initiator
  result<ids::bytes> out = ids::bytes{};
};

/// What the other end says of itself anew, charged until it was checked.
struct channel::said_anew {
  wire::refresh what;
  credit held;
};

channel::channel(terms t, std::uint32_t flow, route way)
  : terms_{std::move(t)}, role_{role::initiator}, flow_{flow}, to_{std::move(way)} {}

channel::channel(terms t, std::uint32_t flow, ids::handshake h, const message& m1, origin whose)
  : terms_{std::move(t)}, role_{role::responder}, flow_{flow}, to_{m1.header.return_route()}, link_{m1.source()},
    whose_{std::move(whose)}, handshake_{std::move(h)} {}

channel::~channel() {
  if (in_)
    in_->end(board());
}

void channel::on_start() {
  timer_ = set_timer(terms_.patience);
  aim(std::move(to_));
  if (role_ == role::initiator)
    begin();
}

void channel::encryptor(const address& a) {
  encryptor_ = a;
  terms_.env->open[a.name] = this;
  if (auto* e = board().find(a))
    e->producer = flow_; // as of a link: what is sent there leaves the node, and answers come in under this id
}

/// By which way its messages go.
void channel::aim(route to) {
  to_ = std::move(to);
  if (to_.empty())
    return;
  leaves_by_ = flow_of_answers(board(), to_.front());
  link_worker_ = link_worker();
  if (leaves_by_ != 0)
    (void)board().add_consumer(leaves_by_, self());
}

/// The number of the worker that the way begins with now: a lasting connection has another for each of its links.
std::uint64_t channel::link_worker() const {
  const auto* e = to_.empty() ? nullptr : board().find(to_.front());
  return e ? e->host : 0;
}

void channel::on_message(message_ptr m) {
  if (m->header.next() == static_cast<address_view>(encryptor_)) {
    if (phase_ != phase::open)
      return drop(std::move(m), drop_reason::link_down, "the channel is not open");
    return seal(std::move(m));
  }
  if (const auto* r = m->header.get_report())
    return on_report(*r);
  m->header.flags(0); // whatever becomes of it, the sender is told nothing
  switch (phase_) {
    case phase::handshake: return on_handshake(std::move(m));
    case phase::open: return in_->take(std::move(m));
    case phase::ended: return drop(std::move(m), drop_reason::refused);
  }
}

void channel::on_timer(std::uint64_t timer) {
  if (timer != timer_)
    return;
  if (phase_ == phase::handshake)
    return end({errc::timed_out, last_failure_.empty() ? "the other end has not answered in " + std::to_string(terms_.patience.count()) + " ms" : last_failure_, {}});
  look_around();
}

void channel::end(error why) {
  if (phase_ == phase::ended)
    return;
  if (phase_ == phase::open && !closed_by_peer_)
    send_plain(wire::close);
  phase_ = phase::ended;
  if (auto told = std::exchange(events.ended, nullptr))
    told(why);
  stop();
}

void channel::on_stop() noexcept {
  if (phase_ == phase::open && !closed_by_peer_)
    send_plain(wire::close);
  phase_ = phase::ended;
  if (auto told = std::exchange(events.ended, nullptr))
    told({errc::closed, "it was stopped", {}});
  auto& open = terms_.env->open;
  if (auto it = open.find(encryptor_.name); it != open.end() && it->second == this)
    open.erase(it);
  if (role_ == role::responder)
    board().remove_flow(flow_);
}

// -- the handshake -----------------------------------------------------------------------------------

void channel::begin() {
  take(std::make_shared<step>(step{.own = terms_.own}), [wanted = terms_.wanted, shown = terms_.shown](step& mine) {
    auto own = mine.own->own(environment::now());
    if (!own) {
      mine.out = std::move(own).error();
      return;
    }
    own->proof.features = ids::feature_pings;
    if (!shown.empty())
      own->proof.credentials = shown;
    mine.h.emplace(ids::handshake::initiator(*std::move(own), wanted, *mine.own->known()));
    mine.out = mine.h->begin();
  });
}

/// Has another thread do it; what comes meanwhile waits.
void channel::take(std::shared_ptr<step> s, std::function<void(step&)> work) {
  bool taken = terms_.env->work.add(whose_, s->m ? crew::step::next : crew::step::first, [s, work = std::move(work), box = my_postbox(), this] {
    work(*s);
    (void)box.post([this, s] { stepped(*s); });
  });
  if (!taken)
    end({errc::limit_reached, "too many handshakes at one time", "try again later"});
}

void channel::on_handshake(message_ptr m) {
  if (!handshake_) {
    if (waiting_.size() >= most_waiting || held_up_.enter(m->held) == hold_table::entry::refused)
      return drop(std::move(m), drop_reason::congested, "too much waits for a handshake");
    waiting_.push_back(std::move(m));
    return;
  }
  auto s = std::make_shared<step>(step{terms_.own, std::exchange(handshake_, std::nullopt), std::move(m)});
  take(std::move(s), [](step& mine) { mine.out = mine.h->receive(mine.m->bytes(), environment::now()); });
}

void channel::stepped(step& s) {
  if (phase_ != phase::handshake)
    return;
  handshake_ = std::move(s.h);
  if (!s.out)
    return failed(s);
  if (handshake_->where() == ids::handshake::state::done) {
    if (role_ == role::initiator) {
      if (s.m->header.return_empty())
        return end({errc::malformed, "an answer to a handshake has no way back", {}});
      aim(s.m->header.return_route());
      send_handshake(*s.out, {});
    }
    return open(s);
  }
  if (!s.m)
    send_handshake(*s.out, {});
  take_waiting();
}

/// Anybody may have sent what does not open; who has proved to be somebody whom we do not take ends it.
void channel::failed(step& s) {
  last_failure_ = s.out.error().cause;
  const bool is_ours = role_ == role::initiator;
  terms_.env->warn(is_ours ? "initiator" : "responder",
                   (is_ours ? "a handshake that begins here, along " + to_string(to_) : "a handshake that begins elsewhere, at listener " + terms_.listener + " from " + to_string(to_))
                     + ", has failed, " + std::string{to_string(s.out.error().code)} + ": " + last_failure_);
  if (!handshake_ || handshake_->where() == ids::handshake::state::failed || ++attempts_ >= most_attempts)
    return end(s.out.error());
  terms_.env->node.board.count(drop_reason::refused);
  take_waiting();
}

void channel::on_report(const report& r) {
  if (phase_ == phase::handshake && !r.passed)
    end(to_error(r));
}

void channel::open(step&) {
  auto done = handshake_->take();
  handshake_.reset();
  auto& sealers = *terms_.env->sealers;
  // What leaves may outlive this; what comes in is this worker's.
  out_ = std::make_shared<outgoing>(board(), elsewhere{sealers, [&r = reactor()](auto f) { r.post(std::move(f)); }}, std::move(done->keys.send));
  in_ = std::make_shared<incoming>(static_cast<incoming::owner&>(*this), elsewhere{sealers, [box = my_postbox()](auto f) { (void)box.post(std::move(f)); }},
                                   std::move(done->keys.receive));
  peer_ = std::move(done->with);
  pings_ = (peer_->features & ids::feature_pings) != 0;
  source_ = {flow_, terms_.spawner, terms_.shared, std::make_shared<const std::string>(to_string(peer_->who.id()))};
  for (const auto& why : peer_->refused_credentials)
    log_debug("a credential of " + *source_.identity + " does not count: " + why);
  phase_ = phase::open;
  heard_ = reactor().now();
  cancel_timer(timer_);
  look_in(role_ == role::initiator ? quiet : silence);
  if (role_ == role::responder && pings_)
    send_ping(std::byte{1}); // it hears so that we take it
  if (role_ == role::responder || !pings_)
    is_up();
  take_waiting();
}

void channel::is_up() {
  up_ = true;
  if (auto told = std::exchange(events.up, nullptr))
    told();
}

/// What came while a step was under way.
void channel::take_waiting() {
  while (!waiting_.empty() && phase_ != phase::ended && (phase_ == phase::open || handshake_)) {
    auto m = std::move(waiting_.front());
    waiting_.pop_front();
    m->held.leave();
    if (phase_ == phase::open)
      in_->take(std::move(m));
    else
      on_handshake(std::move(m));
  }
}

void channel::answer(ids::bytes m2, message_ptr m1) { send_handshake(m2, std::move(m1->held)); }

void channel::send_handshake(const ids::bytes& what, credit held) {
  auto m = fresh(true);
  m->body.assign(what);
  if (role_ == role::initiator)
    m->header.flags(route_header::flag_report);
  m->held = std::move(held);
  if (m->held.source())
    m->recharge();
  else
    m->held = credit{terms_.env->node.local_budget, m->footprint()};
  board().deliver(std::move(m));
}

// -- whether it lives --------------------------------------------------------------------------------

void channel::look_around() {
  const auto silent = this->silent();
  const bool has_link = leaves_by_ == 0 || !board().flows().text(leaves_by_).empty();
  if (role_ == role::responder) {
    const auto bears = pings_ || !has_link ? silence : longest_silence;
    if (silent >= bears)
      return end({errc::timed_out, "nothing was heard from the other end for " + std::to_string(bears.count() / 1000) + " s", {}});
    return look_in(silent < silence ? silence - silent : silence);
  }
  if (!has_link)
    return end({errc::closed, "the link that it went by is gone", {}});
  if (!pings_ && link_worker() != link_worker_) // their way back was the link that is gone: nothing could come any more
    return end({errc::closed, "the link that it went by was lost", {}});
  if (!pings_)
    return look_in(quiet);
  if (silent < quiet)
    return look_in(quiet - silent);
  if (unanswered_ >= most_unanswered)
    return end({errc::timed_out, "the other end does not answer any more", {}});
  ++unanswered_;
  send_ping(std::byte{0});
  look_in(ask_again);
}

void channel::look_in(std::chrono::nanoseconds delay) { timer_ = set_timer(std::chrono::ceil<std::chrono::milliseconds>(delay)); }

/// A message without an onward route: 0 asks, 1 answers.
void channel::send_ping(std::byte kind) {
  route_header nowhere;
  std::array<std::byte, 32> plain;
  auto* end = wire::write_head(plain.data(), nowhere, 1);
  *end++ = kind;
  end = wire::write_tail(end, {});
  send_plain({plain.data(), end});
}

// -- into the channel --------------------------------------------------------------------------------

message_ptr channel::fresh(bool with_return) const {
  auto m = std::make_unique<message>();
  if (with_return)
    m->header.append_return(self());
  for (const auto& a : to_)
    m->header.append_onward(a);
  if (role_ == role::responder) { // as a reply is: of the link that it goes back to
    provenance::let_in(*m, link_);
    provenance::answer(*m);
  }
  return m;
}

void channel::seal(message_ptr m) {
  m->header.pop_onward();
  auto most = terms_.env->node.limits.max_frame;
  if (m->body.size() > most / 2) // far below it all fits, whatever the way
    most -= std::min(most, terms_.env->around(to_));
  auto envelope = fresh(false);
  if (m->trace() && !pings_) // where the reference looks for it; our own has it inside, where nobody else sees it
    envelope->header.set_trace_context(*m->trace());
  auto ok = out_->send(m, std::move(envelope), most);
  if (ok)
    ++sent_;
  else if (ok.error().code == errc::too_large)
    drop(std::move(m), drop_reason::too_large, ok.error().cause);
  else
    can_seal_no_more(std::move(ok).error());
}

void channel::send_plain(ids::bytes_view plaintext) {
  auto m = fresh(false);
  m->held = credit{terms_.env->node.local_budget, sizeof(message)};
  if (auto ok = out_->send_plain(plaintext, std::move(m)); !ok)
    can_seal_no_more(std::move(ok).error());
}

void channel::can_seal_no_more(error why) {
  closed_by_peer_ = true; // not even the end can be said
  end(std::move(why));
}

// -- out of the channel ------------------------------------------------------------------------------

void channel::opened(opened_message o) {
  if (phase_ != phase::open)
    return drop(std::move(o.outer), drop_reason::refused);
  heard_ = reactor().now();
  unanswered_ = 0;
  if (role_ == role::responder && o.nonce > last_nonce_) {
    last_nonce_ = o.nonce;
    follow(*o.outer);
  }
  if (!up_)
    is_up();
  auto inner = std::make_unique<message>();
  auto what = wire::decode({o.block.get(), o.size}, inner->header);
  if (!what)
    return refuse(std::move(o.outer), "not decoded", what.error().cause);
  if (auto* refresh = std::get_if<wire::refresh>(&*what))
    return on_refresh(std::move(*refresh), std::move(o.outer->held));
  if (std::holds_alternative<wire::end_of_channel>(*what)) {
    closed_by_peer_ = true;
    return end({errc::closed, "the other end has closed the channel", {}});
  }
  inner->held = std::move(o.outer->held);
  if (o.outer->trace() && !pings_) // as the reference does, which says nothing inside
    inner->header.set_trace_context(*o.outer->trace());
  o.outer.reset();
  let_in(std::move(inner), std::move(o.block), o.size, std::get<wire::for_worker>(*what));
}

void channel::let_in(message_ptr inner, std::unique_ptr<std::byte[]> block, std::size_t size, const wire::for_worker& what) {
  if (inner->header.onward_empty() && pings_ && what.payload.size() == 1) {
    if (what.payload.front() == std::byte{0})
      send_ping(std::byte{1});
    return;
  }
  bool bad_trace = false;
  inner->foreign = what.padding.empty() || !read_extras(what.padding, inner->header, &bad_trace);
  if (bad_trace)
    board().refused().add(refusal::malformed_trace);
  inner->header.push_return(encryptor_);
  if (what.payload.size() > payload::inline_capacity) {
    auto offset = static_cast<std::size_t>(what.payload.data() - block.get());
    auto length = what.payload.size();
    inner->body = payload{std::move(block), size, offset, length};
  } else {
    inner->body.assign(what.payload);
  }
  inner->recharge();
  provenance::let_in(*inner, source_);
  ++received_;
  board().deliver(std::move(inner));
}

/// The channel goes on as it is, whether it is taken or not; one that does not count changes nothing. One is checked at a
/// time, and of those that come meanwhile the newest is the one that counts.
void channel::on_refresh(wire::refresh what, credit held) {
  newest_ = std::make_shared<said_anew>(said_anew{std::move(what), std::move(held)});
  if (!checks_)
    check_refresh();
}

/// In turns of this channel: a peer that says much delays no handshake of its link.
void channel::check_refresh() {
  checks_ = terms_.env->work.add({flow_}, crew::step::first, [own = terms_.own, wanted = terms_.wanted, who = peer_->who.id(), it = std::exchange(newest_, nullptr), box = my_postbox(), this] {
    auto fresh = std::make_shared<result<ids::peer>>(ids::verify_refresh(who, std::move(it->what.history), it->what.credentials, wanted, *own->known(), environment::now()));
    (void)box.post([this, fresh] { refreshed(*fresh); });
  });
  if (!checks_)
    terms_.env->warn("refresh", "what " + *source_.identity + " says of itself anew is not checked: too much waits for it");
}

void channel::refreshed(result<ids::peer>& fresh) {
  checks_ = false;
  if (newest_ && phase_ == phase::open)
    check_refresh();
  if (!fresh)
    return terms_.env->warn("refresh", "what " + *source_.identity + " says of itself anew does not count, " + std::string{to_string(fresh.error().code)} + ": " + fresh.error().cause);
  for (const auto& why : fresh->refused_credentials)
    log_debug("a credential of " + *source_.identity + " does not count: " + why);
  peer_->who = std::move(fresh->who);
  peer_->credentials = std::move(fresh->credentials);
}

/// A channel that shows a credential of its own goes on to show that one.
void channel::say_anew(const node_identity::news& what) {
  if (phase_ == phase::open)
    send_plain(wire::encode_refresh(what.history, terms_.shown.empty() ? what.credentials : terms_.shown));
}

void channel::refuse(message_ptr m, std::string_view reason, const std::string& line) {
  ++not_opened_;
  terms_.env->warn(reason, "channel " + encryptor_.name + ": " + line);
  board().drop(std::move(m), drop_reason::refused);
}

/// An initiator may come by another link: answers go back the way that its latest message came.
void channel::follow(const message& m) {
  if (m.header.return_empty())
    return;
  std::size_t n = 0;
  bool same = m.source().producer == link_.producer;
  m.header.each_return([&](address_view a) {
    same = same && n + 1 < to_.size() && static_cast<address_view>(to_[n]) == a;
    ++n;
  });
  if (same && n + 1 == to_.size())
    return;
  auto way = m.header.return_route();
  way.push_back(to_.back());
  if (way.size() > max_route_hops)
    return;
  link_ = m.source();
  aim(std::move(way));
  if (m.is_straight_from_link())
    (void)board().add_consumer(link_.producer, self());
}

} // namespace ockam::channels
