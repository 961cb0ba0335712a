// SPDX-License-Identifier: Apache-2.0
#include "channels/listener.hpp"

#include <algorithm>

namespace ockam::channels {

namespace ids = identities;

/// m1 on another thread, and what has become of it.
struct listener::arrival {
  message_ptr m1;
  std::optional<ids::handshake> h;
  result<ids::bytes> m2 = ids::bytes{};
};

listener::listener(terms t, std::size_t most_channels, std::shared_ptr<listener_figures> figures)
  : terms_{std::move(t)}, most_channels_{most_channels}, figures_{std::move(figures)} {}

void listener::on_message(message_ptr m) {
  if (m->header.get_report() || m->header.is_traced()) // somebody has followed the way here
    return;
  if (m->header.return_empty() || m->body.size() < ids::x25519_public{}.size() || m->body.size() > ids::noise_xx::max_message) {
    ++figures_->refused;
    terms_.env->warn("no m1", "listener " + self().name + ": a message that begins no handshake");
    m->header.flags(0);
    return drop(std::move(m), drop_reason::refused);
  }
  if (open_.size() >= most_channels_)
    return turn_away(std::move(m), "max-channels is reached");
  auto a = std::make_shared<arrival>();
  auto source = m->source().producer;
  a->m1 = std::move(m);
  bool taken = terms_.env->work.add(source, crew::step::first, [a, who = terms_.own, wanted = terms_.wanted, box = my_postbox(), this] {
    auto own = who->own(environment::now());
    if (own) {
      own->proof.features = ids::feature_pings;
      a->h.emplace(ids::handshake::responder(*std::move(own), wanted, *who->known()));
      a->m2 = a->h->receive(a->m1->bytes(), environment::now());
    } else {
      a->m2 = std::move(own).error();
    }
    (void)box.post([this, a] { begin(*a); });
  });
  if (!taken)
    turn_away(std::move(a->m1), "too many handshakes at one time");
}

void listener::turn_away(message_ptr m, const std::string& why) {
  ++figures_->turned_away;
  terms_.env->warn(why, "listener " + self().name + ": turned a channel away, " + why);
  drop(std::move(m), drop_reason::congested, why);
}

/// The channel that answers.
void listener::begin(arrival& a) {
  if (!a.m2) {
    ++figures_->refused;
    return terms_.env->warn("m1", "listener " + self().name + ": " + std::string{to_string(a.m2.error().code)} + ": " + a.m2.error().cause);
  }
  auto& node = terms_.env->node;
  auto source = a.m1->source().producer;
  make_room(source);
  auto made = std::make_unique<channel>(terms_, node.board.flows().create(), *std::exchange(a.h, std::nullopt), *a.m1);
  auto at = random_address();
  auto it = half_open_.insert(half_open_.end(), {at, made.get(), source});
  ++by_source_[source];
  auto& events = made->events;
  events.up = [this, it] {
    drop_half_open(it);
    it->is_open = true;
    open_.splice(open_.end(), half_open_, it);
    ++figures_->opened;
    count();
  };
  events.ended = [this, it](const error&) {
    if (!it->is_open) {
      ++figures_->refused;
      drop_half_open(it);
    }
    (it->is_open ? open_ : half_open_).erase(it);
    count();
  };
  worker_options o;
  o.type = "decryptor";
  if (a.m1->is_straight_from_link())
    o.consumer_of = {source};
  auto* raw = made.get();
  if (auto ok = node.workers.start(at, std::move(made), std::move(o)); !ok) {
    drop_half_open(it);
    half_open_.erase(it);
    return log_error(ok.error().cause);
  }
  auto e = random_address();
  if (auto ok = node.workers.alias(e, at); !ok)
    return raw->end(ok.error());
  raw->encryptor(e);
  raw->answer(*std::move(a.m2), std::move(a.m1));
  count();
}

/// The count of its source, which it is no more one of.
void listener::drop_half_open(entries::iterator it) {
  if (auto n = by_source_.find(it->source); n != by_source_.end() && --n->second == 0)
    by_source_.erase(n);
}

/// The oldest one of a source that has too many goes, or of the one that has most of them.
void listener::make_room(std::uint32_t source) {
  auto of_it = by_source_.find(source);
  if (of_it == by_source_.end() || of_it->second < most_half_open_of_one) {
    if (half_open_.size() < most_half_open)
      return;
    of_it = std::max_element(by_source_.begin(), by_source_.end(), [](auto& a, auto& b) { return a.second < b.second; });
  }
  auto oldest = std::find_if(half_open_.begin(), half_open_.end(), [&](auto& e) { return e.source == of_it->first; });
  oldest->what->end({errc::limit_reached, "another handshake has taken its place", {}}); // takes itself out
}

void listener::on_stop() noexcept {
  auto& all = terms_.env->node.workers;
  for (auto* list : {&half_open_, &open_})
    for (auto& e : *list) {
      e.what->events = {};
      (void)all.stop(e.at);
    }
  half_open_.clear();
  open_.clear();
  count();
  terms_.env->node.board.revoke(terms_.spawner);
  terms_.env->node.board.remove_flow(terms_.spawner);
}

} // namespace ockam::channels
