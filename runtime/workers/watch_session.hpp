// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "runtime/core/switchboard.hpp"
#include "runtime/core/watch_codec.hpp"
#include "runtime/workers/reply_address.hpp"
#include "runtime/workers/watcher.hpp"

#include <chrono>
#include <deque>
#include <set>
#include <string>
#include <unordered_map>

namespace ockam {

class watch_client;

/// What one node asks another to tell it of (`watch_server`), however many workers that is about.
///
///     asking ──pong──▶ heard ──"unknown"──▶ (another session, for what was not confirmed in this one)
///       │ ▲              │
///       └─┘ echo         └──▶ nothing is watched any more, or has come in for 8 s, or the node stops: over
///
/// A ping each 2 s, and each 500 ms while one is not answered: a lost one matters little, and a node that is given up
/// has been asked often. Time is counted in ticks, of which a node that was paused has none. A node of another
/// implementation answers no ping; its `echo` is asked instead, and there is no telling of ends. Socket thread.
class watch_session final : public receiver {
 public:
  static constexpr std::chrono::milliseconds tick_length{500};
  static constexpr unsigned ticks_to_live = 16, ticks_between_pings = 4;

  /// `prefix`: the way to the node, without the name of a worker on it.
  watch_session(watch_client& owner, route prefix);

  const route& prefix() const noexcept { return prefix_; }
  void add(watch_id id) { to_add_.insert(id); }
  /// `number`: of the change that has said so, 0: none yet.
  void remove(watch_id id, std::uint64_t number);
  /// Says what there is to say, unless it waits for the answer to what it has said.
  void speak();
  void tick();

  // receiver
  void receive(message_ptr m) override;
  void failed(std::string_view) noexcept override {} // `receive` calls no code of a user

 private:
  /// One that was said and is not confirmed.
  struct sent_change {
    watch_id add = 0;         ///< 0: to watch no more
    std::uint64_t remove = 0; ///< the change of this number
    std::string name;
  };

  bool idle() const noexcept { return to_add_.empty() && to_remove_.empty() && sent_.empty() && watched_.empty(); }
  void ping();
  void ask_echo();
  void fill();
  void take(const watch::pong& p);
  void renew();
  bool take_downs(const watch::pong& p);
  void confirm(std::uint64_t done);
  void on_report(const report& r);
  void alive();
  void begin_anew();
  void end_all(const error& why);
  void refuse_unconfirmed();
  error to_error(const watch::down& d, const std::string& name) const;
  error silence() const;
  std::string there() const;

  watch_client& owner_;
  route prefix_;
  reply_address self_;
  std::string name_; ///< of the session, for the other end
  std::set<watch_id> to_add_;
  std::set<std::uint64_t> to_remove_;
  std::uint64_t first_ = 1;                             ///< the number of the first of
  std::deque<sent_change> sent_;                        ///< that are not confirmed
  std::unordered_map<std::uint64_t, watch_id> watched_; ///< that were said, by number
  std::uint64_t seen_ = 0;                              ///< the last down
  bool heard_ = false;                                  ///< the other end has answered as a node of ours does
  bool echoes_ = false;                                 ///< it has answered as any does
  unsigned due_ = 0;                                    ///< ticks until the next ping
  unsigned silent_ = 0;                                 ///< ticks since the last sign of life
  unsigned stuck_ = 0;     ///< ticks in which nothing was confirmed though there are answers
  unsigned echoed_ = 0;    ///< how often it was asked for an echo since it was asked for more
  std::string last_words_; ///< of a report about a ping
};

} // namespace ockam
