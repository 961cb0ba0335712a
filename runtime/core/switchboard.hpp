// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "runtime/core/access_control.hpp"
#include "runtime/core/broken_flows.hpp"
#include "runtime/core/flow_controls.hpp"
#include "runtime/core/message.hpp"
#include "runtime/core/reason.hpp"
#include "runtime/core/report_windows.hpp"
#include "runtime/core/tracer.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace ockam {

/// Where the switchboard hands a message over: a light worker, a link, the mailbox of a pool worker.
class receiver {
 public:
  /// Takes the message. Its onward route still begins with this receiver's address. May call back into
  /// the switchboard (`deliver`, `remove`), whose run queue keeps the depth constant. An exception ends
  /// this receiver (`failed`).
  virtual void receive(message_ptr m) = 0;
  /// An exception left `receive`; the address has been removed. Must not throw.
  virtual void failed(std::string_view what) noexcept = 0;

 protected:
  ~receiver() = default;
};

/// What gathers output during a turn and passes it on at the end: links, mailboxes of pool workers.
class flushable {
 public:
  virtual void flush() = 0;

 protected:
  virtual ~flushable() = default;

 private:
  friend class switchboard;
  bool queued_ = false;
};

/// Who is told when workers end that it has marked (`worker_entry::watched`). Neither call may change the name table.
class end_observer {
 public:
  /// The one that had this address is no more; the address goes as well, or is that of its successor. The mark is gone.
  virtual void ended(address_view name, const error& why) = 0;
  /// The node stops: it takes nothing new from now on.
  virtual void stopping() = 0;
  /// How many are to be told of its end.
  virtual std::size_t count_watchers(address_view name) const = 0;

 protected:
  ~end_observer() = default;
};

/// Of a link that many peers have together, as the socket of a UDP listener: who of them has been heard of lately. A peer is
/// the next hop behind the link.
class peer_book {
 public:
  virtual bool knows(address_view peer) const = 0;

 protected:
  ~peer_book() = default;
};

/// What the node knows of an address.
struct worker_entry {
  receiver* target = nullptr;
  std::string_view type;        ///< echo, hop, tcp-link, …: static text
  bool on_pool = false;
  bool internal = false;        ///< not for listings: reply addresses of requests
  bool alias = false;           ///< another address of a worker (`workers::alias`)
  bool watched = false;         ///< somebody is to be told of its end (`end_observer`)
  std::uint32_t producer = 0;   ///< of a link: the flow control id of what it brings in
  std::uint64_t host = 0;       ///< number in `workers`; 0: not a worker
  std::vector<std::uint32_t> consumer_of; ///< flow control ids whose messages it may receive
  std::shared_ptr<const access_control> access = {}; ///< whose messages it takes; null: anybody's
  std::uint64_t messages_in = 0;
};

/// The heart of a node: name table, run queue, flow control, reports and counters. Plain code without
/// actors; owned by the node's `assembly`, used by whoever runs on the socket thread. Messages are only ever
/// appended to the run queue; `run_turn` handles them, so a route of a thousand hops needs no more stack
/// than one, and messages of one sender stay in order. Socket thread only.
class switchboard {
 public:
  using clock = std::chrono::steady_clock;

  /// Deliveries of one turn; the rest waits for the next, so that sockets get theirs.
  static constexpr std::size_t deliveries_per_turn = 1024;

  using time_source = std::function<clock::time_point()>;

  explicit switchboard(std::string node_name, time_source now = &clock::now);
  switchboard(const switchboard&) = delete;
  switchboard& operator=(const switchboard&) = delete;
  ~switchboard();

  const std::string& node_name() const noexcept { return node_name_; }
  flow_controls& flows() noexcept { return flows_; }

  // -- name table ----------------------------------------------------------------------------------
  /// Error: `already_exists`.
  result<void> add(address a, worker_entry e);
  /// Messages that are under way to it are then undeliverable. False when there is none. `why`: for who watches it.
  bool remove(address_view a);
  bool remove(address_view a, const error& why);
  /// The worker at this address is no more, and the address is to be that of its successor.
  void succeeded(address_view a, const error& why);
  /// Who is told of ends (null: nobody).
  void tell_of_ends(end_observer* o) noexcept { ends_ = o; }
  std::size_t count_watchers(address_view a) const { return ends_ ? ends_->count_watchers(a) : 0; }
  worker_entry* find(address_view a);
  std::size_t size() const noexcept;
  void each(const std::function<void(const address&, const worker_entry&)>& f) const;
  /// Lets messages with this flow control id reach the worker. Error: `not_found`.
  result<void> add_consumer(std::uint32_t flow, address_view worker);
  /// The same for whatever worker has this address, now or later: what an operator allows is a name. False
  /// when there is none yet.
  bool allow(std::uint32_t flow, address worker);
  /// Takes back all that `allow` and `add_consumer` have given to this id. Looks at every worker: for listeners.
  void revoke(std::uint32_t flow);
  void remove_flow(std::uint32_t flow);
  /// The names that an operator has allowed to this id.
  std::vector<address> allowed_to(std::uint32_t flow) const;
  /// Peers with this id may come to reach any name, once there is a service: they are told when there is none.
  void any_name_for(std::uint32_t flow) noexcept { any_name_ = flow; }
  /// Many peers have this link together; null: no more.
  void share_link(const address& link, const peer_book* peers);
  bool is_shared(address_view link) const { return shared_links_.find(link) != shared_links_.end(); }
  /// False: the link is shared, and this one has not been heard of lately.
  bool knows_peer(address_view link, address_view peer) const;
  /// Every peer that may reach something here may reach this worker, which tells of others no more than `outlook` does.
  void open_to_peers(address worker) { open_ = std::move(worker); }
  /// What would become of a message to that worker from who has sent `like`: `none` if it would get there,
  /// `unknown_worker` or `refused` as its sender would be told.
  drop_reason outlook(const message& like, address_view worker);
  /// Who takes messages whose next hop is the address of another node (null: they are dropped): the dialer.
  void foreign_hops(receiver* r) noexcept { foreign_.target = r; }
  /// Who keeps spans of messages that belong to a trace (null: nobody), and what says where the link at an address leads: the
  /// socket address of its peer, or nothing.
  using peer_finder = std::function<std::string(address_view link)>;
  void keep_spans(tracer* t, peer_finder peer_of = {}) {
    tracer_ = t;
    peer_of_ = std::move(peer_of);
  }
  tracer* spans() const noexcept { return tracer_; }
  /// For the end of the node: from now on what comes straight from a link gets to links and hops, which pass it on, and
  /// to workers that it is an answer for. All else is dropped as `node-stopping`.
  void take_answers_only() {
    answers_only_ = true;
    if (ends_)
      ends_->stopping();
  }

