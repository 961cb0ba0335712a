// SPDX-License-Identifier: Apache-2.0
#include "runtime/workers/watch_client.hpp"

#include "runtime/core/guarded.hpp"
#include "runtime/workers/watch_session.hpp"
#include "runtime/workers/worker_host.hpp"

#include <algorithm>

namespace ockam {

namespace {

/// A node calls none of this itself; its plugins do, and link nothing.
[[gnu::used]] constexpr auto kept_for_plugins = &watcher::watch;

/// Whether a route leads to a worker: at its end stands the name of one.
bool leads_to_worker(const route& to) {
  return !to.empty() && to.size() <= max_route_hops && to.back().is_local() && !to.back().name.empty()
         && std::all_of(to.begin(), to.end(), [](const address& a) { return a.name.size() <= max_name_length; });
}

} // namespace

watch_client::watch_client(workers& of) : workers_{of} {}
watch_client::~watch_client() = default;

void watch_client::on_start() {
  desk_ = std::make_shared<watch_desk>([box = my_postbox(), this] { box.post([this] { hear(); }); });
  watch_desk::set(*this, desk_);
}

/// Who is to be told once is told now: nobody does it later.
void watch_client::on_stop() noexcept {
  watch_desk::set(*this, nullptr);
  auto tell = [this](watcher::ended& then) {
    if (auto failure = guarded([&] { then({errc::closed, "the node stops", {}}); }))
      log_error("an end could not be told: " + *failure);
  };
  for (auto& [id, o] : desk_->close().fresh)
    tell(o.then);
  for (auto& [id, w] : std::exchange(watches_, {}))
    tell(w.then);
}

void watch_client::hear() {
  retired_.clear();
  auto orders = desk_->take();
  for (auto id : orders.gone)
    unwatch(id);
  for (auto& [id, o] : orders.fresh)
    watch(id, std::move(o));
  for (auto* s : std::exchange(touched_, {}))
    s->speak();
  if (!sessions_.empty() && !std::exchange(ticks_, true))
    set_timer(watch_session::tick_length);
}

void watch_client::on_timer(std::uint64_t) {
  retired_.clear();
  for (auto it = sessions_.begin(); it != sessions_.end();)
    (it++)->second->tick(); // which may end it, and begins no other
  ticks_ = !sessions_.empty();
  if (ticks_)
    set_timer(watch_session::tick_length);
}

void watch_client::watch(watch_id id, watch_order o) {
  if (!leads_to_worker(o.to))
    return o.then({errc::invalid_route, "the route " + to_string(o.to) + " does not lead to a worker",
                   "its last address is the name of one"});
  const auto& first = o.to.front();
  const auto* there = workers_.board().find(first);
  if (o.by && !o.by->may_send_to(first, !first.is_local() || (there && there->producer != 0)))
    return o.then({errc::undeliverable, "the worker that watches may not send to " + to_string(first), {}});
  if (watches_.size() >= most)
    return o.then({errc::limit_reached, "this node watches " + std::to_string(most) + " workers already", {}});
  auto name = std::move(o.to.back().name);
  o.to.pop_back();
  if (sessions_.size() >= most_sessions && !sessions_.contains(o.to))
    return o.then({errc::limit_reached,
                   "this node watches workers at " + std::to_string(most_sessions) + " places already",
                   "workers at one place have the same route but for the last address"});
  auto& s = session_for(std::move(o.to));
  watches_.emplace(id, open_watch{&s, 0, std::move(name), std::move(o.then)});
  s.add(id);
  touched_.push_back(&s);
}

void watch_client::unwatch(watch_id id) {
  auto it = watches_.find(id);
  if (it == watches_.end())
    return;
  auto w = std::move(it->second);
  watches_.erase(it);
  w.session->remove(id, w.number);
  touched_.push_back(w.session);
}

watch_session& watch_client::session_for(route prefix) {
  if (auto it = sessions_.find(prefix); it != sessions_.end())
    return *it->second;
  auto s = std::make_unique<watch_session>(*this, prefix);
  return *sessions_.emplace(std::move(prefix), std::move(s)).first->second;
}

void watch_client::send(message_ptr m) {
  admit_answers(workers_.board(), m->header.return_front(), m->header.next());
  worker_host::of(*this).send(std::move(m));
}

void watch_client::end(watch_id id, const error& why) {
  auto it = watches_.find(id);
  auto then = std::move(it->second.then);
  watches_.erase(it);
  then(why);
}

void watch_client::move(const watch_session& from, const std::vector<watch_id>& ids) {
  if (ids.empty())
    return;
  auto& s = session_for(from.prefix());
  for (auto id : ids) {
    auto& w = watches_.at(id);
    w.session = &s;
    w.number = 0;
    s.add(id);
  }
}

void watch_client::retire(watch_session& s) {
  auto it = sessions_.find(s.prefix());
  if (it == sessions_.end() || it->second.get() != &s)
    return;
  retired_.push_back(std::move(it->second));
  sessions_.erase(it);
}

} // namespace ockam
