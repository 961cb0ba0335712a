// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "runtime/core/message.hpp"
#include "runtime/core/route.hpp"
#include "runtime/core/log.hpp"
#include "runtime/core/service_options.hpp"
#include "services/lua/lua_engine.hpp"

#include <chrono>
#include <cstdint>
#include <string_view>

/// What a script can do beside Lua: the functions of docs/lua.md. They find what they do it with in the
/// owner of their engine.
namespace ockam::lua {

/// A message as a script holds it. It ends with the handler that got it, unless the script keeps it.
struct held_message {
  message_ptr m; ///< null once it has been answered or passed on
  bool kept = false;
};

/// What the functions of a script need of whoever runs it: a worker, or nobody (`script_check`). Thread: that
/// of the state.
class script_host {
 public:
  virtual ~script_host() = default;

  /// False: there is no worker yet, and everything below but `options`, `write` is not there.
  virtual bool is_worker() const = 0;
  virtual const service_options* options() const = 0;
  virtual void write(level l, std::string_view line) = 0; ///< log.info and so on
  virtual void print(std::string_view line) = 0;

  /// Null when the message with this ticket is gone.
  virtual held_message* find(std::uint64_t ticket) = 0;
  /// A message has been answered or passed on, or was kept and is garbage. From the collector: no errors.
  virtual void let_go(std::uint64_t ticket) noexcept = 0;
  /// Throws, and leaves the message, when the answer does not fit the budget.
  virtual void answer(message_ptr& m, payload body) = 0;
  virtual void answer_same(message_ptr m) = 0;
  virtual void fail(message_ptr m, std::string_view why) = 0;
  virtual void pass_on(message_ptr m) = 0;
  virtual void nobody_to_answer() = 0;
  /// Throws when it does not fit the budget; so do `ask` and `start_timer`.
  virtual void post(const route& onward, payload body) = 0;
  /// The call that asks then waits, and is resumed with the reply or nil and why there is none.
  virtual void ask(const route& onward, payload body, std::chrono::milliseconds timeout) = 0;
  /// Calls the function with this reference after `delay`, again and again if `repeat`. Returns its number.
  virtual std::uint64_t start_timer(std::chrono::milliseconds delay, int function, bool repeat) = 0;
  virtual void stop_timer(std::uint64_t timer) = 0;
  virtual void count(std::string_view name, std::uint64_t n) = 0;
};

/// Pushes a message by its ticket. No finalizer, unless it is kept: Lua's collector takes two rounds for objects
/// that have one, and with nothing but such garbage it lets ever more of it gather.
void push_message(lua_State* L, std::uint64_t ticket, bool kept = false);
/// The ticket of the message at `index`. Raises an error when it is none.
std::uint64_t check_ticket(lua_State* L, int index);

/// What a loaded script lacks to be a service: `on_message`. Error: `invalid_argument`.
result<void> check_handlers(lua_engine& e);

/// The globals of docs/lua.md, in an engine whose owner is a `script_host`.
void open_api(lua_State* L);

} // namespace ockam::lua
