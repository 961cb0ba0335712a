// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "runtime/core/account.hpp"
#include "runtime/core/credit.hpp"
#include "runtime/core/guarded.hpp"
#include "runtime/core/tracer.hpp"
#include "runtime/workers/children.hpp"
#include "runtime/workers/restart_backoff.hpp"
#include "runtime/workers/watchdog.hpp"
#include "runtime/workers/worker.hpp"
#include "runtime/workers/worker_stats.hpp"
#include "runtime/workers/workers.hpp"

#include <optional>
#include <string_view>
#include <unordered_map>
#include <utility>

namespace caf {
class message_handler;
class scheduled_actor;
} // namespace caf

namespace ockam {

/// A worker that may hold on to messages that it no longer needs, as a script does until its memory is collected.
class collects_garbage {
 public:
  /// Before a message is refused because its budget is used up.
  virtual void collect_garbage() noexcept = 0;

 protected:
  ~collects_garbage() = default;
};

/// Has one worker, runs its code, and makes it anew after its end where that is wanted; what it needs of its
/// surroundings it asks for here. Two kinds: `socket_host` on the socket thread, `pool_host` on the pool. Called
/// on the worker's thread, except `post`.
///
///     starting ──▶ running ──exception, `stop`──▶ to be restarted? ──no──▶ `finish`
///         │           ▲                                │ yes
///         ▼           └──────── `begin` ────────── waiting: messages are dropped
///       error                                      (not at all the first time)
class worker_host {
 public:
  worker_host(const worker_host&) = delete;
  worker_host& operator=(const worker_host&) = delete;

  const address& self() const noexcept { return self_; }
  const std::string& node_name() const noexcept { return node_name_; }
  worker_stats& stats() noexcept { return *stats_; }
  const std::shared_ptr<worker_stats>& shared_stats() const noexcept { return stats_; }

  /// Requests of one worker under way at one time: a tenth of what the node may have, so that one leaves the others theirs.
  static constexpr std::size_t most_requests = 10'000;

  virtual void deliver(message_ptr m) = 0;
  virtual std::uint64_t set_timer(std::chrono::milliseconds delay) = 0;
  virtual void cancel_timer(std::uint64_t timer) = 0;
  virtual void stop() = 0;
  /// The actor that this is, and messages of other types for it (`<ockam/actor.hpp>`).
  virtual caf::scheduled_actor& actor() noexcept = 0;
  virtual void handle_also(caf::message_handler more) = 0;
  static worker_host& of(const worker& w) { return w.host(); }
  /// What the worker has; null: nothing of its own.
  account* budget() const noexcept { return from_.budget.get(); }
  const std::shared_ptr<account>& shared_budget() const noexcept { return from_.budget; }
  /// Where it may send; null: anywhere.
  const std::shared_ptr<const access_control>& access() const noexcept { return from_.access; }

  /// While it lives, this thread is the one of a worker on the pool, whose threads change from turn to turn.
  class turn {
   public:
    explicit turn(worker_host& h) : outer_{std::exchange(has_turn_, &h)} {}
    ~turn() { has_turn_ = outer_; }
    turn(const turn&) = delete;
    turn& operator=(const turn&) = delete;

   private:
    worker_host* outer_;
  };
  /// False when a worker on the pool calls a member of it on another thread than its own: that is an error of the worker,
  /// which it gets on its own thread, and nothing is done here. Thread: any.
  bool has_turn(std::string_view member);
  /// Takes nothing.
  static postbox closed_box() { return postbox{std::make_shared<postbox::state>()}; }

