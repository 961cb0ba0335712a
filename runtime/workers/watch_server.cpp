// SPDX-License-Identifier: Apache-2.0
#include "runtime/workers/watch_server.hpp"

#include "runtime/core/provenance.hpp"
#include "runtime/workers/worker_host.hpp"

#include <algorithm>

namespace ockam {

namespace {

constexpr std::chrono::seconds look{5};

/// Whether it can be the first of a session.
bool begins(const watch::ping& p) { return p.first == 1 && p.seen == 0 && !p.changes.empty(); }

/// 0: it is of this node.
std::uint32_t link_of(const message& m) { return m.is_imported() ? m.source().producer : 0; }

std::size_t bytes_of(const message& m) {
  std::size_t n = 0;
  m.header.each_return([&](address_view a) { n += sizeof(address) + a.name.size(); });
  return n;
}

watch::reason reason_of(const error& why) noexcept {
  return why.code == errc::ok       ? watch::reason::quit
         : why.code == errc::closed ? watch::reason::stopped
                                    : watch::reason::failed;
}

} // namespace

watch_server::~watch_server() { workers_.board().forget(*this); }

void watch_server::on_start() {
  workers_.board().open_to_peers(self());
  workers_.board().tell_of_ends(this);
  shown_sessions_ = &counter("sessions");
  shown_watches_ = &counter("watches");
}

void watch_server::on_stop() noexcept { workers_.board().tell_of_ends(nullptr); }

void watch_server::on_message(message_ptr m) {
  auto p = watch::decode_ping(m->bytes());
  if (!p) {
    ++counter("malformed");
    return drop(std::move(m), drop_reason::refused, "no message about watches");
  }
  auto* s = session_for(*m, *p);
  if (s ? !heard(*s, *m) : !stopping_ && begins(*p)) {
    ++counter("refused");
    return drop(std::move(m), drop_reason::congested, "there are too many who watch");
  }
  if (!s) { // what it was about is no more, or was never heard of
    watch::pong none;
    none.session = p->session;
    none.state = stopping_ ? watch::standing::stopping : watch::standing::unknown;
    auto body = watch::encode(none);
    return reply_from_budget(std::move(m), std::move(body));
  }
  apply(*s, *p);
  auto body = news(*s, s->first);
  dirty_.erase(s->number);
  if (s->items() == 0 && p->first + p->changes.size() == s->done + 1) // who asks has nothing left either
    end(*s);
  reply_from_budget(std::move(m), std::move(body));
}

// -- sessions ----------------------------------------------------------------------------------------

/// The one that the ping belongs to, or a new one if it is the first of its session and there is room.
watch_server::session* watch_server::session_for(const message& m, const watch::ping& p) {
  auto bytes = bytes_of(m);
  if (bytes == 0 || bytes > most_route_bytes)
    return nullptr;
  std::string name{p.session};
  if (auto it = numbers_.find(name); it != numbers_.end())
    return &sessions_.at(it->second);
  auto link = link_of(m);
  if (!begins(p) || (stopping_ && link != 0) || !has_room_for(link))
    return nullptr;
  auto& s = sessions_[++last_session_];
  s.name = name;
  s.number = last_session_;
  numbers_.emplace(std::move(name), s.number);
  join(s, link);
  if (!std::exchange(looks_, true))
    set_timer(look);
  return &s;
}

bool watch_server::has_room_for(std::uint32_t link) const {
  const auto& its = use_of(link);
  return link == 0 ? its.sessions < most_sessions
                   : its.sessions < most_sessions_of_link && of_peers_.sessions < most_sessions;
}

/// Whether one that came by another link fits in beside what comes by this one.
bool watch_server::has_room_for(std::uint32_t link, const session& moved) const {
  if (!has_room_for(link))
    return false;
  const auto& its = use_of(link);
  if (link == 0)
    return its.items + moved.items() <= most_items;
  return its.items + moved.items() <= most_items_of_link
         && (moved.link != 0 || of_peers_.items + moved.items() <= most_items);
}

const watch_server::use& watch_server::use_of(std::uint32_t link) const {
  static constexpr use none;
  auto it = links_.find(link);
  return it == links_.end() ? none : it->second;
}

void watch_server::join(session& s, std::uint32_t link) {
  s.link = link;
  ++links_[link].sessions;
  if (link != 0)
    ++of_peers_.sessions;
  count(s, static_cast<std::ptrdiff_t>(s.items()));
}

void watch_server::leave(session& s) {
  count(s, -static_cast<std::ptrdiff_t>(s.items()));
  if (s.link != 0)
    --of_peers_.sessions;
  if (auto it = links_.find(s.link); --it->second.sessions == 0)
    links_.erase(it);
}

/// It may come by another link than before: answers go there from now on, and what it may reach is what that one may.
/// False when that one has no room for it: it stays where it was, and is not heard.
bool watch_server::heard(session& s, const message& m) {
  if (auto link = link_of(m); link != s.link) {
    if (!has_room_for(link, s))
      return false;
    leave(s);
    join(s, link);
  }
  s.silent = 0;
  s.back = m.return_route();
  if (!s.like)
    s.like = std::make_unique<message>();
  provenance::inherit(*s.like, m);
  return true;
}

void watch_server::end(session& s) {
  while (!s.watched.empty())
    forget(s, s.watched.begin()->first);
  leave(s);
  dirty_.erase(s.number);
  numbers_.erase(s.name);
  sessions_.erase(s.number);
  show();
}

void watch_server::on_timer(std::uint64_t) {
  for (auto it = sessions_.begin(); it != sessions_.end();) {
    auto& s = (it++)->second;
    bool link_has_ended = s.link != 0 && workers_.board().flows().text(s.link).empty();
    if (s.silent++ * look >= (link_has_ended ? lease_without_link : lease))
      end(s);
  }
  looks_ = !sessions_.empty();
  if (looks_)
    set_timer(look);
}

void watch_server::count(session& s, std::ptrdiff_t items) {
  items_ += static_cast<std::size_t>(items);
  links_[s.link].items += static_cast<std::size_t>(items);
  if (s.link != 0)
    of_peers_.items += static_cast<std::size_t>(items);
  show();
}

void watch_server::show() {
  shown_sessions_->store(sessions_.size(), std::memory_order_relaxed);
  shown_watches_->store(items_, std::memory_order_relaxed);
}

// -- what is watched ---------------------------------------------------------------------------------

bool watch_server::has_room(const session& s) const {
  const auto& its = use_of(s.link);
  return s.downs.size() < most_unseen
         && (s.link == 0 ? its.items < most_items : its.items < most_items_of_link && of_peers_.items < most_items);
}

/// Changes come again until they are acknowledged, in order: those that are known already are passed over.
void watch_server::apply(session& s, const watch::ping& p) {
  while (s.first <= p.seen && !s.downs.empty()) {
    s.downs.pop_front();
    ++s.first;
    count(s, -1);
  }
  s.said = std::max(s.said, s.first - 1); // whatever who asks says to have seen
  if (p.first > s.done + 1)
    return;
  for (auto i = s.done + 1 - p.first; i < p.changes.size() && has_room(s); ++i) {
    const auto& c = p.changes[i];
    ++s.done;
    if (c.name.empty())
      forget(s, c.watch);
    else
      add(s, s.done, c.name);
  }
}

void watch_server::add(session& s, std::uint64_t number, std::string_view name) {
  auto& board = workers_.board();
  address_view target{transport_type::local, name};
  if (auto outlook = board.outlook(*s.like, target); outlook != drop_reason::none) // the answer tells it
    return tell(s,
                {number, outlook == drop_reason::refused ? watch::reason::refused : watch::reason::no_worker, nullptr});
  board.find(target)->watched = true;
  auto& [key, watchers] = *watched_.try_emplace(address{target}).first;
  watchers.emplace(s.number, number);
  s.watched.emplace(number, &key);
  count(s, 1);
}

void watch_server::forget(session& s, std::uint64_t number) {
  auto it = s.watched.find(number);
  if (it == s.watched.end())
    return;
  auto watchers = watched_.find(*it->second);
  bool has_ended = watchers == watched_.end() || &watchers->first != it->second; // and is about to be told
  if (!has_ended)
    watchers->second.erase({s.number, number});
  if (!has_ended && watchers->second.empty()) {
    if (auto* entry = workers_.board().find(watchers->first))
      entry->watched = false;
    watched_.erase(watchers);
  }
  s.watched.erase(it);
  count(s, -1);
}

/// Who may know is settled now, as long as the address is there; all else waits for the end of the turn.
void watch_server::ended(address_view name, const error& why) {
  auto it = watched_.find(name);
  if (it == watched_.end())
    return;
  end_of_worker e;
  e.why = reason_of(why);
  if (!why.cause.empty())
    e.words = std::make_shared<const std::string>(why.cause.substr(0, watch::most_words));
  const auto& watchers = it->second;
  for (auto w = watchers.begin(); w != watchers.end(); w = watchers.lower_bound({w->first + 1, 0}))
    if (workers_.board().outlook(*sessions_.at(w->first).like, name) != drop_reason::none)
      e.not_for.insert(w->first);
  e.of = watched_.extract(it);
  ends_.push_back(std::move(e));
  workers_.board().flush_later(*this);
}

std::size_t watch_server::count_watchers(address_view name) const {
  auto it = watched_.find(address{name});
  return it == watched_.end() ? 0 : it->second.size();
}

// -- what is told ------------------------------------------------------------------------------------

void watch_server::tell(session& s, told_end t) {
  s.downs.push_back(std::move(t));
  count(s, 1);
  dirty_.insert(s.number);
}

/// Who watches from here is told when what it watches really ends.
void watch_server::stopping() {
  stopping_ = true;
  for (auto it = sessions_.begin(); it != sessions_.end();) {
    auto& s = (it++)->second;
    if (s.link == 0)
      continue;
    watch::pong p;
    p.session = s.name;
    p.state = watch::standing::stopping;
    p.done = s.done;
    say(s, watch::encode(p));
    end(s);
  }
}

void watch_server::say(const session& s, payload what) {
  worker_host::of(*this).send(make_message(s.back, self(), std::move(what)));
}

/// The downs from this number on, as many as fit.
payload watch_server::news(session& s, std::uint64_t from) {
  watch::pong p;
  p.session = s.name;
  p.done = s.done;
  p.first = from;
  std::size_t size = 0;
  for (auto t = s.downs.begin() + static_cast<std::ptrdiff_t>(from - s.first); t != s.downs.end(); ++t) {
    watch::down d{t->watch, t->why, t->words ? std::string_view{*t->words} : std::string_view{}};
    size += watch::size_of(d);
    if (size > watch::usual)
      break;
    p.downs.push_back(d);
  }
  s.said = std::max(s.said, from + p.downs.size() - 1);
  return watch::encode(p);
}

/// Tells so many watchers of what has ended; the others have their turns.
void watch_server::tell_some() {
  for (std::size_t told = 0; !ends_.empty() && told < most_told_in_turn;) {
    auto& e = ends_.front();
    auto& watchers = e.of.mapped();
    for (; !watchers.empty() && told < most_told_in_turn; ++told) {
      auto [number, watch] = *watchers.begin();
      watchers.erase(watchers.begin());
      auto s = sessions_.find(number);
      if (s == sessions_.end() || s->second.watched.erase(watch) == 0) // it is over, or was taken back meanwhile
        continue;
      count(s->second, -1);
      tell(s->second, e.not_for.contains(number) ? told_end{watch, watch::reason::refused, nullptr}
                                                 : told_end{watch, e.why, e.words});
    }
    if (watchers.empty())
      ends_.pop_front();
  }
}

/// At the end of the turn: what has ended in it is told as one, and only what was not told before, since an end must
/// not bring all that somebody never acknowledges again. That is left to the answers to their pings.
void watch_server::flush() {
  tell_some();
  for (auto number : std::exchange(dirty_, {}))
    if (auto it = sessions_.find(number); it != sessions_.end() && it->second.said < it->second.last_down())
      say(it->second, news(it->second, it->second.said + 1));
  if (!ends_.empty())
    my_postbox().post([this] { workers_.board().flush_later(*this); });
}

} // namespace ockam
