// SPDX-License-Identifier: Apache-2.0
#include "services/lua/lua_engine.hpp"

#include "runtime/core/units.hpp"
#include "services/lua/lua_sandbox.hpp"

#include <algorithm>
#include <bit>
#include <cstdlib>
#include <exception>
#include <new>
#include <utility>

namespace ockam::lua {

namespace {

constexpr int usual_pace = 1000; // instructions from one look of the hook to the next
/// From this size on a string counts as long: an instruction may take some 10 ns for each of its bytes.
constexpr std::size_t long_string_size = 64u << 10;
/// What instructions may go over between two looks, in bytes: some 0.1 s of the slowest.
constexpr std::size_t bytes_per_look = 16u << 20;
constexpr std::size_t piece = 4096; // of a text that is compiled
constexpr std::size_t page = 4096;  // of memory, as the account is asked for it
constexpr const char* instructions_text = "it ran for more instructions than the option of that name allows";
constexpr const char* time_text = "it ran for longer than the option time allows";

/// Sets a value back, also when an error passes by.
template <class T>
class restored {
 public:
  restored(T& what, T now) : what_{what}, before_{std::exchange(what, now)} {}
  ~restored() { what_ = before_; }
  restored(const restored&) = delete;
  restored& operator=(const restored&) = delete;