  /// A message that the worker has answered or passes on: what was lent for it goes back.
  void pass_on(message_ptr m) {
    m->held.give_back();
    deliver(std::move(m));
  }
  /// A message that begins here: charged to the worker's budget, or that of the node if it has none. Dropped as
  /// congested when that is used up.
  void send(message_ptr m);
  /// The same for a worker that wants to know. Error: `limit_reached`; nothing is then left of the message.
  result<void> try_send(message_ptr m);
  /// The same; when it is used up, `then` gets the error.
  void request(message_ptr m, std::chrono::milliseconds timeout, reply_handler then);
  void drop(message_ptr m, drop_reason why, std::string_view detail);
  postbox box();
  /// Starts a child (`children.hpp`), and `then` gets its address: once, later, on the worker's thread; not at all when
  /// the worker ends first.
  void start_child(child_order order, unique_function<void(result<address>)> then);
  /// Ends it soon. No effect when it is no child of this worker.
  void stop_child(address child);
  /// The worker ends after the current call as one that has failed, for this reason.
  void fail_after_call(std::string why);
  /// Ends all that this worker has started. No effect on what it starts after this.
  void stop_children();
  /// Bytes that outlive the worker, for the one that is made in its place, in place of those before; `counts` is what
  /// they have of a budget.
  void leave_behind(std::string what, holding counts);
  std::string_view left_behind() const noexcept {
    return extras_ ? std::string_view{extras_->left} : std::string_view{};
  }
  /// To which trace belongs what the worker sends now; null: to none.
  const trace_context* trace() const noexcept { return extras_ && extras_->trace ? &extras_->trace->of : nullptr; }
  /// A trace begins, of all that the worker sends until the end of the call; `of` is made the first message of it, if there
  /// is one.
  const trace_context& start_trace(message* of);
  /// The trace of the worker whose turn it is on this thread, which belongs to one on the pool; null: none.
  static const trace_context* trace_of_turn() noexcept { return has_turn_ ? has_turn_->trace() : nullptr; }
  /// While it lives, what the worker sends belongs to this trace (null: to whichever it did).
  class within_trace {
   public:
    within_trace(worker_host& h, const trace_context* of);
    ~within_trace();
    within_trace(const within_trace&) = delete;
    within_trace& operator=(const within_trace&) = delete;

   private:
    worker_host* host_; ///< null: nothing to do
  };
  /// While the handler of a request runs: the reason in the report that its error was made of; none: it was made of none.
  drop_reason reason_of_outcome() const noexcept { return reported_; }
  /// See `worker::compute_reply`.
  virtual void compute(message_ptr m, computation work) = 0;
  virtual bool is_computing_for(const message& m) const = 0;

 protected:
  /// How its worker is made, and made again.
  struct origin {
    std::shared_ptr<const worker_factory> make;
    restart_policy restart = restart_policy::never;
    std::shared_ptr<const access_control> access = {};
    std::shared_ptr<account> budget = {}; ///< null: that of the node
    tracer* spans = nullptr; ///< null: nobody keeps any
  };

  /// `node_budget` and `dog` (null: nobody watches) outlive the host.
  worker_host(address self, const std::string& node_name, ledger* node_budget, watchdog* dog, worker_thread where, origin from);
  virtual ~worker_host();

  /// Makes the worker and calls its `on_start`. Errors: see `workers::start`; then there is none.
  result<void> begin();
  /// The same for one that has ended, after the delay that `begin_again_in` was asked for.
  void begin_again();
  /// Its end: gives up requests and timers, closes the postbox, `on_stop`. No effect when there is none.
  void end() noexcept;
  /// Runs code of the worker; false when that threw. It may then have ended, also by its own wish. What it sends belongs to
  /// the trace `of` (null: to none).
  template <class F>
  bool call(F&& f, const trace_context* of = nullptr) {
    if (of) [[unlikely]]
      carry_on(*of);
    auto what = run(f);
    if (what) {
      fail(*what);
    } else if (leaving_) {
      leave_now();
    }
    return !what;
  }
  /// An exception has left its code.
  void fail(const std::string& what) noexcept;
  /// Whether one that ends by its own wish is made anew.
  bool comes_back() const noexcept { return from_.restart == restart_policy::always; }
  /// Charges what the worker is to be given to its budget; false when it does not fit.
  bool admit(message& m) noexcept {
    return !from_.budget || from_.budget->admit(m) || (collect_garbage() && from_.budget->admit(m));
  }
  /// Code of the worker has run otherwise than by `call`.
  void over() noexcept {
    if (extras_)
      extras_->trace.reset();
  }
  /// What `computation` has come to.
  void answer_computed(message_ptr m, result<payload> body);
  /// It ends after the current call.
  void end_after_call() noexcept { leaving_ = true; }
  /// Its messages are dropped until it is made anew.
  bool is_waiting() const noexcept { return waiting_; }

