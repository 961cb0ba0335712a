// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "runtime/core/account.hpp"
#include "runtime/workers/watcher.hpp"
#include "runtime/workers/worker_host.hpp"
#include "services/lua/rate_limit.hpp"
#include "services/lua/script_api.hpp"
#include "services/lua/script_questions.hpp"

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

namespace ockam::lua {

/// What a script and all that it starts have together, beside their account.
struct script_family {
  static constexpr std::size_t most_log = 64u << 10; ///< bytes a second: lines wait for the disk, those of all services

  /// `rate`: messages a second; 0: any number.
  explicit script_family(std::uint64_t messages_per_second) : rate{messages_per_second}, messages{rate} {}

  const std::uint64_t rate;
  shared_rate_limit messages;
  shared_rate_limit log_bytes{most_log};
};

/// A worker that a script speaks for. What its calls come to:
///
///     on_message, a timer, an answer ──▶ call ──▶ finished: the message ends, unless it was kept
///                                         │ ──▶ waiting (request, spawn, await) ──answers, timeout──▶ call
///                                         └──▶ failed: counted, logged, told to the sender; the script stays, or ends
///
/// All that the node has for it counts in its budget: the values of its engine, messages, timers, requests. What does not
/// fit any more is an error of the script.
class script_worker : public worker, public collects_garbage, protected script_host {
 public:
  script_worker(service_options options, const sandbox& limits, std::shared_ptr<script_family> family)
    : options_{std::move(options)}, limits_{limits}, family_{std::move(family)} {}

  void on_timer(std::uint64_t timer) override;
  void collect_garbage() noexcept override {
    if (now_.engine)
      now_.engine->collect_garbage();
  }

 protected:
  static constexpr std::size_t max_timers = 10'000;
  static constexpr std::size_t max_counters = 100;
  /// What the node has for a timer, and for a request under way, beside values of the script and messages.
  static constexpr std::size_t timer_size = 512, watch_size = 512, request_size = 2048, counter_size = 256;

  struct waiting_call {
    int thread;
    script_call call;
    waiting_for what;
  };
  struct script_timer {
    int function;
    std::chrono::milliseconds every; ///< 0: once
    std::uint64_t shown;             ///< the number that the script knows
    holding memory;
  };
  struct script_watch {
    int function; ///< LUA_NOREF: it is a link
    int target;   ///< what the script has called it
    holding memory;
  };
  /// A script, with what it has under way.
  struct script {
    std::unique_ptr<lua_engine> engine = nullptr;
    std::map<std::uint64_t, waiting_call> waiting = {}; ///< by number of the call
    open_questions questions = {};
    std::map<std::uint64_t, script_timer> timers = {};
    std::map<watch_id, script_watch> watches = {};
  };

  /// A fresh engine with the functions of docs/lua.md. Error: `limit_reached` when `limits` are too small.
  result<std::unique_ptr<lua_engine>> make_engine(const sandbox& limits);
  /// What the engine has counts in `a` from now on, if there is one. Error: `limit_reached`.
  static result<void> charge(lua_engine& e, account* a);
  account* budget() const noexcept { return worker_host::of(*this).budget(); }
  /// From now on this one is called. Returns the one before, which is to be given to `exchange` again or to `give_up`.
  script exchange(script fresh) { return std::exchange(now_, std::move(fresh)); }
  /// The end of a script: who waits for it is told.
  void give_up(script s);
  lua_engine* engine() noexcept { return now_.engine.get(); }

  /// Calls what `push` puts on the stack, on behalf of the message `m` (0: of nobody). False when it failed at once.
  template <class F>
  bool call(std::uint64_t m, F&& push) {
    script_call c{.number = ++calls_, .message = m};
    running_ = &c;
    auto o = now_.engine->call(push);
    running_ = nullptr;
    return settle(o, std::move(c));
  }
  /// What it has saved counts from now on.
  void commit() noexcept;
  /// The children of the script that runs end. Those of one that replaces it are begun by `begin_children`.
  void hold_children_back() noexcept { holds_back_ = true; }
  void begin_children(bool of_the_new_one);
  /// Takes a message over for a call. Its ticket, never 0.
  std::uint64_t hold(message_ptr m);