 private:
  T& what_;
  T before_;
};

std::string text_at_top(lua_State* L) {
  constexpr std::size_t longest = 1024; // what goes to logs and senders
  std::size_t size = 0;
  const char* text = lua_type(L, -1) == LUA_TSTRING ? lua_tolstring(L, -1, &size) : nullptr;
  return text ? std::string{text, std::min(size, longest)} : "an error that is a " + std::string{luaL_typename(L, -1)};
}

} // namespace

lua_engine::lua_engine(sandbox limits, void* owner) : limits_{limits}, owner_{owner}, pace_{usual_pace} {
  L_ = lua_newstate(&allocate, this);
  if (!L_)
    throw std::bad_alloc{};
  *static_cast<lua_engine**>(lua_getextraspace(L_)) = this; // each coroutine gets a copy
  open_sandbox(L_, limits_);
  lua_sethook(L_, &count, LUA_MASKCOUNT, pace_); // coroutines inherit it
}

lua_engine::~lua_engine() {
  lua_close(L_);
  if (account_)
    account_->give_back(paid_);
}

// -- memory --------------------------------------------------------------------------------------------

bool lua_engine::charge_to(account& a) noexcept {
  if (!a.take(used_))
    return false;
  account_ = &a;
  paid_ = used_;
  return true;
}

/// The account is asked for pages: it may be shared with other threads.
bool lua_engine::take_memory(std::size_t bytes) noexcept {
  if (used_ + bytes > limits_.memory)
    return false;
  if (account_ && used_ + bytes > paid_) {
    auto more = (used_ + bytes - paid_ + page - 1) / page * page;
    if (!account_->take(more))
      return false;
    paid_ += more;
  }
  used_ += bytes;
  clean_ = false;
  return true;
}

void lua_engine::free_memory(std::size_t bytes) noexcept {
  used_ -= bytes;
  if (!account_ || paid_ < used_ + 2 * page)
    return;
  auto less = (paid_ - used_ - page) / page * page;
  account_->give_back(less);
  paid_ -= less;
}

bool lua_engine::beside::take(std::size_t bytes) {
  if (!of(L_).take_memory(bytes)) {
    lua_gc(L_, LUA_GCCOLLECT);
    if (!of(L_).take_memory(bytes))
      return false;
  }
  bytes_ += bytes;
  return true;
}

void* lua_engine::allocate(void* self, void* block, std::size_t old_size, std::size_t new_size) noexcept {
  auto& e = *static_cast<lua_engine*>(self);
  auto before = block ? old_size : 0; // without a block, Lua says there of which kind it will be
  if (new_size == 0) {
    if (before >= long_string_size)
      e.no_long_string(block, before);
    std::free(block);
    e.free_memory(before);
    return nullptr;
  }
  bool string = !block && old_size == LUA_TSTRING;
  auto more = new_size > before ? new_size - before : 0;
  if ((string && new_size > longest_string) || (more > 0 && !e.take_memory(more)))
    return nullptr;
  void* out = std::realloc(block, new_size);
  if (out && string && new_size >= long_string_size && !e.long_string(out, new_size)) {
    std::free(out);
    out = nullptr;
  }
  if (!out) {
    e.free_memory(more);
    return nullptr;
  }
  e.free_memory(before > new_size ? before - new_size : 0);
  // `..` and the like are one instruction, however long their strings are. The hook sees it soon.
  e.left_ -= std::min<std::uint64_t>(e.left_, more / 8);
  return out;
}

bool lua_engine::long_string(void* block, std::size_t size) noexcept {
  try {
    long_strings_.insert(block);
  } catch (const std::bad_alloc&) {
    return false;
  }
  ++sizes_[std::bit_width(size)];
  set_pace();
  return true;
}

void lua_engine::no_long_string(void* block, std::size_t size) noexcept {
  if (long_strings_.erase(block) == 0)
    return;
  --sizes_[std::bit_width(size)];
  set_pace();
}

void lua_engine::set_pace() noexcept {
  pace_ = usual_pace;
  for (std::size_t bits = sizes_.size(); bits-- > 0 && pace_ == usual_pace;)
    if (sizes_[bits] > 0)
      pace_ = static_cast<int>(std::clamp<std::size_t>(bytes_per_look >> bits, 1, usual_pace - 1));
  if (current_)
    keep_pace(current_);
}

/// Lua lets a hook be set at any time on the thread that runs, from its allocator too.
void lua_engine::keep_pace(lua_State* L) const noexcept {
  if (lua_gethookcount(L) != pace_)
    lua_sethook(L, &count, LUA_MASKCOUNT, pace_);
}

bool lua_engine::find_over() noexcept {
  if (over_ == limit::none && left_ == 0)
    over_ = limit::instructions;
  if (over_ == limit::none && clock::now() >= deadline_)
    over_ = limit::time;
  return is_over();
}

int lua_engine::raise_limit(lua_State* L) {
  return luaL_error(L, of(L).over_ == limit::time ? time_text : instructions_text);
}

void lua_engine::count(lua_State* L, lua_Debug*) {
  auto& e = of(L);
  e.left_ -= std::min<std::uint64_t>(e.left_, static_cast<std::uint64_t>(lua_gethookcount(L)));
  if (!e.find_over())
    return e.keep_pace(L);
  luaL_where(L, 0); // in a hook, the function that runs
  lua_pushstring(L, e.over_ == limit::time ? time_text : instructions_text);
  lua_concat(L, 2);
  lua_error(L);
}

void lua_engine::spend(lua_State* L, std::size_t bytes) {
  auto& e = of(L);
  e.left_ -= std::min<std::uint64_t>(e.left_, bytes / 8);
  if (e.find_over())
    raise_limit(L);
}

void lua_engine::check_time(lua_State* L) {
  if (of(L).find_over())
    raise_limit(L);
}

void lua_engine::check_limit(lua_State* L) {
  if (of(L).is_over())
    raise_limit(L);
}

int lua_engine::resume_own(lua_State* co, lua_State* from, int arguments, int* results) {
  auto& e = of(from);
  restored current{e.current_, co};
  e.keep_pace(co);
  return lua_resume(co, from, arguments, results);
}

int lua_engine::load_text(lua_State* L, std::string_view text, const char* name) {
  auto read = [](lua_State* s, void* data, std::size_t* size) -> const char* {
    auto& left = *static_cast<std::string_view*>(data);
    check_time(s);
    auto next = left.substr(0, piece);
    left.remove_prefix(next.size());
    *size = next.size();
    return next.data();
  };
  return lua_load(L, read, &text, name, "t");
}

void lua_engine::fresh_budget() noexcept {
  left_ = limits_.instructions;
  deadline_ = clock::now() + limits_.time;
  over_ = limit::none;
  waiting_ = false;
}

int lua_engine::protect(action f, void* data) {
  struct request {
    action f;
    void* data;
  } r{f, data};
  auto run = [](lua_State* L) {
    auto* what = static_cast<request*>(lua_touserdata(L, 1));
    lua_settop(L, 0);
    std::string why;
    try {
      return what->f(L, what->data);
    } catch (const std::exception& e) { // of ours; Lua's are no std::exception
      why = e.what();
    }
    return luaL_error(L, "%s", why.c_str());
  };
  restored current{current_, L_};
  keep_pace(L_);
  lua_pushcfunction(L_, run);
  lua_pushlightuserdata(L_, &r);
  return lua_pcall(L_, 1, LUA_MULTRET, 0);
}

outcome lua_engine::failed(lua_State* at, int rc) {
  outcome out{.what = outcome::kind::failed, .over_instructions = over_ == limit::instructions, .over_time = over_ == limit::time,
              .over_memory = rc == LUA_ERRMEM};
  out.why = rc == LUA_YIELD ? "it has yielded outside of a coroutine of its own"
            : out.over_memory ? "its memory is used up (budget " + size_text(limits_.memory) + ")" : text_at_top(at);
  return out;
}

outcome lua_engine::run_protected(action f, void* data) {
  fresh_budget();
  auto top = lua_gettop(L_);
  auto rc = protect(f, data);
  auto out = rc == LUA_OK ? outcome{} : failed(L_, rc);
  lua_settop(L_, top);
  return out;
}

result<void> lua_engine::load(std::string_view text, const std::string& name) {
  if (text.starts_with("#")) // #!/…
    text = text.substr(std::min(text.find('\n'), text.size()));
  loading_ = true;
  auto ran = run([&](lua_State* L) {
    if (load_text(L, text, ("@" + name).c_str()) != LUA_OK)
      lua_error(L);
    lua_call(L, 0, 0);
  });
  loading_ = false;
  if (ran.what == outcome::kind::failed)
    return error{errc::invalid_argument, ran.why.find(':') == std::string::npos ? name + ": " + ran.why : ran.why, {}};
  return {};
}

lua_State* lua_engine::coroutine(int thread) {
  lua_rawgeti(L_, LUA_REGISTRYINDEX, thread);
  auto* co = lua_tothread(L_, -1);
  lua_pop(L_, 1); // the registry keeps it
  return co;
}

/// What has a finalizer (messages that were kept) is collected in two rounds, and not at all in the collection
/// that Lua tries when memory runs out. So it is done in time.
void lua_engine::tidy() {
  auto used = account_ ? account_->used() : used_;
  if (used >= limits_.memory / 2 && used >= tidy_ + limits_.memory / 4)
    collect_garbage();
}

void lua_engine::collect_garbage() noexcept {
  if (std::exchange(clean_, true))
    return;
  lua_gc(L_, LUA_GCCOLLECT);
  lua_gc(L_, LUA_GCCOLLECT);
  tidy_ = account_ ? account_->used() : used_;
}

outcome lua_engine::start(action push, void* data) {
  tidy();
  fresh_budget();
  if (spare_ == LUA_NOREF) {
    auto make = [this](lua_State* L) {
      lua_newthread(L);
      spare_ = luaL_ref(L, LUA_REGISTRYINDEX);
    };
    if (auto rc = protect(&trampoline<decltype(make)>, &make); rc != LUA_OK) {
      auto out = failed(L_, rc);
      lua_settop(L_, 0);
      return out;
    }
  }
  return go_on(std::exchange(spare_, LUA_NOREF), push, data);
}

outcome lua_engine::go_on(int thread, action push, void* data) {
  fresh_budget();
  auto* co = coroutine(thread);
  auto rc = protect(push, data);
  auto pushed = lua_gettop(L_);
  bool idle = lua_status(co) == LUA_OK; // else it waits
  if (rc == LUA_OK && pushed == 0 && idle) {
    spare_ = thread;
    return {};
  }
  if (rc == LUA_OK && !lua_checkstack(co, pushed))
    rc = LUA_ERRMEM;
  if (rc == LUA_OK) {
    lua_xmove(L_, co, pushed);
    return go(thread, co, idle ? pushed - 1 : pushed);
  }
  auto out = failed(L_, rc);
  lua_settop(L_, 0);
  lua_resetthread(co);
  luaL_unref(L_, LUA_REGISTRYINDEX, thread);
  return out;
}

outcome lua_engine::go(int thread, lua_State* co, int arguments) {
  running_ = co;
  int results = 0;
  auto rc = resume_own(co, L_, arguments, &results);
  running_ = nullptr;
  if (rc == LUA_YIELD && waiting_) {
    lua_pop(co, results);
    return {.what = outcome::kind::waiting, .thread = thread};
  }
  if (rc == LUA_OK) {
    lua_settop(co, 0);
    if (spare_ == LUA_NOREF)
      spare_ = thread;
    else
      luaL_unref(L_, LUA_REGISTRYINDEX, thread);
    return {};
  }
  auto out = failed(co, rc);
  if (!is_over()) { // else its hooks are off: nothing of it may run any more
    fresh_budget();
    lua_resetthread(co);
  }
  luaL_unref(L_, LUA_REGISTRYINDEX, thread);
  return out;
}

int lua_engine::wait(lua_State* co) {
  if (!may_wait(co))
    return luaL_error(co, "it can wait only in a handler, not in a coroutine of its own");
  waiting_ = true;
  return lua_yield(co, 0);
}

} // namespace ockam::lua
