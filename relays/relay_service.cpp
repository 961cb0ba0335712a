// SPDX-License-Identifier: Apache-2.0
#include "relays/relay_service.hpp"

#include "relays/relay_protocol.hpp"
#include "relays/relays.hpp"
#include "runtime/core/units.hpp"

#include <algorithm>
#include <array>

namespace ockam {

namespace {

/// How long a relay whose link is gone may stay: until then its senders hear that it has none.
constexpr std::chrono::milliseconds sweep_interval{1'000};
/// A listener may have so many times what is left for others.
constexpr std::size_t share_of_rest = 15;
/// A peer that pings, as the reference does every 10 s, is heard of again sooner when a flood has displaced it.
constexpr std::chrono::milliseconds silence_beyond{35'000};

} // namespace

// -- relay_registry ----------------------------------------------------------------------------------

relay_worker* relay_registry::find(const std::string& address) const {
  auto it = relays_.find(address);
  return it == relays_.end() ? nullptr : it->second;
}

result<void> relay_registry::has_room_for(const registrant& r, const registrant* before) const {
  auto count = [](const auto& of, const auto& key) {
    auto it = of.find(key);
    return it == of.end() ? std::size_t{0} : it->second;
  };
  auto limit = [](std::string what, std::string_view key, std::size_t most) {
    return error{errc::limit_reached, std::move(what) + " as many relays as " + std::string{key} + " allows: " + std::to_string(most), {}};
  };
  auto most = context_.limits.max_relays, most_per_peer = context_.limits.max_relays_per_peer;
  if (count(by_peer_, r) >= most_per_peer)
    return limit("this peer has", "max-relays-per-peer", most_per_peer);
  auto others = relays_.size() - (before ? 1 : 0);
  if (others >= most)
    return limit("there are", "max-relays", most);
  auto of_listener = count(by_listener_, r.listener) - (before && before->listener == r.listener ? 1 : 0);
  auto left = most - others - 1;
  if (of_listener > 0 && of_listener + 1 > left * share_of_rest)
    return error{errc::limit_reached, "the peers of this listener have as many relays as leave room for others: max-relays is " + std::to_string(most), {}};
  return {};
}

void relay_registry::add(relay_worker& r) {
  relays_[r.address_name()] = &r;
  show_size();
  enter(r.now().whose);
}

void relay_registry::moved(const registrant& from, const registrant& to) {
  leave(from);
  enter(to);
}

void relay_registry::enter(const registrant& r) {
  ++by_peer_[r];
  ++by_listener_[r.listener];
}

void relay_registry::leave(const registrant& r) {
  auto take_one = [](auto& of, const auto& key) {
    if (auto it = of.find(key); it != of.end() && --it->second == 0)
      of.erase(it);
  };
  take_one(by_peer_, r);
  take_one(by_listener_, r.listener);
}

/// Another one may have the address by now.
void relay_registry::forget(const relay_worker& r) {
  auto it = relays_.find(r.address_name());
  if (it == relays_.end() || it->second != &r)
    return;
  relays_.erase(it);
  show_size();
  leave(r.now().whose);
}

void relay_registry::end(relay_worker& r) {
  address at{r.address_name()};
  forget(r);
  (void)context_.workers.stop(at);
}

void relay_registry::sweep() {
  for (auto it = relays_.begin(); it != relays_.end();) {
    auto& r = *(it++)->second;
    if (!r.look_after())
      end(r);
  }
}

void relay_registry::end_all() {
  while (!relays_.empty())
    end(*relays_.begin()->second);
}

// -- relay_worker ------------------------------------------------------------------------------------

relay_worker::relay_worker(const node_context& context, std::shared_ptr<relay_registry> all, std::string address,
                           registration r)
  : context_{context}, all_{std::move(all)}, address_{std::move(address)}, now_{std::move(r)},
    passing_{tally::make(context.limits.max_relay_bytes)} {}

bool relay_worker::has_link() const { return !context_.board.flows().text(now_.flow).empty(); }

void relay_worker::take_over(registration r) {
  all_->moved(now_.whose, r.whose);
  now_ = std::move(r);
  last_sender_ = 0;
  unknown_since_ = {};
}

void relay_worker::on_stop() noexcept { all_->forget(*this); }

void relay_worker::on_message(message_ptr m) {
  auto& header = m->header;
  std::size_t hops = 0;
  header.each_onward([&](address_view) { ++hops; });
  if (hops < 2)
    return drop(std::move(m), drop_reason::bad_route, "the route ends at the relay, and names no worker behind it");
  if (hops + now_.way.size() > max_route_hops)
    return drop(std::move(m), drop_reason::bad_route, "with the way behind the relay the route has too many hops");
  if (!has_link())
    return drop(std::move(m), drop_reason::link_down, "the node behind this relay is not connected");
  if (!has_room_for(*m))
    return drop(std::move(m), drop_reason::congested, "the relay has as much under way as max-relay-bytes allows: " + size_text(passing_->limit()));
  let_answers_pass(*m);
  header.pop_onward();
  for (auto hop = now_.way.rbegin(); hop != now_.way.rend(); ++hop)
    header.push_onward(*hop);
  all_->passed(m->bytes().size());
  deliver(std::move(m));
}

bool relay_worker::has_room_for(message& m) {
  if (stuck_ && passing_->used() <= passing_->limit() / 2)
    stuck_ = false;
  if (stuck_ && passing_->used() + m.held.bytes() > passing_->limit())
    return false;
  bool was_full = passing_->is_full();
  bool fits = passing_->enter(m.held);
  if (!fits)
    say_full("what comes from who cannot wait is dropped, and what is over twice as much");
  else if (!was_full && passing_->is_full())
    say_full("who sends to it waits");
  return fits;
}

void relay_worker::say_full(std::string_view what_follows) {
  all_->log.write(level::warn, "relay", what_follows, "the relay 0#" + printable(address_) + " has as much under way as max-relay-bytes allows, "
                  + size_text(passing_->limit()) + ": " + std::string{what_follows}, context_.reactor.now());
}

bool relay_worker::look_after() {
  if (!has_link() || is_silent())
    return false;
  look_whether_it_moves();
  return true;
}

/// A link that many peers have outlives each of them.
bool relay_worker::is_silent() {
  const auto& way = now_.way;
  if (way.size() < 2 || context_.board.knows_peer(way[0], way[1])) {
    unknown_since_ = {};
    return false;
  }
  auto now = context_.reactor.now();
  if (unknown_since_ == net::reactor::clock::time_point{})
    unknown_since_ = now;
  return now - unknown_since_ >= silence_beyond;
}

/// The link itself notices when it takes nothing at all, and drops what waits there. But one that takes next to nothing
/// counts as slow only when it holds up somebody itself.
void relay_worker::look_whether_it_moves() {
  auto now = context_.reactor.now();
  auto left = passing_->has_left();
  if (!passing_->is_full()) {
    full_since_ = {};
    return;
  }
  auto first = full_since_ == net::reactor::clock::time_point{};
  if (!first && now - full_since_ < context_.limits.write_timeout)
    return;
  auto least = context_.limits.least_rate * static_cast<std::size_t>(std::chrono::ceil<std::chrono::seconds>(context_.limits.write_timeout).count());
  if (!first && left - had_left_ < least) {
    stuck_ = true;
    passing_->let_go();
    say_full("next to nothing of it moves, and nobody waits for that any more");
  }
  full_since_ = now;
  had_left_ = left;
}

/// Answers come straight from the link of the node behind, with the first return address in front; it has to be a link,
/// or the worker of this node that has sent the message. A hop that stands between is reachable, or is not, by itself.
/// What the sender goes on to send may leave out the relay, as the return routes of answers say. Only where the way
/// begins with a link to one peer: a socket that sends to anybody is not lent.
void relay_worker::let_answers_pass(const message& m) {
  auto& board = context_.board;
  auto sender = m.is_straight_from_link() ? m.source().producer : 0;
  if (sender != 0 && sender == last_sender_)
    return;
  last_sender_ = sender;
  address from{m.header.return_front()};
  const auto* before = board.find(from);
  if (!before)
    return;
  bool by_link = before->producer != 0;
  bool begun_here = !m.is_imported() && m.header.return_route().size() == 1;
  if (by_link || begun_here)
    (void)board.add_consumer(now_.flow, from);
  const auto* behind = board.find(now_.way.front());
  bool to_one_peer = behind && behind->producer != 0 && (now_.way.size() == 1 || now_.way[1].is_local());
  if (by_link && to_one_peer)
    (void)board.add_consumer(m.source().producer, now_.way.front());
}

// -- relay_service -----------------------------------------------------------------------------------

relay_service::relay_service(const node_context& context)
  : context_{context}, all_{std::make_shared<relay_registry>(context)} {}

void relay_service::on_message(message_ptr m) {
  auto made = register_relay(*m);
  if (made)
    return (*made)->confirm(std::move(m));
  auto why = "no relay was made: " + made.error().cause;
  all_->log.write(level::warn, "relay", to_string(made.error().code), why, context_.reactor.now());
  drop(std::move(m), drop_reason::service_error, why);
}

result<relay_worker*> relay_service::register_relay(const message& m) {
  if (!m.is_imported())
    return error{errc::invalid_route, "a relay stands for a worker of another node", {}};
  auto name = read_registration(m.bytes(), context_.limits.max_relay_name);
  if (!name)
    return std::move(name).error();
  auto way = way_of_relay(m.header.return_route());
  if (!way)
    return std::move(way).error();
  auto from = whose(m, *way);
  registration fresh{std::move(*way), m.source().producer, std::move(from), m.source().identity};
  auto address = std::string{relay_prefix} + *name;
  auto* there = all_->find(address);
  if (!there)
    return make_relay(address, std::move(fresh));
  if (const auto& owner = there->now().identity;
      owner && there->has_link() && (!fresh.identity || *fresh.identity != *owner))
    return error{errc::permission_denied, "the name belongs to a node that has proved who it is", {}};
  if (fresh.whose != there->now().whose)
    if (auto room = all_->has_room_for(fresh.whose, &there->now().whose); !room)
      return std::move(room).error();
  if (fresh.flow != there->now().flow)
    (void)context_.board.add_consumer(fresh.flow, ockam::address{address});
  there->take_over(std::move(fresh));
  return there;
}

/// One that has proved who it is may have any number of channels, and of links. The peers of a UDP listener have one link;
/// which of them it is, the route says.
registrant relay_service::whose(const message& m, const route& way) const {
  const auto& from = m.source();
  registrant out{from.producer, {}, from.spawner != 0 ? from.spawner : from.producer};
  if (from.identity)
    return {0, *from.identity, out.listener};
  if (way.size() > 1 && context_.board.is_shared(way.front()))
    out.peer = to_string(way[1]);
  return out;
}

result<relay_worker*> relay_service::make_relay(const std::string& address, registration r) {
  if (auto room = all_->has_room_for(r.whose); !room)
    return std::move(room).error();
  worker_options o;
  o.type = "relay";
  if (const auto* own = context_.board.find(self()))
    o.consumer_of = own->consumer_of;
  o.consumer_of.push_back(r.flow); // whoever has asked may see whether it is still his
  auto made = std::make_unique<relay_worker>(context_, all_, address, std::move(r));
  auto* relay = made.get();
  o.passes = relay->passing();
  if (auto ok = context_.workers.start(ockam::address{address}, std::move(made), std::move(o)); !ok)
    return std::move(ok).error();
  all_->add(*relay);
  all_->log.write(level::info, "relay", "new", "a peer has the relay 0#" + printable(address), context_.reactor.now());
  watch();
  return relay;
}

void relay_service::watch() {
  if (!std::exchange(watching_, true))
    set_timer(sweep_interval);
}

void relay_service::on_timer(std::uint64_t) {
  watching_ = false;
  all_->sweep();
  if (!all_->empty())
    watch();
}

void static_relay_service::on_message(message_ptr m) {
  m->header.pop_onward();
  m->header.push_onward(address_view{transport_type::local, relay_service_address});
  deliver(std::move(m));
}

std::span<const service_type> relay_services() {
  static const auto types = [] {
    std::array<service_type, 2> out;
    out[0].name = relay_service_address;
    out[0].make_in = [](const node_context& c, const service_options&) {
      return result<std::unique_ptr<worker>>{std::make_unique<relay_service>(c)};
    };
    out[1] = service<static_relay_service>(relay_service_alias);
    for (auto& t : out) {
      t.thread = worker_thread::socket;
      t.at_start = t.reachable_at_start = true;
      t.has_budget = t.has_options = false;
    }
    return out;
  }();
  return types;
}

} // namespace ockam
