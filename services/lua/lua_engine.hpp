// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "runtime/core/account.hpp"
#include "runtime/core/error.hpp"

#include <lua.hpp>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>
#include <unordered_set>

namespace ockam::lua {

/// What a script may use up, and what of Lua it may use.
struct sandbox {
  std::uint64_t instructions = 10'000'000; ///< of Lua's machine, for each call from outside: some 0.2 s
  std::chrono::milliseconds time{2000};     ///< for each call from outside, whatever it does
  std::size_t memory = account::usual;     ///< bytes of all values of the state, and less where its account has less
  bool io = false;                         ///< the library io; and loadfile, dofile
  bool os = false;                         ///< all of os, not only time, clock and date
  bool package = false;                    ///< require and package
};

/// How a call into a script ended.
struct outcome {
  enum class kind : std::uint8_t { finished, waiting, failed };
  kind what = kind::finished;
  int thread = LUA_NOREF;  ///< waiting: the reference of its coroutine, for `resume`
  std::string why = {};    ///< failed: the message, `greeter.lua:3: …`
  bool over_instructions = false; ///< … because it ran for too many
  bool over_time = false;         ///< … because it ran for too long
  bool over_memory = false;       ///< … because its memory was used up
};

/// One Lua state in its sandbox. A script is called in coroutines, so that a function of ours may wait
/// (`wait`) while other calls go on. What may take long without end is bounded:
///
/// - instructions are counted by a hook, which once the limit is passed raises an error at each of its turns;
///   what could catch that error (pcall, coroutine.resume, load) passes it on;
/// - memory is bounded by the allocator, which charges the account of the worker (`charge_to`), as does what is made of
///   values outside of the state (`beside`);
/// - time: the hook looks at the clock, and so do the functions of Lua's library that go over strings and tables in C
///   (`spend`, `tick`): those that could take long there have been replaced (`open_sandbox`), and what they do with
///   strings counts as instructions by its size, as does memory that is taken;
/// - single instructions are long when strings are (a comparison, a conversion): the longer the longest string, the
///   sooner the hook looks, and no string is longer than `longest_string`.
///
/// What the options `io`, `os` and `package` allow may block, and is not bounded: the node's watchdog names such a script.
///
/// No finalizers (`__gc`): they would run without the hook. Errors of Lua are C++ exceptions in the library that
/// we use, so destructors run; outside of `run` and `call` nothing may raise one. Thread: one at a time.
class lua_engine {
 public:
  /// `owner` is found by functions of ours with `owner_of`.
  lua_engine(sandbox limits, void* owner);
  ~lua_engine();
  lua_engine(const lua_engine&) = delete;
  lua_engine& operator=(const lua_engine&) = delete;

  lua_State* state() noexcept { return L_; }
  std::size_t memory() const noexcept { return used_; }
  /// From now on its memory counts in `a`, which lives longer. False when what it has does not fit.
  bool charge_to(account& a) noexcept;
  /// Frees what nobody refers to, also what has finalizers.
  void collect_garbage() noexcept;
  /// It has used up its instructions or its time: nothing of it may run any more in this call.
  bool is_over() const noexcept { return over_ != limit::none; }

  /// Compiles a text and runs it: the top of a script. Error: `invalid_argument`, `greeter.lua:3: …`.
  result<void> load(std::string_view text, const std::string& name);

  /// Runs `f(lua_State*)`, which may use whatever of Lua raises errors, at once and without waiting.
  template <class F>
  outcome run(F&& f) {
    return run_protected(&trampoline<F>, &f);
  }
  /// Calls a function of the script in a coroutine. `push(lua_State*)` puts the function and its arguments on
  /// the stack and returns how many values these are; none: nothing is called.
  template <class F>
  outcome call(F&& push) {
    return start(&trampoline<F>, &push);
  }
  /// Goes on with a call that waits: `push` puts there what it waited for.
  template <class F>
  outcome resume(int thread, F&& push) {
    return go_on(thread, &trampoline<F>, &push);
  }

  /// For a function of ours that was called from a script: the script waits until `resume`. Raises an error
  /// where that is not possible: outside of a call, or in a coroutine of the script's own.
  int wait(lua_State* co);
  bool may_wait(lua_State* co) const noexcept { return co == running_ && lua_isyieldable(co); }
  /// The top of a script runs: it is not yet the one that speaks for the worker.
  bool loading() const noexcept { return loading_; }

