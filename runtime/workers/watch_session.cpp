// SPDX-License-Identifier: Apache-2.0
#include "runtime/workers/watch_session.hpp"

#include "runtime/workers/requests.hpp"
#include "runtime/workers/watch_client.hpp"
#include "runtime/workers/watch_server.hpp"

#include <algorithm>
#include <utility>
#include <vector>

namespace ockam {

namespace {

/// How much is said to who has not shown to understand it.
constexpr std::size_t little = 1u << 10;

/// One that only echoes is asked once in so many times whether it does more.
constexpr unsigned between_doubts = 5;

constexpr std::string_view echo_text = "are you there";

address_view first_hop(const route& prefix) {
  return prefix.empty() ? address_view{transport_type::local, watch_address}
                        : static_cast<address_view>(prefix.front());
}

route with(route prefix, std::string_view worker) {
  prefix.emplace_back(std::string{worker});
  return prefix;
}

} // namespace

watch_session::watch_session(watch_client& owner, route prefix)
  : owner_{owner}, prefix_{std::move(prefix)}, self_{owner.where().board(), *this, first_hop(prefix_)},
    name_{random_hex_128()} {}

void watch_session::remove(watch_id id, std::uint64_t number) {
  to_add_.erase(id);
  if (watched_.erase(number) > 0)
    to_remove_.insert(number);
}

// -- what is said ------------------------------------------------------------------------------------

void watch_session::speak() {
  if (idle())
    return owner_.retire(*this);
  if (sent_.empty() && !(to_add_.empty() && to_remove_.empty()))
    ping();
}

/// Changes get their numbers when they are said for the first time: what is taken back before that leaves nothing.
void watch_session::fill() {
  const auto most = heard_ ? watch::usual : little;
  for (std::size_t size = 0; !to_remove_.empty() && size < most;) {
    auto number = to_remove_.extract(to_remove_.begin()).value();
    size += watch::size_of({{}, number});
    sent_.push_back({0, number, {}});
  }
  for (std::size_t size = 0; !to_add_.empty() && size < most;) {
    auto id = to_add_.extract(to_add_.begin()).value();
    auto& w = owner_.at(id);
    w.number = first_ + sent_.size();
    watched_.emplace(w.number, id);
    size += watch::size_of({w.name, 0});
    sent_.push_back({id, 0, w.name});
  }
}

void watch_session::ping() {
  if (sent_.empty())
    fill();
  watch::ping p;
  p.session = name_;
  p.seen = seen_;
  p.first = first_;
  for (const auto& c : sent_)
    p.changes.push_back({c.name, c.remove});
  auto m = make_message(with(prefix_, watch_address), self_.get(), watch::encode(p));
  m->header.flags(route_header::flag_report);
  owner_.send(std::move(m));
  due_ = 2; // half a second at least
}

void watch_session::ask_echo() {
  owner_.send(make_message(with(prefix_, "echo"), self_.get(), text_payload(echo_text)));
}

void watch_session::tick() {
  if (++silent_ > ticks_to_live)
    return end_all(silence());
  if (heard_ && !sent_.empty() && silent_ <= ticks_between_pings && ++stuck_ > ticks_to_live)
    return refuse_unconfirmed();
  if (due_ > 0 && --due_ > 0)
    return;
  if (!heard_ && !prefix_.empty())
    ask_echo();
  bool of_others = !heard_ && echoes_;
  if (!of_others || ++echoed_ % between_doubts == 0)
    ping();
  due_ = of_others ? ticks_between_pings : 1;
}

// -- what is heard -----------------------------------------------------------------------------------

void watch_session::receive(message_ptr m) {
  if (const auto* r = m->header.get_report())
    return on_report(*r);
  if (auto p = watch::decode_pong(m->bytes()); p && p->session == name_)
    return take(*p);
  if (!heard_ && m->text() == echo_text) {
    echoes_ = true;
    alive();
  }
}

void watch_session::alive() {
  silent_ = 0;
  due_ = ticks_between_pings;
  last_words_.clear();
}

void watch_session::take(const watch::pong& p) {
  alive();
  if (p.state == watch::standing::unknown)
    return begin_anew();
  heard_ = true;
  confirm(p.done);
  bool fresh = take_downs(p);
  if (p.state == watch::standing::stopping)
    return end_all({errc::closed, there() + " stops", {}});
  if (fresh)
    ping(); // the other end remembers what it has told until it knows that it was heard
  else if (p.downs.empty() && watched_.empty() && to_remove_.empty() && sent_.empty())
    renew();
  speak();
}

/// Nothing was left of the session, so the other end has ended it: what is watched from now on is another one's.
void watch_session::renew() {
  name_ = random_hex_128();
  first_ = 1;
  seen_ = 0;
}

void watch_session::confirm(std::uint64_t done) {
  if (done < first_ || done >= first_ + sent_.size())
    return;
  stuck_ = 0;
  for (; first_ <= done; ++first_)
    sent_.pop_front();
}

/// True when there was one that had not come in yet.
bool watch_session::take_downs(const watch::pong& p) {
  bool fresh = false;
  for (std::size_t i = 0; i < p.downs.size(); ++i) {
    const auto& d = p.downs[i];
    if (p.first + i != seen_ + 1 || d.watch >= first_ + sent_.size())
      continue;
    ++seen_;
    fresh = true;
    to_remove_.erase(d.watch);
    if (auto watched = watched_.extract(d.watch)) {
      auto id = watched.mapped();
      owner_.end(id, to_error(d, owner_.at(id).name));
    }
  }
  return fresh;
}

void watch_session::on_report(const report& r) {
  if (r.reason == drop_reason::node_stopping && r.hop == address{std::string{watch_address}})
    return end_all({errc::closed, there() + " stops", {}});
  last_words_ = ockam::to_error(r).cause;
}

// -- the end -----------------------------------------------------------------------------------------

/// The other end has been started again, or has not heard from here for so long that it forgot: what it had confirmed
/// to watch may have ended meanwhile.
void watch_session::begin_anew() {
  std::vector<watch_id> lost, again{to_add_.begin(), to_add_.end()};
  for (const auto& [number, id] : watched_)
    (number < first_ ? lost : again).push_back(id);
  to_add_.clear();
  watched_.clear();
  owner_.retire(*this);
  std::sort(lost.begin(), lost.end());
  for (auto id : lost)
    owner_.end(id, {errc::closed, there() + " has been started again, or had no news from here for too long", {}});
  std::sort(again.begin(), again.end());
  owner_.move(*this, again);
}

void watch_session::end_all(const error& why) {
  std::vector<watch_id> all{to_add_.begin(), to_add_.end()};
  for (const auto& [number, id] : watched_)
    all.push_back(id);
  to_add_.clear();
  watched_.clear();
  owner_.retire(*this);
  std::sort(all.begin(), all.end());
  for (auto id : all)
    owner_.end(id, why);
}

/// The other end answers, and takes no more.
void watch_session::refuse_unconfirmed() {
  std::vector<watch_id> all{to_add_.begin(), to_add_.end()};
  to_add_.clear();
  for (std::size_t i = 0; i < sent_.size(); ++i)
    if (watched_.erase(first_ + i) > 0) {
      all.push_back(sent_[i].add);
      to_remove_.insert(first_ + i);
    }
  stuck_ = 0;
  if (watched_.empty())
    owner_.retire(*this);
  std::sort(all.begin(), all.end());
  for (auto id : all)
    owner_.end(id, {errc::limit_reached, there() + " tells of no more workers", {}});
}

error watch_session::to_error(const watch::down& d, const std::string& name) const {
  auto where = to_string(with(prefix_, name));
  auto words = d.words.empty() ? std::string{} : ": " + printable(d.words);
  switch (d.why) {
    case watch::reason::quit: return {errc::ok, "the worker at " + where + " has ended" + words, {}};
    case watch::reason::stopped: return {errc::closed, "the worker at " + where + " is no more" + words, {}};
    case watch::reason::failed: return {errc::service_failed, "the worker at " + where + " failed" + words, {}};
    case watch::reason::no_worker: return {errc::undeliverable, "there is no worker at " + where, {}};
    case watch::reason::refused: break;
  }
  return {errc::undeliverable, "the node there does not let this one reach " + where,
          "its operator admits peers by the key allow of a listener"};
}

std::string watch_session::there() const { return prefix_.empty() ? "this node" : "the node at " + to_string(prefix_); }

error watch_session::silence() const {
  auto words = last_words_.empty() ? std::string{} : ": " + last_words_;
  auto seconds = std::chrono::duration_cast<std::chrono::seconds>(ticks_to_live * tick_length).count();
  return {
    errc::unreachable, "nothing was heard from " + there() + " for " + std::to_string(seconds) + " s" + words, {}};
}

} // namespace ockam
