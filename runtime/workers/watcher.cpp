// SPDX-License-Identifier: Apache-2.0
#include "runtime/workers/watcher.hpp"

#include "runtime/workers/watch_desk.hpp"
#include "runtime/workers/worker_host.hpp"

#include <stdexcept>
#include <unordered_map>

namespace ockam {

struct watcher::state {
  /// Under numbers of this worker's own: the desk's are known too late for what ends at once.
  std::unordered_map<watch_id, std::pair<watch_id, ended>> all; ///< the desk's number, and who is told
  watch_id last = 0;
  std::shared_ptr<watch_desk> desk;

  void tell(watch_id id, const error& why) {
    auto it = all.find(id);
    if (it == all.end())
      return;
    auto then = std::move(it->second.second);
    all.erase(it);
    then(why);
  }
};

watcher::~watcher() {
  if (state_)
    for (const auto& [id, watched] : state_->all)
      if (watched.first != 0)
        state_->desk->unwatch(watched.first);
}

watch_id watcher::watch(route to, ended then) {
  auto& host = worker_host::of(owner_);
  if (!host.has_turn("watch"))
    return 0;
  if (!then)
    throw std::invalid_argument{"watch: nobody would be told"};
  if (!state_)
    state_ = std::make_shared<state>();
  auto& s = *state_;
  auto id = ++s.last;
  auto tell = [box = host.box(), weak = std::weak_ptr{state_}, id](const error& why) {
    box.post([weak, id, why] {
      if (auto still = weak.lock())
        still->tell(id, why);
    });
  };
  if (!s.desk)
    s.desk = watch_desk::of(owner_);
  auto& watched = s.all[id];
  watched.second = std::move(then);
  if (s.all.size() > most) {
    tell({errc::limit_reached, "this worker watches " + std::to_string(most) + " others already", {}});
    return id;
  }
  if (s.desk)
    watched.first = s.desk->watch({std::move(to), host.access(), tell});
  if (watched.first == 0)
    tell({errc::closed, "the node stops", {}});
  return id;
}

void watcher::unwatch(watch_id id) noexcept {
  auto watched = state_ ? state_->all.extract(id) : decltype(state_->all)::node_type{};
  if (watched && watched.mapped().first != 0)
    state_->desk->unwatch(watched.mapped().first);
}

std::size_t watcher::size() const noexcept { return state_ ? state_->all.size() : 0; }

} // namespace ockam
