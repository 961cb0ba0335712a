// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "runtime/core/switchboard.hpp"
#include "runtime/core/watch_codec.hpp"
#include "runtime/workers/worker.hpp"
#include "runtime/workers/workers.hpp"

#include <atomic>
#include <deque>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

namespace ockam {

/// Where each node can be asked to tell of the end of its workers: a stock worker, on the socket thread.
inline constexpr std::string_view watch_address = "_internal.watch";

/// Tells other nodes, and this one, of the end of workers that they watch (docs/protocol.md, Watches). Who watches
/// keeps a *session*, however many workers that is about: one small message (`watch::ping`) each two seconds, which
/// this answers (`watch::pong`). What ends is told at once, and again in each answer until the next ping says that it
/// has come in. A session that is not heard of for `lease` ends.
///
/// `ockam worker show _internal.watch` counts `sessions`, `watches` (with what waits to be acknowledged), and what was
/// `refused` or `malformed`.
///
/// Anybody who may reach something here may ask. Of a worker they are told what they would be told by sending to it.
/// Sessions, watches and what waits to be told are bounded, of each link and of all links together: what does not fit
/// is not taken, which who asks notices by the answers. For what this node watches of its own there is as much room
/// again, which no peer can take.
class watch_server final : public worker, public end_observer, public flushable {
 public:
  static constexpr std::chrono::seconds lease{30};
  /// When the link has ended that it came by last: who watches has given up by then, if it has not come by another one.
  /// So nobody fills what there is room for by coming again and again.
  static constexpr std::chrono::seconds lease_without_link{10};
  static constexpr std::size_t most_sessions = 4'096, most_sessions_of_link = 256;
  /// Of watches and of downs that have not been acknowledged, together.
  static constexpr std::size_t most_items = 200'000, most_items_of_link = 65'536;
  /// Of downs that a session has not acknowledged, before more changes of it are taken.
  static constexpr std::size_t most_unseen = 1'024;
  /// Of watches of what has ended: the others are told in later turns of the socket thread.
  static constexpr std::size_t most_told_in_turn = 4'096;
  /// Of a session's way back.
  static constexpr std::size_t most_route_bytes = 4'096;

  explicit watch_server(workers& of) : workers_{of} {}
  ~watch_server();

  void on_start() override;
  void on_message(message_ptr m) override;
  void on_timer(std::uint64_t timer) override;
  void on_stop() noexcept override;

  // end_observer
  void ended(address_view name, const error& why) override;
  void stopping() override;
  std::size_t count_watchers(address_view name) const override;

  // flushable
  void flush() override;

 private:
  /// Session by number, watch by number: in this order they are told.
  using watcher_key = std::pair<std::uint64_t, std::uint64_t>;
  using watched_table = std::unordered_map<address, std::set<watcher_key>, address_hash, address_equal>;
  struct told_end {
    std::uint64_t watch = 0;
    watch::reason why = watch::reason::quit;
    std::shared_ptr<const std::string> words; ///< of many that watched the same; null: none
  };
  struct session {
    std::string name;
    std::uint64_t number = 0;
    std::uint32_t link = 0; ///< flow control id of the link that the last ping came by; 0: of this node
    route back;
    message_ptr like;                                          ///< stands for who asks: what they may reach
    std::unordered_map<std::uint64_t, const address*> watched; ///< by the number of the change that said so
    std::uint64_t done = 0;                                    ///< the last change
    std::uint64_t first = 1;                                   ///< the number of the first of
    std::deque<told_end> downs;                                ///< that have not been acknowledged
    unsigned silent = 0;                                       ///< looks at leases since the last ping
    std::uint64_t said = 0;                                    ///< the last down that was told at least once
    std::uint64_t last_down() const noexcept { return first + downs.size() - 1; }
    std::size_t items() const noexcept { return watched.size() + downs.size(); }
  };
  /// What has ended, until all who watched it are told.
  struct end_of_worker {
    watched_table::node_type of; ///< sessions point to its key
    watch::reason why = watch::reason::quit;
    std::shared_ptr<const std::string> words;
    std::set<std::uint64_t> not_for; ///< sessions that may not know how it ended
  };
  struct use {
    std::size_t sessions = 0;
    std::size_t items = 0;
  };

  session* session_for(const message& m, const watch::ping& p);
  bool has_room_for(std::uint32_t link) const;
  bool has_room_for(std::uint32_t link, const session& moved) const;
  const use& use_of(std::uint32_t link) const;
  void join(session& s, std::uint32_t link);
  void leave(session& s);
  bool heard(session& s, const message& m);
  void apply(session& s, const watch::ping& p);
  bool has_room(const session& s) const;
  void add(session& s, std::uint64_t number, std::string_view name);
  void forget(session& s, std::uint64_t number);
  void tell(session& s, told_end t);
  void tell_some();
  void count(session& s, std::ptrdiff_t items);
  payload news(session& s, std::uint64_t from);
  void say(const session& s, payload what);
  void end(session& s);
  void show();

  workers& workers_;
  std::map<std::uint64_t, session> sessions_;
  std::unordered_map<std::string, std::uint64_t> numbers_; ///< by the names of sessions
  std::unordered_map<std::uint32_t, use> links_;
  use of_peers_; ///< of all links but 0
  watched_table watched_;
  std::deque<end_of_worker> ends_;
  std::set<std::uint64_t> dirty_; ///< sessions that something is to be told
  std::uint64_t last_session_ = 0;
  std::size_t items_ = 0;
  std::atomic<std::uint64_t>* shown_sessions_ = nullptr;
  std::atomic<std::uint64_t>* shown_watches_ = nullptr;
  bool stopping_ = false;
  bool looks_ = false; ///< at leases, by a timer
};

} // namespace ockam
