// SPDX-License-Identifier: Apache-2.0
#include "runtime/core/switchboard.hpp"

#include "runtime/core/guarded.hpp"
#include "runtime/core/message_span.hpp"
#include "runtime/core/provenance.hpp"
#include "runtime/core/shared_link.hpp"

#include <boost/unordered_map.hpp>

#include <algorithm>
#include <iterator>

namespace ockam {

/// Boost's, since every delivery looks here: it has a power of two of buckets, where the standard library divides by
/// a prime (a route through workers of one node makes 1.2 times as many messages a second). Entries stay where
/// they are as others come and go.
class switchboard::name_table : public boost::unordered_map<address, worker_entry, address_hash, address_equal> {
 public:
  iterator look_up(address_view a) { return find(a, address_hash{}, address_equal{}); }
};

switchboard::switchboard(std::string node_name, time_source now)
  : node_name_{std::move(node_name)}, now_{std::move(now)}, table_{std::make_unique<name_table>()} {}

switchboard::~switchboard() {
  while (head_)
    pop().reset();
}

// -- name table --------------------------------------------------------------------------------------

result<void> switchboard::add(address a, worker_entry e) {
  if (a.name.size() > max_name_length)
    return error{errc::invalid_address, "the address is longer than 1024 bytes", {}};
  auto [it, fresh] = table_->try_emplace(std::move(a), std::move(e));
  if (!fresh)
    return error{errc::already_exists,
                 "address " + to_string(it->first) + " is taken by a worker of type " + std::string{it->second.type}, {}};
  if (auto allowed = allowed_.find(it->first); allowed != allowed_.end())
    for (auto flow : allowed->second)
      add_flow(it->second.consumer_of, flow);
  return {};
}

bool switchboard::remove(address_view a) {
  auto it = table_->look_up(a);
  if (it == table_->end())
    return false;
  if (it->second.watched)
    tell_of_end(it->first, it->second, {errc::closed, {}, {}});
  table_->erase(it);
  return true;
}

bool switchboard::remove(address_view a, const error& why) {
  succeeded(a, why);
  return remove(a);
}

void switchboard::succeeded(address_view a, const error& why) {
  if (auto it = table_->look_up(a); it != table_->end())
    tell_of_end(it->first, it->second, why);
}

void switchboard::tell_of_end(const address& a, worker_entry& e, const error& why) {
  if (std::exchange(e.watched, false) && ends_)
    ends_->ended(a, why);
}

std::size_t switchboard::size() const noexcept {
  return table_->size();
}

void switchboard::each(const std::function<void(const address&, const worker_entry&)>& f) const {
  for (const auto& [a, e] : *table_)
    f(a, e);
}

worker_entry* switchboard::find(address_view a) {
  auto it = table_->look_up(a);
  return it == table_->end() ? nullptr : &it->second;
}

result<void> switchboard::add_consumer(std::uint32_t flow, address_view worker) {
  auto* e = find(worker);
  if (!e)
    return error{errc::not_found, "no worker at " + to_string(worker), {}};
  add_flow(e->consumer_of, flow);
  return {};
}

bool switchboard::allow(std::uint32_t flow, address worker) {
  bool there = static_cast<bool>(add_consumer(flow, worker));
  // Names of ids that are gone go before the table would grow for them, so that it is looked through as rarely as it grows.
  if (static_cast<float>(allowed_.size() + 1) > static_cast<float>(allowed_.bucket_count()) * allowed_.max_load_factor())
    std::erase_if(allowed_, [this](const auto& e) {
      return std::all_of(e.second.begin(), e.second.end(), [this](auto id) { return flows_.text(id).empty(); });
    });
  add_flow(allowed_[std::move(worker)], flow);
  return there;
}

void switchboard::add_flow(std::vector<std::uint32_t>& to, std::uint32_t flow) const {
  if (std::find(to.begin(), to.end(), flow) != to.end())
    return;
  // A worker that talks to ever new peers must not keep the ids of links that are gone (`remove_flow`).
  constexpr std::size_t few = 16;
  if (to.size() >= few)
    std::erase_if(to, [this](auto id) { return flows_.text(id).empty(); });
  to.push_back(flow);
}

void switchboard::revoke(std::uint32_t flow) {
  for (auto& [name, entry] : *table_)
    std::erase(entry.consumer_of, flow);
  for (auto it = allowed_.begin(); it != allowed_.end();) {
    std::erase(it->second, flow);
    it = it->second.empty() ? allowed_.erase(it) : std::next(it);
  }
}

void switchboard::share_link(const address& link, const peer_book* peers) {
  if (peers)
    shared_links_[link] = peers;
  else
    shared_links_.erase(link);
}

bool switchboard::knows_peer(address_view link, address_view peer) const {
  auto it = shared_links_.find(link);
  return it == shared_links_.end() || it->second->knows(peer);
}

std::vector<address> switchboard::allowed_to(std::uint32_t flow) const {
  std::vector<address> out;
  for (const auto& [name, flows] : allowed_)
    if (std::find(flows.begin(), flows.end(), flow) != flows.end())
      out.push_back(name);
  std::sort(out.begin(), out.end(), [](auto& l, auto& r) { return l.name < r.name; });
  return out;
}

void switchboard::remove_flow(std::uint32_t flow) {
  // Consumers keep the stale id: ids are not used again, and looking through every worker for each link
  // that goes would make the cost of a link grow with the number of workers.
  flows_.remove(flow);
  reports_.forget(flow);
}

// -- messages ----------------------------------------------------------------------------------------

void switchboard::deliver(message_ptr m) noexcept {
  auto* raw = m.release();
  raw->next = nullptr;
  if (tail_)
    tail_->next = raw;
  else
    head_ = raw;
  tail_ = raw;
  ++queued_;
}

void switchboard::deliver(message_ptr m, const access_control& sender) {
  // What this node reports goes back to where a message came from, which is not what `allow-to` is for; of a report that a link
  // has let in, nobody knows whether it is one.
  bool is_own_report = m->header.get_report() && m->is_local();
  if (sender.onward && !is_own_report && !m->header.onward_empty()) {
    auto next = m->header.next();
    const auto* there = find(next);
    if (!sender.may_send_to(next, next.type != transport_type::local || (there && there->producer != 0)))
      return refuse(std::move(m));
  }
  deliver(std::move(m));
}

message_ptr switchboard::pop() noexcept {
  auto* m = head_;
  head_ = m->next;
  if (!head_)
    tail_ = nullptr;
  --queued_;
  return message_ptr{m};
}

void switchboard::handle(message_ptr m) {
  auto& header = m->header;
  if (header.onward_empty())
    return drop(std::move(m), drop_reason::bad_route, "the onward route is empty");
  auto it = table_->look_up(header.next());
  if (it == table_->end()) {
    if (header.next().type == transport_type::local)
      return drop(std::move(m), drop_reason::unknown_worker);
    if (!foreign_.target)
      return drop(std::move(m), drop_reason::bad_route);
    return give(foreign_, std::move(m));
  }
  auto& entry = it->second;
  if (m->is_straight_from_link()) {
    const auto& source = m->source();
    if (!is_for(source, entry) && !(header.next() == open_ && reaches_something(source)))
      return refuse(std::move(m));
    if (answers_only_ && is_new_work(*m, entry))
      return drop(std::move(m), drop_reason::node_stopping);
  }
  if (entry.access && !entry.access->admits(*m))
    return refuse(std::move(m));
  if (!broken_.empty() && must_be_whole(*m, &entry) && broken_.has(broken_flows::key_of(*m), now_()))
    return drop(std::move(m), drop_reason::stream_broken);
  if (header.hop_budget() == 0)
    return drop(std::move(m), drop_reason::hop_budget);
  header.hop_budget(header.hop_budget() - 1);
  if (header.is_traced())
    trace(*m, entry);
  if (header.get_trace_context() && tracer_) [[unlikely]]
    if (entry.producer == 0 && !entry.internal && !header.is_of_stream()) // links only carry; a stream would be nothing but spans
      begin_span(*m, entry.type);
  give(entry, std::move(m));
}

bool switchboard::is_for(const message_source& who, const worker_entry& entry) noexcept {
  return std::any_of(entry.consumer_of.begin(), entry.consumer_of.end(), [&](auto flow) { return who.has(flow); });
}

drop_reason switchboard::outlook(const message& like, address_view worker) {
  bool straight = like.is_straight_from_link();
  const auto* entry = find(worker);
  if (!entry)
    return straight && !may_know_of(like.source(), worker) ? drop_reason::refused : drop_reason::unknown_worker;
  bool open = (!straight || is_for(like.source(), *entry)) && (!entry->access || entry->access->admits(like));
  return open ? drop_reason::none : drop_reason::refused;
}

/// Answers come in under the id of the link itself, which their worker has got by sending; what an operator has allowed
/// to a connection has that id as well, but under the worker's name.
bool switchboard::is_new_work(const message& m, const worker_entry& entry) const {
  if (entry.producer != 0 || entry.type == "hop")
    return false;
  auto has = [link = m.source().producer](const auto& flows) { return std::find(flows.begin(), flows.end(), link) != flows.end(); };
  auto allowed = allowed_.find(address{m.header.next()});
  return !has(entry.consumer_of) || (allowed != allowed_.end() && has(allowed->second));
}

void switchboard::hand_over(message_ptr m) {
  auto it = table_->look_up(m->header.next());
  if (it == table_->end())
    return drop(std::move(m), drop_reason::unknown_worker);
  give(it->second, std::move(m));
}

void switchboard::give(worker_entry& entry, message_ptr m) {
  ++entry.messages_in;
  auto* target = entry.target;
  auto what = guarded([&] { target->receive(std::move(m)); });
  if (!what)
    return;
  // The worker ends, not the caller. It may have removed itself already; its object is still there:
  // workers are destroyed by their actor, never inside a delivery.
  dropped_.add(drop_reason::worker_failed);
  error why{errc::service_failed, *what, {}};
  for (auto it = table_->begin(); it != table_->end();) {
    bool gone = it->second.target == target;
    if (gone)
      tell_of_end(it->first, it->second, why);
    it = gone ? table_->erase(it) : std::next(it);
  }
  target->failed(*what);
}

bool switchboard::run_turn() {
  for (std::size_t n = 0; n < deliveries_per_turn && head_; ++n) {
    ++deliveries_;
    handle(pop());
  }
  // Flushing may queue more (a link that fails drops its backlog with reports) and may even make an end
  // of one that is still to be flushed (`forget`). What gets dirty meanwhile is for the next turn.
  flushing_.swap(dirty_);
  for (auto* f : flushing_)
    f->queued_ = false;
  for (std::size_t i = 0; i < flushing_.size(); ++i)
    if (auto* f = flushing_[i])
      f->flush();
  flushing_.clear();
  return head_ != nullptr || !dirty_.empty();
}

void switchboard::flush_later(flushable& f) {
  if (f.queued_)
    return;
  f.queued_ = true;
  dirty_.push_back(&f);
}

void switchboard::forget(flushable& f) {
  std::replace(flushing_.begin(), flushing_.end(), &f, static_cast<flushable*>(nullptr));
  if (std::exchange(f.queued_, false))
    std::erase(dirty_, &f);
}

// -- what does not arrive ----------------------------------------------------------------------------

namespace {

/// How many addresses its onward route has.
std::uint32_t hops_left(const message& m) {
  std::uint32_t n = 0;
  m.header.each_onward([&](address_view) { ++n; });
  return n;
}

} // namespace

/// Tells the sender of a traced message that a worker gets it now. The passage goes back along the way that
/// the message has come so far, as a message of its own, charged to the same link.
void switchboard::trace(message& m, const worker_entry& entry) {
  m.header.traced(m.header.traced() + 1);
  auto now = now_();
  if (m.seen == clock::time_point{})
    m.seen = now;
  if (m.header.return_empty() || !may_report(m))
    return;
  report r;
  r.passed = true;
  r.hop = address{m.header.next()};
  r.node = node_name_;
  r.detail = entry.type;
  r.index = m.header.traced();
  r.left = hops_left(m);
  r.held_us = static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::microseconds>(now - m.seen).count());
  auto passage = std::make_unique<message>();
  m.header.each_return([&](address_view a) { passage->header.append_onward(a); });
  passage->header.set_report(std::move(r));
  provenance::inherit(*passage, m);
  provenance::answer(*passage);
  if (auto* from = m.held.source())
    passage->held = credit{*from, passage->footprint()};
  deliver(std::move(passage));
}

