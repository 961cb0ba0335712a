// SPDX-License-Identifier: Apache-2.0
#include "services/lua/script_service.hpp"

#include "services/lua/file_watcher.hpp"
#include "services/lua/lua_values.hpp"
#include "services/lua/script_file.hpp"
#include "services/lua/script_options.hpp"
#include "services/lua/script_worker.hpp"

#include <algorithm>
#include <optional>
#include <stdexcept>

namespace ockam::lua {

namespace {

using clock = std::chrono::steady_clock;

/// Messages that may come at once, refilled steadily.
class rate_limit {
 public:
  explicit rate_limit(std::uint64_t per_second) : rate_{static_cast<double>(per_second)}, left_{rate_} {}

  bool admits(clock::time_point now) {
    if (rate_ == 0)
      return true;
    left_ = std::min(rate_, left_ + rate_ * std::chrono::duration<double>(now - seen_).count());
    seen_ = now;
    if (left_ < 1)
      return false;
    left_ -= 1;
    return true;
  }

 private:
  double rate_;
  double left_;
  clock::time_point seen_ = clock::now();
};

class scripted final : public script_worker {
 public:
  scripted(const service_options& o, const script_options& own)
    : script_worker{o}, file_{own.file}, limits_{own.limits}, rate_{own.rate}, per_second_{own.rate} {}

  /// Errors: those of the file; `invalid_argument`, `greeter.lua:3: …`.
  result<void> load() {
    auto text = read_script(file_);
    auto fresh = text ? make(*text) : result<std::unique_ptr<lua_engine>>{text.error()};
    if (!fresh)
      return std::move(fresh).error();
    run_with(std::move(*fresh));
    text_ = std::move(*text);
    return {};
  }

  /// What the script asked for at its top. Errors: those of `service_options::wrong` and `unknown`.
  result<void> check_options() const {
    auto ok = options()->wrong();
    return ok ? options()->unknown() : std::move(ok);
  }

  void on_start() override {
    started_ = true;
    watch_ = file_watcher::shared()->add(file_, [box = my_postbox(), this] { (void)box.post([this] { look_again(); }); });
    if (!watch_)
      log_warning("changes of " + file_ + " will not be seen: the system has no inotify to give");
    starting_ = true;
    start_script(*engine(), {});
    starting_ = false;
    if (!why_not_.empty())
      throw std::runtime_error{why_not_};
  }

  void on_message(message_ptr m) override {
    if (!rate_.admits(clock::now())) {
      counter("over-rate").fetch_add(1, std::memory_order_relaxed);
      return worker::reply_error(std::move(m), "over the rate of " + std::to_string(per_second_) + " messages a second");
    }
    auto ticket = hold(std::move(m));
    call(ticket, [&](lua_State* L) {
      lua_getglobal(L, "on_message");
      push_message(L, ticket);
      return 2;
    });
  }

  void on_stop() noexcept override {
    (void)engine()->run([](lua_State* L) {
      if (lua_getglobal(L, "on_stop") == LUA_TFUNCTION)
        lua_call(L, 0, 0);
    });
  }

 private:
  /// Loads a text, beside the script that runs.
  result<std::unique_ptr<lua_engine>> make(const std::string& text) {
    auto e = make_engine(limits_);
    if (!e)
      return std::move(e).error();
    if (auto ok = (*e)->load(text, script_name(file_)); !ok)
      return std::move(ok).error();
    if (auto ok = check_handlers(**e); !ok)
      return error{ok.error().code, script_name(file_) + ": " + ok.error().cause, ok.error().hint};
    return e;
  }

  /// Tells the script who it is and calls its on_start with what the one before has left.
  void start_script(lua_engine& e, const std::optional<nlohmann::json>& state) {
    (void)e.run([&](lua_State* L) {
      lua_createtable(L, 0, 2);
      lua_pushlstring(L, self().name.data(), self().name.size());
      lua_setfield(L, -2, "address");
      lua_pushlstring(L, node_name().data(), node_name().size());
      lua_setfield(L, -2, "node");
      lua_setglobal(L, "service");
    });
    call(0, [&](lua_State* L) {
      if (lua_getglobal(L, "on_start") != LUA_TFUNCTION)
        return 0;
      if (!state)
        return 1;
      auto cbor = nlohmann::json::to_cbor(*state);
      push_decoded(L, {reinterpret_cast<const char*>(cbor.data()), cbor.size()}, nlohmann::json::input_format_t::cbor);
      lua_settop(L, 2);
      return 2;
    });
  }

  /// A start that fails at once is no start; later, a failure is one like any other.
  void on_failure(const outcome& o, message_ptr m) override {
    if (starting_)
      why_not_ = o.why;
    else
      script_worker::on_failure(o, std::move(m));
  }

  /// The file was written. Writers may do that in several steps, so the last of them counts.
  void look_again() {
    auto text = read_script(file_);
    if (!text)
      return stay(text.error());
    if (*text == text_)
      return;
    auto fresh = make(*text);
    if (!fresh)
      return stay(fresh.error());
    auto state = take_state();
    run_with(std::move(*fresh));
    text_ = std::move(*text);
    start_script(*engine(), state);
    counter("reloads").fetch_add(1, std::memory_order_relaxed);
    log_info("loaded " + script_name(file_) + " again");
  }

  /// What `on_reload` returns, if there is one: plain values.
  std::optional<nlohmann::json> take_state() {
    std::optional<nlohmann::json> state;
    auto o = engine()->run([&](lua_State* L) {
      if (lua_getglobal(L, "on_reload") != LUA_TFUNCTION)
        return;
      lua_call(L, 0, 1);
      if (!lua_isnil(L, -1))
        state = to_json(L, -1, nlohmann::json::input_format_t::cbor);
    });
    if (o.what == outcome::kind::failed)
      on_failure({.what = o.what, .why = "on_reload: " + o.why}, nullptr);
    return state;
  }

  void stay(const error& e) {
    counter("reloads-failed").fetch_add(1, std::memory_order_relaxed);
    log_error(e.cause + "; the script before it stays");
  }

  std::string file_;
  sandbox limits_;
  rate_limit rate_;
  std::uint64_t per_second_;
  std::string text_;
  std::string why_not_;
  bool starting_ = false;
  file_watcher::watch watch_;
};

} // namespace

} // namespace ockam::lua

namespace ockam {

service_type script_service() {
  service_type t;
  t.name = "script";
  t.file_key = "script";
  t.make = [](const service_options& o) -> result<std::unique_ptr<worker>> {
    auto own = lua::read_script_options(o);
    if (auto ok = o.wrong(); !ok)
      return std::move(ok).error();
    auto w = std::make_unique<lua::scripted>(o, own);
    if (auto ok = w->load(); !ok)
      return std::move(ok).error();
    if (auto ok = w->check_options(); !ok)
      return std::move(ok).error();
    (void)o.all(); // the script has asked its copy
    return std::unique_ptr<worker>{std::move(w)};
  };
  return t;
}

} // namespace ockam
