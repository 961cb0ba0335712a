// SPDX-License-Identifier: Apache-2.0
#include "services/lua/script_check.hpp"

#include "runtime/core/suggest.hpp"
#include "services/lua/lua_globals.hpp"
#include "services/lua/script_api.hpp"
#include "services/lua/script_file.hpp"

#include <algorithm>
#include <charconv>

namespace ockam::lua {

namespace {

/// Nobody: the top of a script needs no worker.
class nobody final : public script_host {
 public:
  bool is_worker() const override { return false; }
  const service_options* options() const override { return nullptr; }
  void write(level, std::string_view) override {}
  void print(std::string_view) override {}
  held_message* find(std::uint64_t) override { return nullptr; }
  void let_go(std::uint64_t) noexcept override {}
  void answer(message_ptr&, payload) override {}
  void answer_same(message_ptr) override {}
  void fail(message_ptr, std::string_view) override {}
  void pass_on(message_ptr) override {}
  void nobody_to_answer() override {}
  const trace_context& begin_trace(message*) override {
    static const trace_context none;
    return none;
  }
  void post(const route&, payload) override {}
  route through(std::string_view, std::optional<std::string_view>) override { return {}; }
  question ask(const route&, payload, std::chrono::milliseconds) override { return 0; }
  question start_child(child_wish) override { return 0; }
  void stop_child(std::string_view) override {}
  bool has_asked(question) const override { return false; }
  int await(lua_State*, waiting_for) override { return 0; }
  std::uint64_t watch(const route&, int, int) override { return 0; }
  void unwatch(std::uint64_t) override {}
  void end_script(std::optional<std::string>) override {}
  void save(std::string) override {}
  std::uint64_t start_timer(std::chrono::milliseconds, int, bool) override { return 0; }
  void stop_timer(std::uint64_t) override {}
  void count(std::string_view, std::uint64_t) override {}
};

/// `greeter.lua:3: what` → the line and what.
script_problem split(const std::string& text, const std::string& name) {
  script_problem p;
  p.cause = text;
  if (!text.starts_with(name + ":"))
    return p;
  const char* begin = text.data() + name.size() + 1;
  auto [end, ec] = std::from_chars(begin, text.data() + text.size(), p.line);
  if (ec == std::errc{} && std::string_view{end, 2} == ": ")
    p.cause = end + 2;
  else
    p.line = 0;
  return p;
}

} // namespace

std::vector<script_problem> check_script(const std::string& path) {
  auto text = read_script(path);
  if (!text)
    return {{0, text.error().cause, text.error().hint}};
  nobody host;
  lua_engine engine{sandbox{}, static_cast<script_host*>(&host)};
  std::vector<std::string> known;
  (void)engine.run([&](lua_State* L) {
    open_api(L);
    lua_pushglobaltable(L);
    for (lua_pushnil(L); lua_next(L, -2); lua_pop(L, 1))
      if (lua_type(L, -2) == LUA_TSTRING)
        known.emplace_back(lua_tostring(L, -2));
  });
  known.emplace_back("service"); // set when the worker starts
  auto name = script_name(path);
  if (auto ok = engine.load(*text, name); !ok)
    return {split(ok.error().cause, name)};
  std::vector<script_problem> out;
  if (auto ok = check_handlers(engine); !ok)
    out.push_back({0, ok.error().cause, ok.error().hint});
  for (const auto& g : undefined_globals(*text, known)) {
    auto near = nearest(g.name, known);
    out.push_back({g.line, "nobody defines the global " + g.name, near ? "did you mean " + *near + "?" : "", false});
  }
  std::stable_sort(out.begin(), out.end(), [](auto& l, auto& r) { return l.line < r.line; });
  return out;
}

} // namespace ockam::lua
