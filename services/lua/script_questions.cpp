// SPDX-License-Identifier: Apache-2.0
#include "services/lua/script_questions.hpp"

#include <algorithm>

namespace ockam::lua {

namespace {

void push_text(lua_State* L, const std::string& text) { lua_pushlstring(L, text.data(), text.size()); }

void push_answer(lua_State* L, const answer_to& a, bool keep) {
  if (a.message != 0)
    push_message(L, a.message, keep);
  else
    push_text(L, a.address);
}

int push_none(lua_State* L, const answer_to& a) {
  lua_pushnil(L);
  push_text(L, a.why_not);
  return 2;
}

} // namespace

const answer_to* open_questions::answer(question q) const {
  auto it = entries_.find(q);
  return it == entries_.end() || !it->second.answer ? nullptr : &*it->second.answer;
}

bool open_questions::is_enough(const waiting_for& w) const {
  auto is_answered = [&](question q) { return answer(q) != nullptr; };
  auto has_come = [&](question q) { return answer(q) && answer(q)->is_there(); };
  return std::all_of(w.questions.begin(), w.questions.end(), is_answered)
         || (w.what == waiting_for::how::any && std::any_of(w.questions.begin(), w.questions.end(), has_come));
}

int open_questions::push(lua_State* L, const waiting_for& w, bool keep) const {
  if (w.what == waiting_for::how::one) {
    const auto& a = *answer(w.questions.front());
    if (!a.is_there())
      return push_none(L, a);
    push_answer(L, a, keep);
    return 1;
  }
  if (w.what == waiting_for::how::any) {
    for (std::size_t i = 0; i < w.questions.size(); ++i)
      if (const auto* a = answer(w.questions[i]); a && a->is_there()) {
        push_answer(L, *a, keep);
        lua_pushinteger(L, static_cast<lua_Integer>(i + 1));
        return 2;
      }
    return push_none(L, *answer(w.questions.back()));
  }
  lua_createtable(L, static_cast<int>(w.questions.size()), 0);
  lua_newtable(L);
  for (std::size_t i = 0; i < w.questions.size(); ++i) {
    const auto& a = *answer(w.questions[i]);
    if (a.is_there())
      push_answer(L, a, keep);
    else
      push_text(L, a.why_not);
    lua_rawseti(L, a.is_there() ? -3 : -2, static_cast<lua_Integer>(i + 1));
  }
  return 2;
}

} // namespace ockam::lua