/// From now until the worker has answered it, passed it on or let it go.
void switchboard::begin_span(message& m, std::string_view type) {
  auto of = *m.trace();
  if (!of.is_sampled() || !tracer_->is_open())
    return;
  span s;
  s.worker = to_string(m.header.next());
  s.type = type;
  if (m.is_straight_from_link()) {
    auto link = m.header.return_front();
    s.link = to_string(link);
    if (is_shared(link)) // the peer stands behind it
      s.peer = printable(peer_on_shared_link(*this, m).name);
    else if (peer_of_)
      s.peer = peer_of_(link);
  }
  if (const auto* who = m.identity())
    s.identity = printable(*who);
  if (auto begun = tracer_->begin_span(of, std::move(s))) {
    m.header.set_trace_context(std::move(of));
    message_span::begin(m, std::move(begun));
  }
}

/// A message that no worker has is one that no worker has got: what it was for shows there.
void switchboard::span_of_drop(message& m, drop_reason why, std::string_view detail) {
  if (!message_span::is_there(m) && tracer_ && !m.header.is_of_stream())
    begin_span(m, {});
  message_span::dropped(m, why, detail);
}

bool switchboard::may_report(const message& m) {
  if (!m.is_imported())
    return true;
  auto link = m.source().producer;
  if (flows_.text(link).empty())
    return false; // it has ended, and its window with it
  return reports_.take(link, peer_on_shared_link(*this, m).name, now_());
}

