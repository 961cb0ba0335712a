// SPDX-License-Identifier: Apache-2.0
#include "transports/udp/udp_link.hpp"

#include "runtime/core/provenance.hpp"
#include "transports/stream/out_queue.hpp"
#include "transports/codec/wire_codec.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <random>

namespace ockam {

using status = net::io_result::status;

namespace {

udp_reassembly::bounds bounds_of(const limits& l) {
  udp_reassembly::bounds b;
  b.message = l.max_frame;
  b.bytes = std::max(l.node_budget / 8, 2 * l.max_frame);
  b.slice_timeout = l.frame_timeout;
  return b;
}

/// What a message without any address encodes to: `[[], [], h'']`. Receivers ignore it.
constexpr std::array<std::byte, 4> nothing{std::byte{0x83}, std::byte{0x80}, std::byte{0x80}, std::byte{0x40}};

} // namespace

udp_link::udp_link(udp_environment& env, net::datagrams_ptr s, const std::optional<fixed_peer>& peer, std::string remote,
                   std::string name, message_source source, udp_options o, ended on_end)
  : env_{env}, socket_{std::move(s)}, peer_{peer ? std::optional{peer->at} : std::nullopt}, remote_{std::move(remote)}, name_{std::move(name)},
    source_{source}, options_{o}, on_end_{std::move(on_end)},
    ledger_{ledger::make(env.context.node.memory, env.limit().link_budget, nullptr)},
    reassembly_{bounds_of(env.limit()), *ledger_}, outbox_{o.datagram_size},
    names_{reactor(), env.limit().connect_timeout,
           [this](message_ptr m, const ip_endpoint& to) { send(std::move(m), to); },
           [this](message_ptr m, drop_reason why, std::string_view detail) {
             carried_.dropped.add(why);
             m->header.push_onward(name_);
             drop(std::move(m), why, detail);
           }},
    room_{std::max(least_room, o.datagram_size)}, next_number_{static_cast<std::uint16_t>(std::random_device{}())} {
  if (peer)
    whereabouts_.emplace(reactor(), peer->name, peer->at, env.limit().connect_timeout, [this](const ip_endpoint& at) { move_to(at); });
}

udp_link::~udp_link() {
  board().forget(*this);
}

void udp_link::on_start() {
  if (name_.name.empty())
    name_ = self();
  use(std::move(socket_));
  if (listens())
    board().share_link(name_, this);
  if (peer_ && options_.keep_alive.count() > 0)
    keep_alive_timer_ = reactor().after(options_.keep_alive, [this] { keep_alive(); });
}

void udp_link::on_stop() noexcept {
  close({});
}

void udp_link::use(net::datagrams_ptr s) {
  socket_ = std::move(s);
  bound_ = parse_ip_endpoint(socket_->local());
  socket_->attach(this);
  socket_->watch_read(true);
}

void udp_link::look_again() {
  if (whereabouts_)
    whereabouts_->look_again();
  names_.forget_answers();
}

/// The peer's name has another address. What waits goes there.
void udp_link::move_to(const ip_endpoint& peer) {
  if (!socket_)
    return;
  auto s = reactor().open_datagrams_to(peer);
  if (!s) {
    ++refusals_;
    last_error_ = s.error().cause;
    return env_.hostile.write(level::warn, "udp", "moved", remote_ + " has another address, but " + last_error_, reactor().now());
  }
  env_.hostile.write(level::info, "udp", "moved", remote_ + " is at " + to_string(peer) + " now", reactor().now());
  peer_ = peer;
  use(std::move(*s));
  write_out();
}

// -- receiving ---------------------------------------------------------------------------------------

void udp_link::on_readable() {
  auto& in = env_.inbound;
  auto r = socket_->receive(env_.scratch, room_, in);
  if (r.what == status::failed)
    return network_says(r.err);
  for (std::size_t i = 0; i < r.bytes && socket_; ++i) // none when there was nothing
    take(in[i], std::span{env_.scratch}.subspan(i * room_, in[i].size));
  count_lost();
  if (sweep_timer_ == 0 && socket_)
    sweep_timer_ = reactor().after(sweep_period, [this] { sweep(); });
}

void udp_link::take(const net::datagrams::inbound& in, std::span<const std::byte> datagram) {
  carried_.bytes_in += in.size;
  if (peer_ && in.from != *peer_) // the system drops these as a rule
    return refuse(refusal::foreign_source, in.from, "this link has another peer");
  if (whereabouts_)
    whereabouts_->has_heard();
  if (from_itself(in.from))
    return refuse(refusal::own_source, in.from, "the source is this socket's own address, which is forged");
  if (in.truncated)
    return refuse(refusal::frame_too_large, in.from,
                  "a datagram of more than " + std::to_string(room_) + " bytes (is datagram-size the same at both ends?)");
  auto slice = udp_codec::decode(datagram);
  if (!slice)
    return refuse(refusal::malformed_frame, in.from, "a datagram that does not decode");
  if (!has_room())
    return refuse(refusal::over_budget, in.from, "too much of this link is under way already");
  auto whole = reassembly_.take(in.from, *slice, reactor().now(), in.asked);
  if (whole.bad)
    refuse(*whole.bad, in.from, "a slice of a message: " + std::string{to_string(*whole.bad)});
  if (whole.passed)
    tell_too_large(in.from, *whole.passed);
  if (!whole.message.empty())
    accept(in.from, std::move(whole));
}

/// Messages of this link that live in the node are within the budget; slices that wait for others are
/// bounded in `reassembly_`. With nothing under way there is always room for one.
bool udp_link::has_room() const {
  auto living = ledger_->used() - reassembly_.bytes();
  return ledger_->used() == 0 || living < ledger_->budget();
}

/// Its answers would come in here again, and be answered.
bool udp_link::from_itself(const ip_endpoint& from) const {
  if (!bound_ || from.port != bound_->port)
    return false;
  bool anywhere = bound_->ip == ip_endpoint{}.ip;
  return anywhere ? reactor().is_local(from) : from.ip == bound_->ip && from.v6 == bound_->v6;
}

/// A message that goes on from what was sent there, to a name that nobody can guess: a mark of an answer,
/// or the reply address of a request.
void udp_link::look_for_proof(const ip_endpoint& from, route_header& h) {
  if (!udp_answers::may_be_mark(h.next()))
    return;
  auto* answers = reassembly_.answers_to(from);
  bool marked = answers && answers->take_mark(h);
  if (!marked) {
    const auto* e = board().find(h.next());
    marked = e && e->internal;
  }
  if (marked)
    reassembly_.has_received(from);
}

void udp_link::accept(const ip_endpoint& from, udp_reassembly::outcome whole) {
  auto m = std::make_unique<message>();
  auto d = wire_codec::decode(whole.message, m->header);
  if (d.bad)
    return refuse(*d.bad, from, "a message that does not decode: " + std::string{to_string(*d.bad)});
  if (m->header.onward_empty())
    return; // a keep-alive
  if (d.broken_report)
    board().refused().add(refusal::malformed_report);
  if (d.bad_trace)
    board().refused().add(refusal::malformed_trace);
  ++carried_.messages_in;
  look_for_proof(from, m->header);
  take_in(*m, from, d.foreign);
  if (whole.memory.data && d.body.size() >= out_queue::large) {
    auto offset = static_cast<std::size_t>(d.body.data() - whole.memory.data.get());
    m->body = payload{std::move(whole.memory.data), whole.memory.capacity, offset, d.body.size()};
  } else {
    m->body.assign(d.body);
  }
  m->held = credit{*ledger_, m->footprint()};
  board().deliver(std::move(m));
}

/// Its sender hears of it if it wants to, as with any other node that drops it.
void udp_link::tell_too_large(const ip_endpoint& from, const udp_passing::ends& of) {
  auto m = std::make_unique<message>();
  auto d = wire_codec::decode_edges(of.first, of.last, of.length, m->header);
  if (d.bad || m->header.onward_empty())
    return;
  take_in(*m, from, d.foreign);
  board().drop(std::move(m), drop_reason::too_large,
               "the message has " + std::to_string(of.length) + " bytes, and max-frame is " + std::to_string(env_.limit().max_frame) + " here");
}

void udp_link::take_in(message& m, const ip_endpoint& from, bool foreign) {
  if (!peer_)
    m.header.push_return({transport_type::udp, to_string(from)});
  m.header.push_return(name_);
  provenance::let_in(m, source_);
  m.foreign = foreign;
}

void udp_link::refuse(refusal why, const ip_endpoint& from, std::string_view what) {
  board().refused().add(why);
  env_.hostile.write(level::warn, "udp", to_string(why), "dropped from " + to_string(from) + ": " + std::string{what}, reactor().now());
}

void udp_link::count_lost() {
  if (auto lost = reassembly_.take_lost())
    board().refused().add(refusal::incomplete_message, lost);
}

void udp_link::sweep() {
  sweep_timer_ = 0;
  reassembly_.sweep(reactor().now());
  count_lost();
  if (reassembly_.peers() > 0)
    sweep_timer_ = reactor().after(sweep_period, [this] { sweep(); });
}

bool udp_link::knows(address_view peer) const {
  auto at = peer.type == transport_type::udp ? parse_ip_endpoint(peer.name) : std::nullopt;
  return at && reassembly_.heard_from(*at);
}

// -- sending -----------------------------------------------------------------------------------------

void udp_link::on_message(message_ptr m) {
  auto& h = m->header;
  if (!socket_)
    return drop(std::move(m), drop_reason::link_down);
  h.pop_onward();
  if (peer_)
    return send(std::move(m), std::nullopt);
  if (h.onward_empty() || h.next().type != transport_type::udp)
    return undeliverable(std::move(m), std::nullopt, drop_reason::bad_route,
                         "behind a udp listener a route goes on with 2#ip:port");
  std::string hop{h.next().name};
  auto to = parse_ip_endpoint(hop);
  auto named = to ? result<endpoint>{endpoint{}} : parse_endpoint(hop);
  if (!named || (to ? to->port : named->port) == 0)
    return undeliverable(std::move(m), std::nullopt, drop_reason::bad_route,
                         "the address behind a udp listener is not host:port with a port");
  if (!may_go(*m, to)) {
    constexpr std::string_view why = "this node sends nothing there for others: it is not listed, nor was it heard from lately";
    env_.hostile.write(level::warn, "udp", to_string(drop_reason::dial_refused),
                       "a peer's message for " + to_string(m->header.next()) + ": " + std::string{why}, reactor().now());
    return undeliverable(std::move(m), std::nullopt, drop_reason::dial_refused, why);
  }
  if (!to)
    return names_.take(std::move(m), *named); // which leaves the route as it is
  send(std::move(m), *to);
}

/// Names are looked up only where the operator lets messages go: each look-up is a question to a stranger.
bool udp_link::may_go(const message& m, const std::optional<ip_endpoint>& to) {
  if (!m.is_imported())
    return true;
  if (to && reassembly_.heard_from(*to))
    return true;
  const auto& listed = env_.context.may_send_to;
  return listed && listed(m.header.next());
}

void udp_link::send(message_ptr m, std::optional<ip_endpoint> to) {
  if (!peer_)
    m->header.pop_onward();
  if (m->is_imported() && udp_answers::is_answer(m->header))
    if (auto* answers = reassembly_.answers_to(to ? *to : *peer_))
      if (auto mark = answers->mark(m->header))
        m->header.push_return(*mark);
  auto extra = wire_codec::extras(m->header);
  auto size = wire_codec::measure(m->header, m->body.size(), extra);
  if (size.total > env_.limit().max_frame
      || udp_codec::slice_count(size.total, options_.datagram_size) > udp_codec::max_slices)
    return undeliverable(std::move(m), to, drop_reason::too_large,
                         "a message over udp has at most 16 MiB and 65,535 datagrams");
  if (to && m->is_imported() && m->header.get_report() && !reassembly_.may_report_to(*to, size.total))
    return undeliverable(std::move(m), to, drop_reason::refused, "nothing shows that this peer gets what is sent there");
  if (outbox_.bytes() >= high_water)
    write_out(); // much in one turn: the socket may well take it
  if (!socket_ || outbox_.bytes() >= high_water)
    return undeliverable(std::move(m), to, drop_reason::congested, "the udp link is full");
  auto i = udp_outbox::make(size.total);
  auto* at = wire_codec::write_head(udp_outbox::message_of(i), m->header, m->body.size(), !extra.empty());
  auto body = m->body.bytes();
  if (!body.empty())
    std::memcpy(at, body.data(), body.size());
  wire_codec::write_tail(at + body.size(), extra);
  m->body = payload{};
  i.what = std::move(m);
  i.to = to;
  if (to)
    i.from = reassembly_.asked_from(*to);
  i.number = next_number_++;
  outbox_.push(std::move(i));
  board().flush_later(*this);
}

void udp_link::write_out() {
  if (!socket_)
    return;
  auto before = outbox_.bytes_sent();
  // Each turn of the loop either takes a message out or clears an error that the system had kept.
  for (int turns = 0; turns < 64 && !outbox_.empty(); ++turns) {
    auto r = outbox_.write_to(*socket_, burst);
    if (r.what != status::failed)
      break;
    network_says(r.err);
    if (r.err == ECONNREFUSED) // about an earlier datagram
      continue;
    auto why = r.err == EMSGSIZE ? drop_reason::too_large : r.err == ENOBUFS ? drop_reason::congested : drop_reason::link_down;
    give_up_first(why, last_error_);
  }
  if (whereabouts_ && outbox_.bytes_sent() != before)
    whereabouts_->has_sent();
  if (outbox_.bytes_sent() != before || outbox_.empty())
    progress_ = reactor().now();
  socket_->watch_write(!outbox_.empty());
  if (!outbox_.empty() && stall_timer_ == 0) {
    progress_ = reactor().now();
    stall_timer_ = reactor().after(env_.limit().stall, [this] { check_stall(); });
  }
}

void udp_link::network_says(int err) {
  ++refusals_;
  last_error_ = std::strerror(err);
  bool nobody = err == ECONNREFUSED || err == EHOSTUNREACH || err == ENETUNREACH;
  if (whereabouts_ && nobody)
    whereabouts_->has_been_refused();
  env_.hostile.write(level::info, "udp", "network", remote_ + ": " + last_error_, reactor().now());
}

void udp_link::check_stall() {
  stall_timer_ = 0;
  if (outbox_.empty())
    return;
  if (reactor().now() - progress_ >= env_.limit().stall) {
    while (!outbox_.empty())
      give_up_first(drop_reason::congested, "the udp link does not move");
    socket_->watch_write(false);
    return;
  }
  stall_timer_ = reactor().after(env_.limit().stall, [this] { check_stall(); });
}

void udp_link::keep_alive() {
  keep_alive_timer_ = reactor().after(options_.keep_alive, [this] { keep_alive(); });
  if (reactor().now() - progress_ < options_.keep_alive || !outbox_.empty())
    return;
  auto i = udp_outbox::make(nothing.size());
  std::memcpy(udp_outbox::message_of(i), nothing.data(), nothing.size());
  i.number = next_number_++;
  outbox_.push(std::move(i));
  board().flush_later(*this);
}

void udp_link::give_up_first(drop_reason why, std::string_view detail) {
  auto i = outbox_.pop();
  if (i.what) // else a keep-alive
    undeliverable(std::move(i.what), i.to, why, detail);
}

void udp_link::undeliverable(message_ptr m, const std::optional<ip_endpoint>& to, drop_reason why, std::string_view detail) {
  carried_.dropped.add(why);
  if (to)
    m->header.push_onward({transport_type::udp, to_string(*to)});
  m->header.push_onward(name_); // the report names this link
  drop(std::move(m), why, detail);
}

// -- the end -----------------------------------------------------------------------------------------

void udp_link::close(const std::string& why) {
  if (!socket_)
    return;
  for (auto* t : {&sweep_timer_, &stall_timer_, &keep_alive_timer_})
    reactor().cancel(std::exchange(*t, 0));
  socket_.reset();
  if (listens())
    board().share_link(name_, nullptr);
  if (whereabouts_)
    whereabouts_->stop();
  while (!outbox_.empty())
    give_up_first(drop_reason::link_down, {});
  names_.clear(drop_reason::link_down);
  on_end_(*this, why);
  stop();
}

link_info udp_link::info() const {
  link_info i;
  i.transport = "udp";
  i.outgoing = peer_.has_value();
  i.socket_address = remote_;
  i.worker_address = name_.name;
  i.link_address = self().name;
  i.state = socket_ ? "up" : "closed";
  static_cast<traffic&>(i) = carried_;
  i.messages_out = outbox_.messages_sent();
  i.bytes_out = outbox_.bytes_sent();
  i.pending_bytes = ledger_->used();
  i.queued_bytes = outbox_.bytes() + names_.bytes_waiting();
  i.peers = reassembly_.peers();
  i.refusals = refusals_;
  i.last_error = last_error_;
  return i;
}

} // namespace ockam
