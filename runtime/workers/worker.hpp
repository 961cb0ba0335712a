// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "runtime/core/message.hpp"
#include "runtime/core/route.hpp"
#include "runtime/core/unique_function.hpp"

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

namespace ockam {

class worker_host;

/// Where a worker runs; said when it is started.
enum class worker_thread : std::uint8_t {
  socket, ///< on the socket thread, called directly: for work of a few microseconds that never blocks
  pool    ///< on the pool, through a mailbox: for everything else
};

constexpr std::string_view to_string(worker_thread t) noexcept {
  return t == worker_thread::pool ? "pool" : "socket";
}

/// What comes of a request: the reply, or why there is none. Errors: `timed_out`; `undeliverable` and
/// `service_failed` with the words of the node where the request ended; `limit_reached` when too many
/// requests of this worker or node are under way, or the request or its reply does not fit the worker's budget.
using reply_handler = unique_function<void(result<message_ptr>)>;

/// What makes the answer to one message, in pieces of about a millisecond: called again until it gives the payload
/// of the reply, or an error. On any thread, one call at a time. What it gathers it charges with `message::recharge`.
using computation = unique_function<std::optional<result<payload>>(message&)>;

/// The way into a worker for threads that are not its own: those of an HTTP server, of a device, of a
/// library. What is posted runs on the worker's thread, in turn with its messages. Copyable, from any
/// thread; outlives the worker, and then refuses.
class postbox {
 public:
  /// False when the worker is gone: `task` is then destroyed without being run. An empty task is the worker's error.
  bool post(unique_function<void()> task) const;

 private:
  friend class worker_host;
  struct state {
    std::mutex lock;
    worker_host* host = nullptr;
  };
  explicit postbox(std::shared_ptr<state> s) : state_{std::move(s)} {}
  std::shared_ptr<state> state_;
};

/// What every service derives from, echo and hop as well as yours: something with an address that gets
/// messages. Its state are its members. Free of CAF types; each worker is run by a CAF actor of its own
/// (`<ockam/actor.hpp>` for who wants it), which is how it starts, stops and dies.
///
/// All members are called on the worker's one thread, one at a time, so nothing needs a lock; only
/// `postbox::post` and the counters may be used from others. An exception that leaves a member ends this
/// worker and no other: the death is logged and counted, a sender that asked for reports is told, and the
/// address becomes free unless the service is to be restarted. So does what a member of this class is called with
/// that it cannot use, by `std::invalid_argument`: a null message, which is also what is left of one that was
/// answered already; a handler that is empty; a route over `max_route_hops` or with a name over `max_name_length`; a
/// reason that is none. A member that another thread calls does nothing there, and is an error of the worker as well
/// (not noticed on the socket thread). An exception that leaves the destructor or `on_stop` ends the process.
class worker {
 public:
  worker() = default;
  worker(const worker&) = delete;
  worker& operator=(const worker&) = delete;
  virtual ~worker() = default;

  /// The worker has its address and may send. An exception says that it cannot start: whoever starts it
  /// gets the text, and nothing of it is left.
  virtual void on_start() {}
  /// A message for this worker; its onward route begins with this worker's address. Answer with `reply`,
  /// pass on with `forward`, or let it go: then it ends here. It may be kept and answered later.
  virtual void on_message(message_ptr m) = 0;
  virtual void on_timer(std::uint64_t timer) { (void)timer; }
  /// The last call. The address is free already and requests under way have been given up.
  virtual void on_stop() noexcept {}

 protected:
  // From here on: not in a constructor, where the worker has no address yet (`std::logic_error`).

  const address& self() const;
  std::string_view node_name() const;

  // -- answering -----------------------------------------------------------------------------------
  /// Sends `body` along the return route of `request`, with this worker as the only return address.
  void reply(message_ptr request, payload body);
  /// The same with the payload that the request has.
  void reply(message_ptr request);
  /// The same for a service that answers whatever comes, also answers, as echo does: the reply has what is
  /// left of the request's hop budget, less a toll. Otherwise two of them that are each other's way back,
  /// which anybody can arrange, would answer each other for ever.
  void reply_from_budget(message_ptr request, payload body);
  void reply_from_budget(message_ptr request);
  /// Answers as `reply_from_budget` does with what `work` makes of the message; an error of it is a drop as
  /// service_error. For what would keep the socket thread for more than some microseconds: the pool does it, one
  /// piece at a time, senders in turns. Answers to one sender stay in order when all of its messages go this way
  /// for as long as `is_computing_for` says so. When the worker ends first, a sender that wants reports is told.
  void compute_reply(message_ptr request, computation work);
  /// Whether an earlier message of the same sender is still being worked on.
  bool is_computing_for(const message& m) const;
  /// `reply` with text as a BARE string.
  void reply_text(message_ptr request, std::string_view text);
  /// Answers with an error: a report (reason service_error) to a sender that asked for reports, and
  /// `body` as the payload for one that did not, as `reply_from_budget` does.
  void reply_error(message_ptr request, std::string_view detail, payload body);
  /// The same with the text of the error as a BARE string.
  void reply_error(message_ptr request, std::string_view detail);
  /// What a hop does: takes this worker's address off the onward route, puts it in front of the return
  /// route, and sends the message on.
  void forward(message_ptr m);
  /// Sends a message as it is: the caller has edited its routes.
  void deliver(message_ptr m);
  /// Ends the message and counts why; a sender that asked for it is told.
  void drop(message_ptr m, drop_reason why, std::string_view detail = {});

  // -- sending -------------------------------------------------------------------------------------
  /// A fresh message along `onward`, with this worker as the return address. At most once, in order.
  void send(const route& onward, payload body);
  /// The same, and `then` gets the reply, or an error when none has come within `timeout`. Called once,
  /// later, on the worker's thread; not at all when the worker ends first.
  void request(const route& onward, payload body, std::chrono::milliseconds timeout, reply_handler then);

  // -- traces --------------------------------------------------------------------------------------
  /// The trace that what is sent now belongs to: that of the message being handled, in the handler of a reply that of its
  /// request; null: none. What was received keeps its own (`message::trace`), whenever it is answered or passed on.
  const trace_context* trace() const;
  /// Begins a trace, which all that is sent until the end of this call belongs to, and the handlers of what is requested.
  /// Whether it is sampled says `[tracing] sample` of the node.
  const trace_context& start_trace();
  /// The same, and `m`, what it is answered with or passed on as, belongs to it too.
  const trace_context& start_trace(message& m);

  // -- time ----------------------------------------------------------------------------------------
  /// `on_timer` is called once, after `delay` (at most a year), with the number returned here.
  std::uint64_t set_timer(std::chrono::milliseconds delay);
  /// No effect when it has fired.
  void cancel_timer(std::uint64_t timer);

  /// For other threads.
  postbox my_postbox();

  // -- observation ---------------------------------------------------------------------------------
  /// A number that `ockam worker show` prints; begins at 0, may be counted up or set, from any thread.
  /// Keep the reference: it lives as long as the worker. Instances and restarts of a service share it.
  std::atomic<std::uint64_t>& counter(std::string_view name);
  /// A line in the node's log, under this worker's address.
  void log_debug(std::string_view line) const;
  void log_info(std::string_view line) const;
  void log_warning(std::string_view line) const;
  void log_error(std::string_view line) const;

  /// Ends this worker after the current call.
  void stop();

 private:
  friend class worker_host;
  worker_host& host() const;
  worker_host* host_ = nullptr;
};

} // namespace ockam