/// Whether a hole would be seen: in a stream, and in what goes from one link to another for another implementation, behind
/// a hop or a relay or, once both ends know the way, straight (its way back then has the link that it came by and the worker
/// at its end, where that of a reply has one address).
bool switchboard::must_be_whole(const message& m, const worker_entry* next) noexcept {
  if (m.header.is_of_stream())
    return true;
  if (!m.foreign || !next || next->producer == 0 || m.header.get_report())
    return false;
  std::size_t hops = 0;
  m.header.each_return([&](address_view) { ++hops; });
  return hops > 1;
}

bool switchboard::breaks_stream(const message& m, drop_reason why) {
  if (why == drop_reason::stream_broken || m.header.onward_empty())
    return false;
  bool marked = m.header.is_of_stream();
  if (!marked && ((why != drop_reason::congested && why != drop_reason::link_down) || !must_be_whole(m, find(m.header.next()))))
    return false;
  return broken_.add(broken_flows::key_of(m), now_()) && marked;
}

/// Where the message would have gone: its receiver waits for more that will not come.
void switchboard::tell_receiver(const message& m, const report& r) {
  auto told = std::make_unique<message>();
  m.header.each_onward([&](address_view a) { told->header.append_onward(a); });
  told->header.set_report(r);
  provenance::inherit(*told, m);
  provenance::answer(*told);
  if (auto* from = m.held.source())
    told->held = credit{*from, told->footprint()};
  deliver(std::move(told));
}

