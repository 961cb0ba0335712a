// SPDX-License-Identifier: Apache-2.0
// Lines of Lua, evaluated inside a node. A question is the text of one or several lines; the answer is a text
// with a JSON object: `output` (what was printed since the last answer), and one of `results` (texts), `error`,
// `incomplete` (more lines are needed).
#include "runtime/core/printable.hpp"
#include "services/lua/lua_values.hpp"
#include "services/lua/script_options.hpp"
#include "services/lua/script_service.hpp"
#include "services/lua/script_worker.hpp"

#include <stdexcept>

namespace ockam::lua {

namespace {

using json = nlohmann::json;

constexpr std::chrono::minutes patience{15};

class repl final : public script_worker {
 public:
  repl(const service_options& o, const sandbox& limits)
    : script_worker{o, limits, std::make_shared<script_family>(0)} {}

  void on_start() override {
    started_ = true;
    auto e = make_engine(limits_);
    if (!e)
      throw std::runtime_error{e.error().cause};
    if (auto ok = charge(**e, budget()); !ok)
      throw std::runtime_error{ok.error().cause};
    exchange({.engine = std::move(*e)});
    idle_ = set_timer(patience);
  }

  void on_message(message_ptr m) override {
    if (m->is_imported()) // whoever may evaluate Lua here may send whatever this node may
      return worker::drop(std::move(m), drop_reason::refused, "a prompt serves local senders only");
    cancel_timer(idle_);
    idle_ = set_timer(patience);
    auto line = std::string{m->text().value_or("")};
    auto ticket = hold(std::move(m));
    call(ticket, [&](lua_State* L) {
      lua_pushcfunction(L, &evaluate);
      push_message(L, ticket);
      lua_pushlstring(L, line.data(), line.size());
      return 3;
    });
  }

  void on_timer(std::uint64_t timer) override {
    if (timer == idle_)
      return stop();
    script_worker::on_timer(timer);
  }

 private:
  static constexpr std::size_t longest_output = 1u << 20;

  static repl& of(lua_State* L) { return static_cast<repl&>(*static_cast<script_host*>(lua_engine::owner_of(L))); }
  static held_message* question(lua_State* L) { return of(L).find(check_ticket(L, 1)); }

  /// An expression, or statements. Lua's parser says by `<eof>` that it wants more.
  static int evaluate(lua_State* L) {
    std::size_t n = 0;
    const char* text = lua_tolstring(L, 2, &n);
    auto expression = "return " + std::string{text, n};
    if (luaL_loadbufferx(L, expression.data(), expression.size(), "=line", "t") != LUA_OK) {
      lua_settop(L, 2);
      if (luaL_loadbufferx(L, text, n, "=line", "t") != LUA_OK) {
        std::string why = lua_tostring(L, -1);
        if (why.ends_with("<eof>"))
          return of(L).answer_with(question(L), {{"incomplete", true}}), 0;
        return lua_error(L);
      }
    }
    lua_callk(L, 0, LUA_MULTRET, 0, &finish);
    return finish(L, LUA_OK, 0);
  }

  static int finish(lua_State* L, int, lua_KContext) {
    auto results = json::array();
    for (int i = 3, n = lua_gettop(L); i <= n; ++i)
      results.push_back(shown(L, i));
    of(L).answer_with(question(L), {{"results", std::move(results)}});
    return 0;
  }

  /// A table as JSON where that can be, anything else as `print` shows it.
  static std::string shown(lua_State* L, int index) {
    luaL_checkstack(L, 4, nullptr);
    if (lua_istable(L, index)) {
      lua_getglobal(L, "json");
      lua_getfield(L, -1, "encode");
      lua_remove(L, -2);
      lua_pushvalue(L, index);
      lua_pcall(L, 1, 1, 0);
      if (lua_type(L, -1) != LUA_TSTRING || lua_tostring(L, -1)[0] == 'a') { // a reason: a table …
        lua_pop(L, 1);
        luaL_tolstring(L, index, nullptr);
      }
    } else {
      luaL_tolstring(L, index, nullptr);
    }
    std::size_t n = 0;
    const char* text = lua_tolstring(L, -1, &n);
    std::string out{text, n};
    lua_pop(L, 1);
    return printable_lines(out);
  }

  void print(std::string_view line) override {
    if (output_.size() < longest_output)
      output_.append(printable_lines(line)).append("\n");
  }
  void write(level l, std::string_view line) override {
    print(line);
    script_worker::write(l, line);
  }

  /// Each line is a call; what one has asked for, the next may look at.
  bool keeps_replies() const override { return true; }

  void on_failure(const outcome& o, message_ptr m) override {
    if (held_message to{std::move(m)}; to.m)
      return answer_with(&to, {{"error", printable_lines(o.why)}});
    print(o.why); // of a timer
  }

  void answer_with(held_message* to, json what) {
    if (auto said = std::exchange(output_, {}); !said.empty())
      what["output"] = std::move(said);
    if (to && to->m)
      worker::reply_text(std::move(to->m), what.dump());
  }

  std::string output_;
  std::uint64_t idle_ = 0;
};

} // namespace

} // namespace ockam::lua

namespace ockam {

service_type repl_service() {
  service_type t;
  t.name = "repl";
  t.is_sandboxed = true;
  t.make = [](const service_options& o) -> result<std::unique_ptr<worker>> {
    auto limits = lua::read_sandbox(o);
    if (auto ok = o.wrong(); !ok)
      return std::move(ok).error();
    return std::unique_ptr<worker>{std::make_unique<lua::repl>(o, limits)};
  };
  return t;
}

} // namespace ockam
