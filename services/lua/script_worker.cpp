// SPDX-License-Identifier: Apache-2.0
#include "services/lua/script_worker.hpp"

#include "runtime/core/switchboard.hpp"
#include "runtime/workers/channel_ways.hpp"

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace ockam::lua {

result<std::unique_ptr<lua_engine>> script_worker::make_engine(const sandbox& limits) {
  auto e = std::make_unique<lua_engine>(limits, static_cast<script_host*>(this));
  auto opened = e->run([&](lua_State* L) { open_api(L); });
  if (opened.what == outcome::kind::failed)
    return error{errc::limit_reached, opened.why, "raise the option budget"};
  return e;
}

result<void> script_worker::charge(lua_engine& e, account* a) {
  if (a && !e.charge_to(*a))
    return error{errc::limit_reached, a->full(), "raise the option budget"};
  return {};
}

void script_worker::give_up(script s) {
  for (auto& [number, w] : s.waiting) { // their answers find nobody
    if (auto* held = find(w.call.message); held && held->m)
      worker::reply_error(std::move(held->m), "the script was replaced while it waited");
    messages_.erase(w.call.message);
    for (auto ticket : w.call.replies)
      messages_.erase(ticket);
  }
  for (auto& [number, t] : s.timers)
    cancel_timer(number);
  for (auto& [id, w] : s.watches)
    watches_.unwatch(id);
}

// -- calls -------------------------------------------------------------------------------------------

std::uint64_t script_worker::hold(message_ptr m) {
  messages_.emplace(++last_ticket_, held_message{std::move(m)});
  return last_ticket_;
}

held_message* script_worker::find(std::uint64_t ticket) {
  auto it = messages_.find(ticket);
  return it == messages_.end() ? nullptr : &it->second;
}

bool script_worker::settle(const outcome& o, script_call c) {
  if (o.what == outcome::kind::failed)
    saved_.reset();
  else
    commit();
  if (o.what == outcome::kind::waiting) {
    auto number = c.number;
    now_.waiting.emplace(number, waiting_call{o.thread, std::move(c), std::exchange(awaited_, {})});
    return true;
  }
  if (o.what == outcome::kind::failed) {
    auto* held = find(c.message);
    on_failure(o, held ? std::move(held->m) : nullptr);
  }
  end_call(c);
  return o.what == outcome::kind::finished;
}

void script_worker::end_call(script_call& c) {
  for (auto q : c.questions)
    now_.questions.remove(q);
  c.replies.push_back(c.message);
  for (auto ticket : c.replies)
    if (auto* held = find(ticket); held && !(held->kept && held->m))
      messages_.erase(ticket);
}

void script_worker::on_failure(const outcome& o, message_ptr m) {
  counter("script-errors").fetch_add(1, std::memory_order_relaxed);
  if (o.over_instructions)
    counter("over-instructions").fetch_add(1, std::memory_order_relaxed);
  if (o.over_memory)
    counter("over-memory").fetch_add(1, std::memory_order_relaxed);
  complain(o.why);
  if (m)
    worker::reply_error(std::move(m), o.why);
}

void script_worker::complain(std::string_view what) {
  constexpr std::chrono::seconds quiet{1};
  auto now = std::chrono::steady_clock::now();
  if (now - complained_ < quiet) {
    ++silent_;
    return;
  }
  complained_ = now;
  auto more = std::exchange(silent_, 0);
  log_warning(std::string{what} + (more > 0 ? " (" + std::to_string(more) + " more since the last line)" : std::string{}));
}

holding script_worker::hold_bytes(std::size_t n) {
  if (auto* a = budget(); a && a->limit() - std::min(a->limit(), a->used()) < n)
    collect_garbage();
  return {budget(), n};
}

void script_worker::answer(message_ptr& m, payload body) {
  auto before = m->body.heap_bytes(), after = body.heap_bytes();
  if (auto* a = budget(); a && after > before && !a->fits(after - before)) {
    collect_garbage();
    if (!a->fits(after - before))
      throw std::length_error{a->full()};
  }
  worker::reply(std::move(m), std::move(body));
}

void script_worker::post(const route& onward, payload body) {
  if (auto ok = worker_host::of(*this).try_send(make_message(onward, self(), std::move(body))); !ok)
    throw std::length_error{ok.error().cause};
}

route script_worker::through(std::string_view text, std::optional<std::string_view> authorized) {
  return through_channels(*this, text, {.authorized = authorized});
}

// -- questions -----------------------------------------------------------------------------------------

question script_worker::new_question(std::size_t memory) {
  if (!running_)
    throw std::logic_error{"it can ask only in a handler"};
  auto counts = hold_bytes(memory);
  running_->questions.push_back(++questions_);
  now_.questions.add(questions_, running_->number, std::move(counts));
  return questions_;
}

question script_worker::ask(const route& onward, payload body, std::chrono::milliseconds timeout) {
  auto q = new_question(request_size);
  worker::request(onward, std::move(body), timeout,
                  [this, q](result<message_ptr> reply) { answered(q, std::move(reply)); });
  return q;
}

bool script_worker::has_asked(question q) const {
  return running_ && std::find(running_->questions.begin(), running_->questions.end(), q) != running_->questions.end();
}

int script_worker::await(lua_State* L, waiting_for what) {
  if (now_.questions.is_enough(what))
    return now_.questions.push(L, what, keeps_replies());
  awaited_ = std::move(what);
  return 0;
}

void script_worker::answered(question q, result<message_ptr> reply) {
  auto* asked = now_.questions.find(q);
  if (!asked)
    return; // its call has ended, or was one of a script that has been replaced
  if (!reply)
    return answered(q, answer_to{.why_not = reply.error().cause});
  auto ticket = hold(std::move(*reply));
  if (keeps_replies())
    find(ticket)->kept = true;
  answered(q, answer_to{.message = ticket});
}

void script_worker::answered(question q, answer_to a) {
  auto* asked = now_.questions.find(q);
  if (!asked)
    return;
  auto it = now_.waiting.find(asked->call);
  if (a.message != 0)
    it->second.call.replies.push_back(a.message);
  asked->answer = std::move(a);
  if (now_.questions.is_enough(it->second.what))
    go_on(it->first);
}

void script_worker::go_on(std::uint64_t number) {
  auto w = std::move(now_.waiting.extract(number).mapped());
  running_ = &w.call;
  auto o = now_.engine->resume(w.thread, [&](lua_State* L) {
    auto pushed = now_.questions.push(L, w.what, keeps_replies());
    if (w.what.once) {
      now_.questions.remove(w.what.questions.front());
      std::erase(w.call.questions, w.what.questions.front());
    }
    return pushed;
  });
  running_ = nullptr;
  settle(o, std::move(w.call));
}

// -- time --------------------------------------------------------------------------------------------

std::uint64_t script_worker::start_timer(std::chrono::milliseconds delay, int function, bool repeat) {
  if (now_.timers.size() >= max_timers)
    throw std::length_error{"too many timers: " + std::to_string(max_timers)};
  auto memory = hold_bytes(timer_size);
  auto number = set_timer(delay);
  now_.timers.emplace(number, script_timer{function, repeat ? delay : std::chrono::milliseconds{0}, number, std::move(memory)});
  return number;
}

void script_worker::stop_timer(std::uint64_t timer) {
  for (auto it = now_.timers.begin(); it != now_.timers.end(); ++it)
    if (it->second.shown == timer) {
      cancel_timer(it->first);
      luaL_unref(now_.engine->state(), LUA_REGISTRYINDEX, it->second.function);
      now_.timers.erase(it);
      return;
    }
}

void script_worker::on_timer(std::uint64_t timer) {
  auto it = now_.timers.find(timer);
  if (it == now_.timers.end())
    return;
  auto function = it->second.function;
  bool again = it->second.every.count() > 0;
  if (again) {
    auto t = now_.timers.extract(it);
    t.key() = set_timer(t.mapped().every);
    now_.timers.insert(std::move(t));
  } else {
    now_.timers.erase(it);
  }
  call(0, [&](lua_State* L) {
    lua_rawgeti(L, LUA_REGISTRYINDEX, function);
    if (!again)
      luaL_unref(L, LUA_REGISTRYINDEX, function);
    return 1;
  });
}

// -- observation ---------------------------------------------------------------------------------------

void script_worker::write(level l, std::string_view line) {
  constexpr std::size_t longest = 4096;
  std::string text{line.substr(0, longest)};
  if (!log_enabled(l))
    return;
  if (!family_->log_bytes.admits(text.size() + sizeof(std::string))) {
    ++unlogged_;
    return;
  }
  if (auto more = std::exchange(unlogged_, 0); more > 0)
    text += " (" + std::to_string(more) + " lines before this one are left out: more than 64KiB a second)";
  if (!started_) // at the top of the script; the address is not there yet
    return ockam::log(l, "script", text);
  switch (l) {
    case level::debug: return log_debug(text);
    case level::warn: return log_warning(text);
    case level::error: return log_error(text);
    default: return log_info(text);
  }
}

void script_worker::nobody_to_answer() {
  counter("replies-to-nobody").fetch_add(1, std::memory_order_relaxed);
}

void script_worker::count(std::string_view name, std::uint64_t n) {
  auto it = counts_.find(name);
  if (it == counts_.end()) {
    if (counts_.size() >= max_counters)
      throw std::length_error{"too many counters: " + std::to_string(max_counters)};
    counters_memory_.push_back(hold_bytes(counter_size));
    it = counts_.emplace(std::string{name}, &counter(name)).first;
  }
  it->second->fetch_add(n, std::memory_order_relaxed);
}

} // namespace ockam::lua