void switchboard::drop(message_ptr m, drop_reason why, std::string_view detail) {
  bool hidden = why == drop_reason::unknown_worker && m->is_straight_from_link() && !may_know_of(m->source(), m->header.next());
  report_drop(std::move(m), why, detail, hidden);
}

void switchboard::refuse(message_ptr m, std::string_view detail) {
  bool hidden = !m->is_local();
  report_drop(std::move(m), drop_reason::refused, detail, hidden);
}

/// Whether they may be told that there is none of that name: it would be theirs.
bool switchboard::may_know_of(const message_source& who, address_view worker) const {
  if (any_name_ != 0 && who.shared == any_name_)
    return true;
  auto it = allowed_.find(address{worker});
  return it != allowed_.end() && std::any_of(it->second.begin(), it->second.end(), [&](auto flow) { return who.has(flow); });
}

bool switchboard::reaches_something(const message_source& who) const {
  return (any_name_ != 0 && who.shared == any_name_) || std::any_of(allowed_.begin(), allowed_.end(), [&](auto& e) {
           return std::any_of(e.second.begin(), e.second.end(), [&](auto flow) { return who.has(flow); });
         });
}

/// `hidden`: not for the sender to know more than that.
void switchboard::report_drop(message_ptr m, drop_reason why, std::string_view detail, bool hidden) {
  dropped_.add(why);
  if (m->trace()) [[unlikely]]
    span_of_drop(*m, why, detail);
  bool tell_both = breaks_stream(*m, why);
  if (!tell_both && !m->header.wants_report())
    return;
  if (!tell_both && (m->header.return_empty() || !may_report(*m)))
    return;
  report r;
  r.reason = hidden ? drop_reason::refused : why;
  if (!m->header.onward_empty())
    r.hop = address{m->header.next()};
  if (!hidden || reaches_something(m->source())) {
    r.node = node_name_;
    r.detail = detail.substr(0, report::max_detail);
  }
  if (m->header.is_traced()) {
    r.index = m->header.traced();
    r.left = hops_left(*m);
  }
  if (tell_both) {
    tell_receiver(*m, r);
    if (m->header.return_empty())
      return;
  }
  // The same message turns round, and its share of the budget is that of the report now.
  m->header.make_reply(std::nullopt);
  m->header.set_report(std::move(r));
  m->body = payload{};
  provenance::answer(*m);
  if (auto* from = m->held.source())
    m->held = credit{*from, m->footprint()};
  deliver(std::move(m));
}

message_ptr make_witness(const message& m) {
  if (!m.header.wants_report() || m.header.return_empty() || m.header.onward_empty())
    return nullptr;
  auto w = std::make_unique<message>();
  m.header.each_return([&](address_view a) { w->header.append_return(a); }); // first: behind an onward route there is no room for it
  w->header.append_onward(m.header.next());
  w->header.flags(m.header.flags());
  provenance::inherit(*w, m);
  if (auto* from = m.held.source())
    w->held = credit{*from, w->footprint()};
  return w;
}

message_ptr make_message(const route& onward, address_view from, payload body) {
  auto m = std::make_unique<message>();
  std::size_t bytes = route_header::entry_size(from);
  for (const auto& a : onward)
    bytes += route_header::entry_size(a);
  m->header.reserve(bytes);
  m->header.push_return(from);
  for (const auto& a : onward)
    m->header.append_onward(a);
  m->body = std::move(body);
  return m;
}

} // namespace ockam
