// SPDX-License-Identifier: Apache-2.0
#include "runtime/workers/watch_desk.hpp"

#include "runtime/workers/shared_by_name.hpp"
#include "runtime/workers/worker_host.hpp"

#include <caf/actor_system.hpp>
#include <caf/scheduled_actor.hpp>

namespace ockam {

namespace {

const auto desk_name = caf::atom("ockamwatch");

caf::actor_system& system_of(const worker& w) { return worker_host::of(w).actor().home_system(); }

} // namespace

std::shared_ptr<watch_desk> watch_desk::of(caf::actor_system& system) {
  return find_shared<watch_desk>(system, desk_name);
}

std::shared_ptr<watch_desk> watch_desk::of(const worker& w) { return of(system_of(w)); }

void watch_desk::set(const worker& w, std::shared_ptr<watch_desk> desk) { set(system_of(w), std::move(desk)); }

void watch_desk::set(caf::actor_system& system, std::shared_ptr<watch_desk> desk) {
  if (desk)
    share(system, desk_name, std::move(desk));
  else
    unshare(system, desk_name);
}

watch_id watch_desk::watch(watch_order o) {
  watch_id id;
  bool first;
  {
    std::lock_guard guard{lock_};
    if (closed_)
      return 0;
    first = waiting_.fresh.empty() && waiting_.gone.empty();
    id = ++last_;
    waiting_.fresh.emplace(id, std::move(o));
  }
  if (first)
    wake_();
  return id;
}

void watch_desk::unwatch(watch_id id) {
  decltype(waiting_.fresh)::node_type never_seen; // ends without the lock: what it holds may call anything
  bool first;
  {
    std::lock_guard guard{lock_};
    first = waiting_.fresh.empty() && waiting_.gone.empty();
    never_seen = waiting_.fresh.extract(id);
    if (never_seen || closed_)
      return;
    waiting_.gone.push_back(id);
  }
  if (first)
    wake_();
}

watch_desk::orders watch_desk::take() {
  std::lock_guard guard{lock_};
  return std::exchange(waiting_, {});
}

watch_desk::orders watch_desk::close() {
  std::lock_guard guard{lock_};
  closed_ = true;
  return std::exchange(waiting_, {});
}

} // namespace ockam