  // -- messages ------------------------------------------------------------------------------------
  /// Queues a message for the first address of its onward route.
  void deliver(message_ptr m) noexcept;
  /// The same for a worker that may not send everywhere: what it may not is dropped as refused.
  void deliver(message_ptr m, const access_control& sender);
  /// The message ends here: counts, and reports to a sender that asked for it. Of a flow that must have no holes,
  /// all that follows ends as well (`stream-broken`): one whose messages say that they belong to a stream, whose
  /// both ends are told, and whatever a hop passes from link to link for a peer of another implementation,
  /// which cannot say so.
  ///
  /// About a worker that a peer may not reach, the peer is told `refused` and no more, whether there is such a worker
  /// or not; one that may reach nothing here is not told the name of the node either.
  void drop(message_ptr m, drop_reason why, std::string_view detail = {});
  /// The message ends here since its sender may not reach what its route names next. `detail` is for those who may
  /// reach something here.
  void refuse(message_ptr m, std::string_view detail = {});
  /// Hands a message to the receiver that its address has just got, before anything that is queued: for
  /// what was kept for it until now.
  void hand_over(message_ptr m);
  /// Counts a message that ended elsewhere and is not at hand any more.
  void count(drop_reason why, std::uint64_t n = 1) noexcept { dropped_.add(why, n); }
  /// Has `f` flushed at the end of the turn.
  void flush_later(flushable& f);
  void forget(flushable& f);
  /// Handles what is queued, at most `deliveries_per_turn`, then flushes. True when more is left.
  bool run_turn();

  // -- observation ---------------------------------------------------------------------------------
  std::uint64_t deliveries() const noexcept { return deliveries_; }
  const drop_counters& dropped() const noexcept { return dropped_; }
  refusal_counters& refused() noexcept { return refused_; }
  std::size_t queued() const noexcept { return queued_; }

 private:
  class name_table;

  static bool must_be_whole(const message& m, const worker_entry* next) noexcept;
  static bool is_for(const message_source& who, const worker_entry& entry) noexcept;
  void tell_of_end(const address& a, worker_entry& e, const error& why);
  /// True when this message is the first of its flow to be dropped, and both ends are to be told.
  bool breaks_stream(const message& m, drop_reason why);
  void tell_receiver(const message& m, const report& r);
  void add_flow(std::vector<std::uint32_t>& to, std::uint32_t flow) const;
  void handle(message_ptr m);
  bool is_new_work(const message& m, const worker_entry& entry) const;
  void give(worker_entry& entry, message_ptr m);
  void trace(message& m, const worker_entry& entry);
  void begin_span(message& m, std::string_view type);
  void span_of_drop(message& m, drop_reason why, std::string_view detail);
  bool may_report(const message& m);
  void report_drop(message_ptr m, drop_reason why, std::string_view detail, bool hidden);
  bool may_know_of(const message_source& who, address_view worker) const;
  bool reaches_something(const message_source& who) const;
  message_ptr pop() noexcept;

  std::string node_name_;
  time_source now_; ///< asked where something is counted by time, which is not for each message
  flow_controls flows_;
  std::unique_ptr<name_table> table_;
  std::unordered_map<address, std::vector<std::uint32_t>, address_hash, address_equal> allowed_;
  worker_entry foreign_;
  std::unordered_map<address, const peer_book*, address_hash, address_equal> shared_links_; ///< a few
  std::uint32_t any_name_ = 0;
  end_observer* ends_ = nullptr;
  address open_; ///< no name: none
  bool answers_only_ = false;
  tracer* tracer_ = nullptr;
  peer_finder peer_of_;
  message* head_ = nullptr;
  message* tail_ = nullptr;
  std::size_t queued_ = 0;
  std::vector<flushable*> dirty_;    ///< to be flushed at the end of the turn
  std::vector<flushable*> flushing_; ///< being flushed now; null: gone meanwhile
  broken_flows broken_;
  report_windows reports_; ///< about what links let in, however many hops it has passed
  std::uint64_t deliveries_ = 0;
  drop_counters dropped_;
  refusal_counters refused_;
};

/// What to `drop` in place of `m` should it be lost inside a worker: its first hop and its way back. Null
/// when its sender did not ask for reports.
message_ptr make_witness(const message& m);

/// A fresh message from a worker of this node: `onward` as given, `from` as the only return address.
message_ptr make_message(const route& onward, address_view from, payload body);

} // namespace ockam