  /// Memory of a call outside of the state's allocator, which counts as if it were inside.
  class beside {
   public:
    explicit beside(lua_State* L) noexcept : L_{L} {}
    ~beside() { of(L_).free_memory(bytes_); }
    beside(const beside&) = delete;
    beside& operator=(const beside&) = delete;
    /// False when there is no more, after a collection.
    bool take(std::size_t bytes);

   private:
    lua_State* L_;
    std::size_t bytes_ = 0;
  };

  static lua_engine& of(lua_State* L) { return **static_cast<lua_engine**>(lua_getextraspace(L)); }
  static void* owner_of(lua_State* L) { return of(L).owner_; }

  /// Raises the error again that a script has caught, if it may not be caught.
  static void check_limit(lua_State* L);
  /// For a function in C that went over so many bytes: counts as an eighth of them in instructions. Raises an error when
  /// there are no more, and when the call has used up its time.
  static void spend(lua_State* L, std::size_t bytes);
  /// For each turn of a loop in C that the script can make long: looks at the clock now and then. Raises an error when the
  /// call has used up its time. `step`: the turn goes over a byte or so; `tick`: it may compare two strings.
  static void step(lua_State* L) { of(L).turn(L, 1); }
  static void tick(lua_State* L) {
    auto& e = of(L);
    e.turn(L, e.long_strings_.empty() ? turns / 16 : turns);
  }
  /// `lua_resume` for a coroutine of the script's own.
  static int resume_own(lua_State* co, lua_State* from, int arguments, int* results);
  /// `lua_load` of a text, in pieces between which it looks at the clock.
  static int load_text(lua_State* L, std::string_view text, const char* name);

 private:
  friend class beside;
  using clock = std::chrono::steady_clock;
  enum class limit : std::uint8_t { none, instructions, time };
  /// A script's strings are not longer: comparing two of that size takes some 0.1 s at worst (zero bytes).
  static constexpr std::size_t longest_string = 16u << 20;
  static constexpr std::uint32_t turns = 1024; ///< from one look at the clock to the next: some microseconds

  using action = int (*)(lua_State*, void*);

  template <class F>
  static int trampoline(lua_State* L, void* f) {
    auto& call = *static_cast<std::remove_reference_t<F>*>(f);
    if constexpr (std::is_void_v<std::invoke_result_t<F&, lua_State*>>)
      return call(L), 0;
    else
      return call(L);
  }

  bool take_memory(std::size_t bytes) noexcept;
  void free_memory(std::size_t bytes) noexcept;
  static void* allocate(void* self, void* block, std::size_t old_size, std::size_t new_size) noexcept;
  static void count(lua_State* L, lua_Debug*);
  static int raise_limit(lua_State* L);
  bool find_over() noexcept;
  void turn(lua_State* L, std::uint32_t weight) {
    if ((turns_ += weight) < turns)
      return;
    turns_ = 0;
    check_time(L);
  }
  static void check_time(lua_State* L);
  bool long_string(void* block, std::size_t size) noexcept;
  void no_long_string(void* block, std::size_t size) noexcept;
  void set_pace() noexcept;
  void keep_pace(lua_State* L) const noexcept;

  /// What `f` pushed is on the stack when that is LUA_OK, else the error.
  int protect(action f, void* data);
  outcome run_protected(action f, void* data);
  outcome start(action push, void* data);
  outcome go_on(int thread, action push, void* data);
  outcome go(int thread, lua_State* co, int arguments);
  outcome failed(lua_State* at, int rc);
  void fresh_budget() noexcept;
  void tidy();
  lua_State* coroutine(int thread);

  sandbox limits_;
  void* owner_;
  std::size_t used_ = 0;
  account* account_ = nullptr;
  std::size_t paid_ = 0;          ///< of it: `used_`, rounded up
  std::size_t tidy_ = 0;          ///< bytes in use after the last full collection
  bool clean_ = false;            ///< nothing was taken since then
  std::uint64_t left_ = 0;        ///< instructions
  limit over_ = limit::none;
  clock::time_point deadline_;    ///< of the call
  std::uint32_t turns_ = 0;       ///< since the last look at the clock
  std::unordered_set<void*> long_strings_;
  std::array<std::uint32_t, 32> sizes_{}; ///< how many of them there are, by bits of their size
  int pace_;                      ///< instructions from one look of the hook to the next
  bool waiting_ = false;
  bool loading_ = false;
  lua_State* running_ = nullptr;  ///< the coroutine of the call
  lua_State* current_ = nullptr;  ///< that one, or one that it runs
  int spare_ = LUA_NOREF;         ///< a coroutine that has finished and can be used again
  lua_State* L_ = nullptr;
};

} // namespace ockam::lua
