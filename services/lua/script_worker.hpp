// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "runtime/workers/worker.hpp"
#include "services/lua/script_api.hpp"

#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

namespace ockam::lua {

/// A worker that a script speaks for. What its calls come to:
///
///     on_message, a timer, a reply ──▶ call ──▶ finished: the message ends, unless it was kept
///                                       │ ──▶ waiting (request) ──reply, timeout──▶ call
///                                       └──▶ failed: counted, logged, told to the sender; the script stays
class script_worker : public worker, protected script_host {
 public:
  explicit script_worker(service_options options) : options_{std::move(options)} {}

  void on_timer(std::uint64_t timer) override;

 protected:
  static constexpr std::size_t max_timers = 10'000;
  static constexpr std::size_t max_counters = 100;

  /// A fresh engine with the functions of docs/lua.md. Error: `limit_reached` when `limits` are too small.
  result<std::unique_ptr<lua_engine>> make_engine(const sandbox& limits);
  /// From now on this one is called. What the one before waited for is given up.
  void run_with(std::unique_ptr<lua_engine> engine);
  lua_engine* engine() noexcept { return engine_.get(); }

  /// Calls what `push` puts on the stack, on behalf of the message `m` (0: of nobody). False when it failed at once.
  template <class F>
  bool call(std::uint64_t m, F&& push) {
    return settle(engine_->call(push), {m, {}});
  }
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
  void answer(message_ptr m, payload body) override { worker::reply(std::move(m), std::move(body)); }
  void answer_same(message_ptr m) override { worker::reply(std::move(m)); }
  void fail(message_ptr m, std::string_view why) override { worker::reply_error(std::move(m), why); }
  void pass_on(message_ptr m) override { worker::forward(std::move(m)); }
  void nobody_to_answer() override;
  void post(const route& onward, payload body) override { worker::send(onward, std::move(body)); }
  void ask(const route& onward, payload body, std::chrono::milliseconds timeout) override;
  std::uint64_t start_timer(std::chrono::milliseconds delay, int function, bool repeat) override;
  void stop_timer(std::uint64_t timer) override;
  void count(std::string_view name, std::uint64_t n) override;

  bool started_ = false; ///< the worker has its address

 private:
  /// The messages of a call: the one that it is for, if any, and the replies that it has waited for.
  struct call_messages {
    std::uint64_t m;
    std::vector<std::uint64_t> replies;
  };
  struct waiting_call {
    int thread;
    call_messages messages;
  };
  struct script_timer {
    int function;
    std::chrono::milliseconds every; ///< 0: once
    std::uint64_t shown;             ///< the number that the script knows
  };

  bool settle(const outcome& o, call_messages messages);
  void go_on(std::uint64_t question, result<message_ptr> reply);

  service_options options_;
  std::unordered_map<std::uint64_t, held_message> messages_; ///< before the engine, whose end lets them go
  std::uint64_t last_ticket_ = 0;
  std::unique_ptr<lua_engine> engine_;
  std::map<std::uint64_t, waiting_call> waiting_; ///< by number of the question
  std::map<std::uint64_t, script_timer> timers_;
  std::uint64_t questions_ = 0; ///< never the same twice, over reloads as well
  std::map<std::string, std::atomic<std::uint64_t>*, std::less<>> counts_;
  std::chrono::steady_clock::time_point complained_{};
  std::uint64_t silent_ = 0;    ///< failures since the last line about one
};

} // namespace ockam::lua