  /// A call has ended in an error; `m`, if it is still there, is the message that it was for.
  virtual void on_failure(const outcome& o, message_ptr m);
  void complain(std::string_view what);
  /// Whether replies outlive the call that has waited for them.
  virtual bool keeps_replies() const { return false; }

  // script_host
  bool is_worker() const override { return started_; }
  const service_options* options() const override { return &options_; }
  void write(level l, std::string_view line) override;
  void print(std::string_view line) override { write(level::info, line); }
  held_message* find(std::uint64_t ticket) override;
  void let_go(std::uint64_t ticket) noexcept override { messages_.erase(ticket); }
  void answer(message_ptr& m, payload body) override;
  void answer_same(message_ptr m) override { worker::reply(std::move(m)); }
  void fail(message_ptr m, std::string_view why) override { worker::reply_error(std::move(m), why); }
  void pass_on(message_ptr m) override { worker::forward(std::move(m)); }
  void nobody_to_answer() override;
  const trace_context& begin_trace(message* m) override { return m ? worker::start_trace(*m) : worker::start_trace(); }
  void post(const route& onward, payload body) override;
  route through(std::string_view text, std::optional<std::string_view> authorized) override;
  question ask(const route& onward, payload body, std::chrono::milliseconds timeout) override;
  question start_child(child_wish what) override;
  void stop_child(std::string_view which) override;
  bool has_asked(question q) const override;
  int await(lua_State* L, waiting_for what) override;
  std::uint64_t watch(const route& to, int function, int target) override;
  void unwatch(std::uint64_t id) override;
  void end_script(std::optional<std::string> failure) override;
  void save(std::string cbor) override;
  std::uint64_t start_timer(std::chrono::milliseconds delay, int function, bool repeat) override;
  void stop_timer(std::uint64_t timer) override;
  void count(std::string_view name, std::uint64_t n) override;

  /// The folder of its file, and what of it is not in the options; null: it has none, and starts no scripts.
  virtual const std::string* folder() const { return nullptr; }

  service_options options_;
  sandbox limits_;
  std::shared_ptr<script_family> family_;
  std::shared_ptr<account> of_parent_; ///< of a child: the account in which its engine counts before it has its address
  bool started_ = false;               ///< the worker has its address

 private:
  /// Throws `std::length_error` when there is no room, after a collection either.
  holding hold_bytes(std::size_t n);
  bool settle(const outcome& o, script_call c);
  void end_call(script_call& c);
  question new_question(std::size_t memory);
  void answered(question q, result<message_ptr> reply);
  void answered(question q, answer_to a);
  void go_on(std::uint64_t number);
  void has_ended(watch_id which, const error& why);
  child_order order_for(child_wish what) const;
  void start_child(child_order order, question q);

  std::unordered_map<std::uint64_t, held_message> messages_; ///< before the engine, whose end lets them go
  std::uint64_t last_ticket_ = 0;
  watcher watches_{*this};
  script now_;
  script_call* running_ = nullptr; ///< null: none runs
  waiting_for awaited_;            ///< by the call that runs
  std::uint64_t calls_ = 0;
  question questions_ = 0; ///< never the same twice, over reloads as well
  struct held_order {
    child_order order;
    question asked;
  };
  bool holds_back_ = false;
  std::vector<held_order> held_back_;
  struct saved_state {
    std::string cbor;
    holding memory;
  };
  std::optional<saved_state> saved_; ///< by the call that runs
  std::vector<holding> counters_memory_;
  std::map<std::string, std::atomic<std::uint64_t>*, std::less<>> counts_;
  std::chrono::steady_clock::time_point complained_{};
  std::uint64_t silent_ = 0;   ///< failures since the last line about one
  std::uint64_t unlogged_ = 0; ///< lines since the last one that was let through
};

} // namespace ockam::lua
