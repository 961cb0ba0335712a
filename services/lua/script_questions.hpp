// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "runtime/core/account.hpp"
#include "services/lua/script_api.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

namespace ockam::lua {

/// What came of a question: a message by its ticket, an address, or why nothing did.
struct answer_to {
  std::uint64_t message = 0; ///< 0: it is none
  std::string address = {};
  std::string why_not = {};
  bool is_there() const noexcept { return message != 0 || !address.empty(); }
};

/// One call of a script, from its begin to its end, also while it waits.
struct script_call {
  std::uint64_t number;
  std::uint64_t message = 0;               ///< ticket of the one that it is for; 0: none
  std::vector<std::uint64_t> replies = {}; ///< tickets of those that it has waited for
  std::vector<question> questions = {};    ///< that it has asked and not yet been answered, or may look at again
};

/// What the calls of one script have asked. A plain value; thread: one at a time.
class open_questions {
 public:
  struct entry {
    std::uint64_t call;
    holding memory;
    std::optional<answer_to> answer = {};
  };

  void add(question q, std::uint64_t call, holding memory) { entries_.emplace(q, entry{call, std::move(memory)}); }
  /// Null: it was not asked, or its call has ended.
  entry* find(question q) {
    auto it = entries_.find(q);
    return it == entries_.end() ? nullptr : &it->second;
  }
  void remove(question q) { entries_.erase(q); }

  /// Whether what came so far is what the call waits for.
  bool is_enough(const waiting_for& w) const;
  /// Pushes what `waiting_for::how` says, for one that has enough. Raises errors of Lua. Returns how many values.
  int push(lua_State* L, const waiting_for& w, bool keep) const;

 private:
  const answer_to* answer(question q) const;

  std::unordered_map<question, entry> entries_;
};

} // namespace ockam::lua
