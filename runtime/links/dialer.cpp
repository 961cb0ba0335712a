// SPDX-License-Identifier: Apache-2.0
#include "runtime/links/dialer.hpp"

#include "runtime/workers/reply_address.hpp"

#include <algorithm>

namespace ockam {

namespace {

enum class state : std::uint8_t { dialling, up, failed };

/// Whether this node's worker at the only return address began it.
bool begun_here(const message& m) {
  std::size_t hops = 0;
  m.header.each_return([&](address_view) { ++hops; });
  return !m.is_imported() && hops == 1;
}

} // namespace

struct dialer::destination {
  address peer;
  transport* via = nullptr;
  state now = state::dialling;
  address link;                  ///< while up
  std::deque<message_ptr> waiting;
  std::size_t waiting_bytes = 0;
  hold_table holds;
  backoff retries;
  clock::time_point used;        ///< when it last carried something
  clock::time_point retry_at;    ///< while failed, for others
  clock::time_point own_retry_at;///< … for this node's own, who may have just started the peer
  std::uint64_t traffic = 0;     ///< messages both ways, as of the last look
  std::string last_error;
};

dialer::dialer(const node_context& context, const routing_config& routing, connector& connections, const transport_set& transports, std::uint32_t seed)
  : context_{context}, routing_{routing}, connections_{connections}, transports_{transports}, next_seed_{seed},
    refusals_{context.limits.log_interval} {
  context_.board.foreign_hops(this);
}

dialer::~dialer() {
  context_.board.foreign_hops(nullptr);
}

void dialer::failed(std::string_view what) noexcept {
  log(level::error, "dialer", "a message was lost: " + std::string{what});
}

bool dialer::dialling(address_view peer) const {
  auto it = table_.find(peer);
  return it != table_.end() && it->second->now == state::dialling;
}

std::size_t dialer::links() const noexcept {
  return static_cast<std::size_t>(std::count_if(table_.begin(), table_.end(), [](auto& e) { return e.second->now == state::up; }));
}

void dialer::stop() {
  stopped_ = true;
  *alive_ = false;
  context_.reactor.cancel(std::exchange(sweep_timer_, 0));
  auto all = std::move(table_);
  table_.clear();
  for (auto& [peer, d] : all)
    for (auto& m : d->waiting)
      refuse(std::move(m), drop_reason::node_stopping, {});
}

// -- messages ----------------------------------------------------------------------------------------

void dialer::receive(message_ptr m) {
  if (m->is_straight_from_link())
    return context_.board.refuse(std::move(m), "a hop has to stand in front of the address of another node");
  if (stopped_)
    return refuse(std::move(m), drop_reason::node_stopping, {});
  address peer{m->header.next()};
  if (!m->is_imported() || allows(peer)) {
    if (const auto* known = connections_.find(peer))
      return pass(std::move(m), *known);
    auto it = table_.find(peer);
    auto* d = it == table_.end() ? nullptr : it->second.get();
    if (d && d->now == state::up)
      return pass(std::move(m), d->link);
    if (d && d->now == state::dialling)
      return wait(*d, std::move(m));
    if (d && context_.reactor.now() < (m->is_imported() ? d->retry_at : d->own_retry_at))
      return refuse(std::move(m), drop_reason::unreachable, d->last_error);
    std::string why_not;
    d = admit(peer, why_not);
    if (!d)
      return refuse(std::move(m), drop_reason::dial_refused, why_not);
    wait(*d, std::move(m));
    return dial(*d);
  }
  refuse(std::move(m), drop_reason::dial_refused,
         routing_.dial == dial_policy::never ? "this node connects to nobody for others"
                                                    : "this node connects only to listed peers for others");
}

bool dialer::allows(address_view peer) const {
  const auto& r = routing_;
  if (r.dial != dial_policy::listed)
    return r.dial == dial_policy::any;
  auto listed = [&](const address& a) { return static_cast<address_view>(a) == peer; };
  return connections_.find(peer) || std::any_of(r.dial_allow.begin(), r.dial_allow.end(), listed);
}

void dialer::pass(message_ptr m, const address& link) {
  auto& board = context_.board;
  if (begun_here(*m))
    admit_answers(board, m->header.return_front(), link);
  if (auto it = table_.find(m->header.next()); it != table_.end())
    it->second->used = context_.reactor.now();
  m->header.pop_onward();
  m->header.push_onward(link);
  board.deliver(std::move(m));
}

void dialer::refuse(message_ptr m, drop_reason why, std::string_view detail) {
  if (m->is_imported() && why == drop_reason::dial_refused)
    refusals_.write(level::warn, "dialer", to_string(why),
                    "a peer asked for a connection to " + to_string(m->header.next()) + ": " + std::string{detail},
                    context_.reactor.now());
  context_.board.drop(std::move(m), why, detail);
}

void dialer::wait(destination& d, message_ptr m) {
  auto size = m->footprint();
  bool fits = d.waiting.empty() || d.waiting_bytes + size <= max_waiting;
  if (!fits || d.holds.enter(m->held) == hold_table::entry::refused)
    return refuse(std::move(m), drop_reason::congested, "too much waits for that connection");
  d.waiting_bytes += size;
  d.waiting.push_back(std::move(m));
}

// -- links -------------------------------------------------------------------------------------------

/// Closes the link that was used the longest ago, if it carries nothing just now.
bool dialer::make_room() {
  constexpr std::chrono::seconds quiet{1};
  destination* oldest = nullptr;
  for (auto& [peer, d] : table_)
    if (d->now == state::up && (!oldest || d->used < oldest->used))
      oldest = d.get();
  if (!oldest || context_.reactor.now() - oldest->used < quiet)
    return false;
  (void)oldest->via->close_link(oldest->link.name); // it says so: `on_end`
  return true;
}

dialer::destination* dialer::admit(const address& peer, std::string& why_not) {
  auto* via = transports_.find(peer.type);
  if (!via) {
    why_not = "this node has no transport for addresses of type " + std::to_string(static_cast<int>(peer.type));
    return nullptr;
  }
  auto count = [this](state s) { return static_cast<std::size_t>(std::count_if(table_.begin(), table_.end(), [s](auto& e) { return e.second->now == s; })); };
  if (count(state::dialling) >= max_dials) {
    why_not = "too many connects are under way";
    return nullptr;
  }
  if (count(state::dialling) + count(state::up) >= routing_.dial_links && !make_room()) {
    why_not = "as many links as dial-links allows are in use";
    return nullptr;
  }
  if (count(state::failed) >= max_failed) {
    auto now = context_.reactor.now();
    std::erase_if(table_, [&](auto& e) { return e.second->now == state::failed && e.second->retry_at <= now && e.first != peer; });
    if (count(state::failed) >= max_failed) {
      why_not = "too many peers have failed lately";
      return nullptr;
    }
  }
  auto& d = table_[peer];
  if (!d)
    d.reset(new destination{peer, via, {}, {}, {}, {}, {}, backoff{retry_range{}, next_seed_++}, {}, {}, {}, {}, {}});
  return d.get();
}

void dialer::dial(destination& d) {
  d.now = state::dialling;
  connect_options o;
  o.timeout = context_.limits.connect_timeout;
  o.proxy = routing_.proxy;
  auto find = [this, peer = d.peer]() -> destination* {
    auto it = table_.find(peer);
    return it == table_.end() ? nullptr : it->second.get();
  };
  o.on_end = [this, alive = alive_, peer = d.peer](const link_info& last, const std::string&) {
    if (!*alive)
      return;
    auto it = table_.find(peer);
    if (it != table_.end() && it->second->now == state::up && it->second->link.name == last.link_address)
      table_.erase(it);
  };
  d.via->connect(d.peer.name, std::move(o), [this, alive = alive_, find, via = d.via](result<link_info> l) {
    auto* waited = *alive ? find() : nullptr;
    if (waited)
      return l ? up(*waited, *l) : down(*waited, l.error());
    if (l)
      (void)via->close_link(l->link_address);
  });
}

void dialer::up(destination& d, const link_info& l) {
  d.now = state::up;
  d.link = address{l.link_address};
  d.used = context_.reactor.now();
  d.retries.reset();
  d.waiting_bytes = 0;
  for (auto waiting = std::move(d.waiting); auto& m : waiting) {
    m->held.leave();
    pass(std::move(m), d.link);
  }
  d.waiting.clear();
  watch();
}

void dialer::down(destination& d, const error& e) {
  d.now = state::failed;
  d.last_error = e.cause;
  constexpr std::chrono::milliseconds own_pause{100};
  d.own_retry_at = context_.reactor.now() + own_pause;
  d.retry_at = context_.reactor.now() + d.retries.next();
  d.waiting_bytes = 0;
  for (auto waiting = std::move(d.waiting); auto& m : waiting) {
    m->held.leave();
    refuse(std::move(m), drop_reason::unreachable, e.cause);
  }
  d.waiting.clear();
}

void dialer::watch() {
  if (sweep_timer_ == 0)
    sweep_timer_ = context_.reactor.after(routing_.dial_idle / 2, [this] {
      sweep_timer_ = 0;
      sweep();
    });
}

void dialer::sweep() {
  auto now = context_.reactor.now();
  std::vector<std::pair<transport*, std::string>> idle;
  for (auto& t : transports_)
    for (const auto& l : t->links())
      for (auto& [peer, d] : table_) {
        if (d->now != state::up || d->link.name != l.link_address)
          continue;
        if (std::exchange(d->traffic, l.messages_in + l.messages_out) != l.messages_in + l.messages_out)
          d->used = now;
        else if (now - d->used >= routing_.dial_idle)
          idle.emplace_back(t.get(), l.link_address);
      }
  for (auto& [t, link] : idle)
    (void)t->close_link(link);
  if (links() > 0)
    watch();
}

} // namespace ockam
