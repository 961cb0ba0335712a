// SPDX-License-Identifier: Apache-2.0
#include "channels/listener.hpp"

#include <algorithm>

namespace ockam::channels {

namespace ids = identities;

namespace {

constexpr const char* no_room = "max-channels is reached";

} // namespace

/// m1 on another thread, and what has become of it.
struct listener::arrival {
  message_ptr m1;
  origin whose;
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
  auto a = std::make_shared<arrival>();
  a->whose = origin_of(terms_.env->node.board, *m);
  if (!room_for(a->whose).is_there)
    return turn_away(std::move(m), no_room);
  a->m1 = std::move(m);
  bool taken = terms_.env->work.add(a->whose, crew::step::first, [a, who = terms_.own, wanted = terms_.wanted, box = my_postbox(), this] {
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
  make_half_open_room(a.whose);
  auto made = std::make_unique<channel>(terms_, node.board.flows().create(), *std::exchange(a.h, std::nullopt), *a.m1, a.whose);
  auto at = random_address();
  auto it = half_open_.insert(half_open_.end(), {at, made.get(), a.whose});
  of_half_open_.add(a.whose);
  made->events = {[this, it] { open(it); }, [this, it](const error&) { ended(it); }};
  worker_options o;
  o.type = "decryptor";
  if (a.m1->is_straight_from_link())
    o.consumer_of = {a.whose.flow};
  auto* raw = made.get();
  if (auto ok = node.workers.start(at, std::move(made), std::move(o)); !ok) {
    ended(it);
    return log_error(ok.error().cause);
  }
  auto e = random_address();
  if (auto ok = node.workers.alias(e, at); !ok)
    return raw->end(ok.error());
  raw->encryptor(e);
  raw->answer(*std::move(a.m2), std::move(a.m1));
  count();
}

/// Whose other end has proved to be somebody: only that costs others their room.
void listener::open(entries::iterator it) {
  auto found = room_for(it->whose);
  if (!found.is_there) {
    ++figures_->turned_away;
    terms_.env->warn(no_room, "listener " + self().name + ": ended a channel that was just opened, " + no_room);
    return it->what->end({errc::limit_reached, no_room, {}});
  }
  if (found.after)
    (*found.after)->what->end({errc::limit_reached, "another channel has taken its place", {}}); // takes itself out
  of_half_open_.take(it->whose);
  of_open_.add(it->whose);
  it->is_open = true;
  open_.splice(open_.end(), half_open_, it);
  ++figures_->opened;
  count();
}

void listener::ended(entries::iterator it) {
  if (!it->is_open)
    ++figures_->refused;
  (it->is_open ? of_open_ : of_half_open_).take(it->whose);
  (it->is_open ? open_ : half_open_).erase(it);
  count();
}

/// The oldest one goes of an origin that has too many, or of who has most of them.
void listener::make_half_open_room(const origin& whose) {
  std::optional<origin> from;
  if (of_half_open_.of(whose) >= most_half_open_of_one)
    from = whose;
  else if (of_half_open_.of_flow(whose.flow) >= most_half_open_of_link)
    from = of_half_open_.largest_in(whose.flow);
  else if (half_open_.size() >= most_half_open)
    from = of_half_open_.largest_in(*of_half_open_.largest_flow());
  if (!from)
    return;
  auto oldest = std::find_if(half_open_.begin(), half_open_.end(), [&](auto& e) { return e.whose == *from; });
  oldest->what->end({errc::limit_reached, "another handshake has taken its place", {}}); // takes itself out
}

/// For one more channel that is open.
listener::room listener::room_for(const origin& whose) {
  const bool link_is_full = of_open_.of_flow(whose.flow) >= most_of_link_;
  if (!link_is_full && open_.size() < most_channels_)
    return {};
  const auto flow = link_is_full ? whose.flow : *of_open_.largest_flow();
  const auto most = *of_open_.largest_in(flow);
  const bool has_more = flow == whose.flow ? of_open_.of(most) > of_open_.of(whose) + 1 : of_open_.of_flow(flow) > of_open_.of_flow(whose.flow) + 1;
  std::optional<entries::iterator> out;
  for (auto it = open_.begin(); it != open_.end(); ++it) {
    bool may_go = has_more ? it->whose == most : it->what->may_be_dead() && (!link_is_full || it->whose.flow == flow);
    if (may_go && (!out || it->what->silent() > (*out)->what->silent()))
      out = it;
  }
  return {out.has_value(), out};
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