  /// It has ended, for `why` (ok: it wanted to), and is to be made anew: for who watches it.
  virtual void tell_of_end(const error& why) noexcept = 0;
  /// Calls `begin_again` after this delay; when it is zero, at once or later.
  virtual void begin_again_in(std::chrono::milliseconds delay) = 0;
  /// It has ended, for `why` (ok: it wanted to), and is not made anew.
  virtual void finish(error why) noexcept = 0;
  /// The worker ends: no timers of it fire any more, and what it has others compute is not answered.
  virtual void abandon() noexcept = 0;

  virtual void end_message(message_ptr m, drop_reason why, std::string_view detail) = 0;
  /// Sends a request; its outcome comes back as `outcome` with the same number.
  virtual void open_request(message_ptr m, std::uint64_t number, std::chrono::milliseconds timeout) = 0;
  /// Calls the task on the worker's thread, later, maybe when the host is gone. Thread: any, one at a time.
  virtual void post(unique_function<void()> task) = 0;
  /// Tells the socket thread.
  virtual void tell(family_event e) = 0;
  /// Runs what was posted, as code of the worker.
  virtual void run_posted(unique_function<void()>& task) = 0;

  /// Calls the handler of a request with what `request_table::finished` was told.
  void outcome(std::uint64_t number, message_ptr reply, errc why);

  std::unique_ptr<worker> worker_; ///< null before the start, after the end and between two lives

 private:
  friend class postbox;

  /// A trace that what the worker sends belongs to, and the span of it if it begins here.
  struct carried_trace {
    trace_context of;
    std::unique_ptr<open_span> root = {};
  };
  struct asked_request {
    reply_handler then;
    std::unique_ptr<trace_context> trace = {}; ///< of who has asked
    std::unique_ptr<open_span> span = {};
  };
  /// What few workers use.
  struct extras {
    std::unordered_map<std::uint64_t, asked_request> requests;
    std::uint64_t last_request = 0;
    std::shared_ptr<postbox::state> box;
    std::optional<std::string> failure; ///< with which it ends after this call
    bool has_children = false;          ///< in this life
    std::string left;
    holding left_counts;
    std::unique_ptr<carried_trace> trace; ///< of the call that runs
  };
  extras& more();
  void carry_on(const trace_context& of);
  /// The call is over.
  void end_trace(const std::optional<std::string>& threw) noexcept;
  /// What the worker sends is a part of its trace.
  void add_trace(message& m) const;
  asked_request begin_request(message& m, reply_handler then);
  void outcome(std::uint64_t number, result<message_ptr> r);
  bool collect_garbage() noexcept;
  /// Charges what the worker sends; or why that cannot be.
  std::optional<std::string> charge(message& m);
  void refuse(message_ptr m, std::string_view why);
  /// Closes the postbox and forgets the handlers of requests.
  void retire() noexcept;
  /// Nothing that the worker has begun goes on.
  void give_up() noexcept;
  void end_of_worker(bool is_told) noexcept;
  /// After the call in which it was to end.
  void leave_now() noexcept;
  /// Runs code of the worker; the text of what it threw, or nothing.
  template <class F>
  std::optional<std::string> run(F&& f) {
    watchdog::scope busy{dog_, *this, on_pool_};
    auto what = guarded(f);
    if (extras_ && extras_->trace) [[unlikely]]
      end_trace(what);
    return what;
  }
  result<void> make_worker();
  /// After its end: makes it anew, now or later, or ends for good.
  void go_on(error why) noexcept;

  address self_;
  const std::string& node_name_; ///< the switchboard's
  ledger* node_budget_;
  std::shared_ptr<worker_stats> stats_ = std::make_shared<worker_stats>();
  std::unique_ptr<extras> extras_;
  watchdog* dog_;
  origin from_;
  std::unique_ptr<restart_backoff> backoff_; ///< null when it is never made anew
  static inline thread_local worker_host* has_turn_ = nullptr;
  drop_reason reported_ = drop_reason::none;
  bool on_pool_;
  bool retired_ = false;
  bool leaving_ = false;
  bool waiting_ = false;
};

} // namespace ockam
