// SPDX-License-Identifier: Apache-2.0
#include "services/lua/script_service.hpp"

#include "services/lua/file_watcher.hpp"
#include "services/lua/lua_values.hpp"
#include "services/lua/script_file.hpp"
#include "services/lua/script_options.hpp"
#include "services/lua/script_worker.hpp"

#include <functional>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <utility>

namespace ockam::lua {

namespace {

using clock = std::chrono::steady_clock;

/// What a file has come to, from the watcher's thread to the script's: the last of it counts, however long that takes.
struct news {
  std::mutex lock;
  std::optional<result<std::string>> text; ///< none: the script has got it
};

class scripted final : public script_worker {
 public:
  scripted(const service_options& o, const script_options& own)
    : script_worker{o}, file_{own.file}, given_{o}, limits_{own.limits}, rate_{own.rate}, per_second_{own.rate} {}

  /// Errors: those of the file; `invalid_argument`, `greeter.lua:3: …`.
  result<void> load() {
    auto text = read_script(file_);
    auto fresh = text ? make(*text) : result<std::unique_ptr<lua_engine>>{text.error()};
    if (!fresh)
      return std::move(fresh).error();
    exchange({.engine = std::move(*fresh)});
    loaded_ = std::hash<std::string>{}(*text);
    return {};
  }

  /// What the script asked for at its top. Errors: those of `service_options::wrong` and `unknown`.
  result<void> check_options() const {
    auto ok = options()->wrong();
    return ok ? options()->unknown() : std::move(ok);
  }

  void on_start() override {
    started_ = true;
    if (auto ok = charge(*engine()); !ok)
      throw std::runtime_error{ok.error().cause};
    watch_ = file_watcher::shared()->add(file_, [box = my_postbox(), file = file_, news = news_, this] {
      auto text = read_script(file); // not on the script's thread, which may be that of the sockets
      std::lock_guard guard{news->lock};
      if (!std::exchange(news->text, std::move(text)))
        (void)box.post([this] { look_again(); });
    });
    if (auto ok = start_script({}); !ok)
      throw std::runtime_error{ok.error().cause};
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
    if (auto ok = started_ ? charge(**e) : result<void>{}; !ok)
      return std::move(ok).error();
    if (auto ok = (*e)->load(text, script_name(file_)); !ok)
      return std::move(ok).error();
    if (auto ok = check_handlers(**e); !ok)
      return error{ok.error().code, script_name(file_) + ": " + ok.error().cause, ok.error().hint};
    return e;
  }

  /// Tells the script that runs who it is and calls its on_start with what the one before has left. Error: what that
  /// said; an error after it has waited is one like any other.
  result<void> start_script(const std::optional<nlohmann::json>& state) {
    (void)engine()->run([&](lua_State* L) {
      lua_createtable(L, 0, 2);
      lua_pushlstring(L, self().name.data(), self().name.size());
      lua_setfield(L, -2, "address");
      lua_pushlstring(L, node_name().data(), node_name().size());
      lua_setfield(L, -2, "node");
      lua_setglobal(L, "service");
    });
    why_not_.emplace();
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
    auto why = *std::exchange(why_not_, std::nullopt);
    return why.empty() ? result<void>{} : error{errc::service_failed, std::move(why), {}};
  }

  void on_failure(const outcome& o, message_ptr m) override {
    if (why_not_)
      *why_not_ = o.why;
    else
      script_worker::on_failure(o, std::move(m));
  }

  /// The file is another one.
  void look_again() {
    auto text = [this] {
      std::lock_guard guard{news_->lock};
      return *std::exchange(news_->text, std::nullopt);
    }();
    auto hash = text ? std::hash<std::string>{}(*text) : 0;
    if (text && hash == loaded_)
      return;
    if (auto ok = text ? replace(*text) : result<void>{text.error()}; !ok) {
      counter("reloads-failed").fetch_add(1, std::memory_order_relaxed);
      return log_error(ok.error().cause + "; the script before it stays");
    }
    loaded_ = hash;
    counter("reloads").fetch_add(1, std::memory_order_relaxed);
    log_info("loaded " + script_name(file_) + " again");
  }

  /// Puts a script in place of the one that runs, which goes on with all that it has when that fails, in its on_start too.
  result<void> replace(const std::string& text) {
    auto options_before = std::exchange(options_, given_);
    auto fresh = make(text);
    auto ok = fresh ? check_options() : result<void>{fresh.error()};
    if (ok) {
      auto state = take_state();
      auto before = exchange({.engine = std::move(*fresh)});
      ok = start_script(state);
      give_up(ok ? std::move(before) : exchange(std::move(before)));
    }
    if (!ok)
      options_ = std::move(options_before);
    return ok;
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

  std::string file_;
  service_options given_; ///< as nobody has asked for any of them, but the node
  sandbox limits_;
  rate_limit rate_;
  std::uint64_t per_second_;
  std::size_t loaded_ = 0; ///< a hash of the text
  std::optional<std::string> why_not_; ///< while it starts: what went wrong
  std::shared_ptr<news> news_ = std::make_shared<news>();
  file_watcher::watch watch_;
};

} // namespace

} // namespace ockam::lua

namespace ockam {

service_type script_service() {
  service_type t;
  t.name = "script";
  t.is_sandboxed = true;
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
