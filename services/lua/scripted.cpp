// SPDX-License-Identifier: Apache-2.0
#include "services/lua/scripted.hpp"

#include "services/lua/lua_values.hpp"
#include "services/lua/script_file.hpp"

#include <filesystem>
#include <stdexcept>
#include <utility>

namespace ockam::lua {

namespace {

using format = nlohmann::json::input_format_t;

void set_text(lua_State* L, const char* key, std::string_view text) {
  lua_pushlstring(L, text.data(), text.size());
  lua_setfield(L, -2, key);
}

} // namespace

scripted::scripted(const service_options& o, const script_options& own, std::shared_ptr<script_family> family,
                   const script_child* parent)
  : script_worker{o, own.limits, std::move(family)}, file_{own.file},
    folder_{std::filesystem::path{own.file}.parent_path().string()}, given_{o}, rate_{own.rate}, per_second_{own.rate},
    ends_on_error_{own.ends_on_error} {
  if (!parent)
    return;
  parent_ = parent->parent;
  of_parent_ = parent->budget;
}

// -- life ----------------------------------------------------------------------------------------------

result<void> scripted::load() {
  auto text = read_script(file_);
  auto fresh = text ? make(*text) : result<std::unique_ptr<lua_engine>>{text.error()};
  if (!fresh)
    return std::move(fresh).error();
  exchange({.engine = std::move(*fresh)});
  loaded_ = std::hash<std::string>{}(*text);
  return {};
}

result<void> scripted::check_options() const {
  auto ok = options()->wrong();
  return ok ? options()->unknown() : std::move(ok);
}

result<std::unique_ptr<lua_engine>> scripted::make(const std::string& text) {
  auto e = make_engine(limits_);
  if (!e)
    return std::move(e).error();
  if (auto ok = charge(**e, started_ ? budget() : of_parent_.get()); !ok) // else its address will tell whom
    return std::move(ok).error();
  if (auto ok = (*e)->load(text, script_name(file_)); !ok)
    return std::move(ok).error();
  if (auto ok = check_handlers(**e); !ok)
    return error{ok.error().code, script_name(file_) + ": " + ok.error().cause, ok.error().hint};
  return e;
}

void scripted::on_start() {
  started_ = true;
  worker_host::of(*this).stats().behavior({.name = script_name(file_)});
  if (auto ok = of_parent_ ? result<void>{} : charge(*engine(), budget()); !ok)
    throw std::runtime_error{ok.error().cause};
  watch_ = file_watcher::shared()->add(file_, [box = my_postbox(), file = file_, news = news_, this] {
    auto text = read_script(file); // not on the script's thread, which may be that of the sockets
    std::lock_guard guard{news->lock};
    if (!std::exchange(news->text, std::move(text)))
      (void)box.post([this] { look_again(); });
  });
  if (auto ok = start_script(left_behind()); !ok)
    throw std::runtime_error{ok.error().cause};
}

void scripted::tell_who_it_is() {
  (void)engine()->run([&](lua_State* L) {
    lua_createtable(L, 0, 3);
    set_text(L, "address", self().name);
    set_text(L, "node", node_name());
    if (!parent_.empty())
      set_text(L, "parent", parent_);
    lua_setglobal(L, "service");
  });
}

result<void> scripted::start_script(const legacy& state) {
  tell_who_it_is();
  why_not_.emplace();
  call(0, [&](lua_State* L) {
    if (lua_getglobal(L, "on_start") != LUA_TFUNCTION)
      return 0;
    if (!state)
      return 1;
    push_decoded(L, *state, format::cbor);
    lua_settop(L, 2);
    return 2;
  });
  auto why = *std::exchange(why_not_, std::nullopt);
  return why.empty() ? result<void>{} : error{errc::service_failed, std::move(why), {}};
}

void scripted::on_message(message_ptr m) {
  bool of_it = rate_.admits(rate_limit::clock::now());
  if (!of_it || !family_->messages.admits()) {
    counter("over-rate").fetch_add(1, std::memory_order_relaxed);
    return worker::reply_error(std::move(m), "over the rate of " + std::to_string(of_it ? family_->rate : per_second_)
                                               + " messages a second");
  }
  auto ticket = hold(std::move(m));
  call(ticket, [&](lua_State* L) {
    lua_getglobal(L, "on_message");
    push_message(L, ticket);
    return 2;
  });
}

void scripted::on_stop() noexcept {
  auto o = engine()->run([](lua_State* L) {
    if (lua_getglobal(L, "on_stop") == LUA_TFUNCTION)
      lua_call(L, 0, 0);
  });
  if (o.what == outcome::kind::finished)
    commit();
}

void scripted::on_failure(const outcome& o, message_ptr m) {
  if (why_not_) {
    *why_not_ = o.why;
    return;
  }
  script_worker::on_failure(o, std::move(m));
  if (ends_on_error_)
    end_script(o.why);
}

// -- another text --------------------------------------------------------------------------------------

void scripted::look_again() {
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

result<void> scripted::replace(const std::string& text) {
  auto options_before = std::exchange(options_, given_);
  auto fresh = make(text);
  auto ok = fresh ? check_options() : result<void>{fresh.error()};
  if (ok) {
    auto state = take_state();
    auto before = exchange({.engine = std::move(*fresh)});
    hold_children_back(); // those of the one before may have the same names
    ok = start_script(state);
    begin_children(static_cast<bool>(ok));
    give_up(ok ? std::move(before) : exchange(std::move(before)));
  }
  if (!ok)
    options_ = std::move(options_before);
  return ok;
}

scripted::legacy scripted::left_behind() const {
  auto left = worker_host::of(*this).left_behind();
  return left.empty() ? legacy{} : legacy{left};
}

scripted::legacy scripted::take_state() {
  auto state = left_behind();
  auto o = engine()->run([&](lua_State* L) {
    if (lua_getglobal(L, "on_reload") != LUA_TFUNCTION)
      return;
    state.reset();
    lua_call(L, 0, 1);
    if (!lua_isnil(L, -1))
      state = encoded(L, -1, format::cbor);
  });
  if (o.what == outcome::kind::failed)
    script_worker::on_failure({.what = o.what, .why = "on_reload: " + o.why}, nullptr);
  return state;
}

// -- as a child ----------------------------------------------------------------------------------------

worker_factory child_script(script_child c) {
  return [c = std::move(c)]() -> result<std::unique_ptr<worker>> {
    service_options o{c.options}; // notes what it was asked for
    auto own = read_script_options(o, &c.limits);
    if (auto ok = o.wrong(); !ok)
      return std::move(ok).error();
    auto file = script_below(c.folder, own.file);
    if (!file)
      return std::move(file).error();
    own.file = std::move(*file);
    auto w = std::make_unique<scripted>(o, own, c.family, &c);
    if (auto ok = w->load(); !ok)
      return std::move(ok).error();
    if (auto ok = w->check_options(); !ok)
      return std::move(ok).error();
    return std::unique_ptr<worker>{std::move(w)};
  };
}

} // namespace ockam::lua
