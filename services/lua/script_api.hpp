// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "runtime/core/message.hpp"
#include "runtime/core/route.hpp"
#include "runtime/core/log.hpp"
#include "runtime/core/service_options.hpp"
#include "services/lua/lua_engine.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// What a script can do beside Lua: the functions of docs/lua.md. They find what they do it with in the
/// owner of their engine.
namespace ockam::lua {

/// A message as a script holds it. It ends with the handler that got it, unless the script keeps it.
struct held_message {
  message_ptr m; ///< null once it has been answered or passed on
  bool kept = false;
};

/// What a script asks for and gets later: the reply to a request, the address of a child. Its number.
using question = std::uint64_t;

/// What a call waits for.
struct waiting_for {
  enum class how : std::uint8_t {
    one, ///< of the only one: what came, or nil and why nothing did
    all, ///< two tables, of what came and of why nothing did, by the place of the question in the list
    any  ///< the first that came, and its place; nil and why when none did
  };
  how what = how::one;
  std::vector<question> questions = {};
  bool once = false; ///< nobody can look at them again
};

/// A worker that a script starts: keys of a section `[service NAME]`, where `script` or `type` says what it is.
struct child_wish {
  std::string name; ///< empty: a number
  service_options::values keys;
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
  /// A trace begins; `m` is its first message, if there is one.
  virtual const trace_context& begin_trace(message* m) = 0;
  /// Throws when it does not fit the budget; so do `ask` and `start_timer`.
  virtual void post(const route& onward, payload body) = 0;
  /// Through the secure channels that a route names; `authorized`: whom the last one has to end at, nothing: anybody.
  virtual route through(std::string_view text, std::optional<std::string_view> authorized = {}) = 0;
  /// Only in a call.
  virtual question ask(const route& onward, payload body, std::chrono::milliseconds timeout) = 0;
  virtual question start_child(child_wish what) = 0;
  virtual void stop_child(std::string_view which) = 0;
  /// Whether the call that runs has asked this.
  virtual bool has_asked(question q) const = 0;
  /// How many values it has pushed; none: the call is to wait, and is resumed with them.
  virtual int await(lua_State* L, waiting_for what) = 0;
  /// Tells, once, that the worker at the end of a route has ended: calls the function with this reference, and of it the value
  /// with the reference `target`; without a function it is a link: the script ends as failed, unless the other has ended
  /// because it wanted to. Returns a number for `unwatch`. Throws when there are too many.
  virtual std::uint64_t watch(const route& to, int function, int target) = 0;
  virtual void unwatch(std::uint64_t id) = 0;
  /// Ends the script after this call: as it wants to, or as one that has failed.
  virtual void end_script(std::optional<std::string> failure) = 0;
  /// What the next life of the script begins with, in place of what was said before; counts when the call ends well or
  /// waits.
  virtual void save(std::string cbor) = 0;
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

/// Parts of `open_api`: requests and what waits for them; children, and the end of the script; whose end it watches.
void open_asking(lua_State* L);
void open_family(lua_State* L);
void open_watching(lua_State* L);

/// The globals of docs/lua.md, in an engine whose owner is a `script_host`.
void open_api(lua_State* L);

} // namespace ockam::lua
