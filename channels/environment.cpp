// SPDX-License-Identifier: Apache-2.0
#include "channels/environment.hpp"

#include "channels/channel.hpp"
#include "runtime/core/printable.hpp"

#include <chrono>
#include <functional>
#include <vector>

namespace ockam::channels {

void environment::end_all() {
  constexpr int most_turns = 64; // of what is queued: the node is to end
  auto depth = [this](const channel* c) {
    std::size_t n = 0;
    for (; !c->way().empty() && n < open.size(); ++n) {
      auto outer = open.find(c->way().front().name);
      if (outer == open.end())
        break;
      c = outer->second;
    }
    return n;
  };
  std::map<std::size_t, std::vector<channel*>, std::greater<>> by_depth;
  for (const auto& [name, c] : open)
    by_depth[depth(c)].push_back(c);
  for (const auto& [n, all] : by_depth) {
    for (auto* c : all) // ended channels go after this event
      c->end({errc::closed, "the node stops", {}});
    for (int i = 0; i < most_turns && node.board.run_turn(); ++i) {
    }
  }
}

identities::timestamp environment::now() {
  auto since = std::chrono::system_clock::now().time_since_epoch();
  return static_cast<identities::timestamp>(std::chrono::duration_cast<std::chrono::seconds>(since).count());
}

result<identity_ptr> environment::identity(const std::string& name) const {
  if (name.empty() && own)
    return own;
  if (name.empty())
    return error{errc::not_found, "this node has no identity, and so no secure channels", "give it one: section [identity] of its configuration"};
  if (auto it = others.find(name); it != others.end())
    return it->second;
  return error{errc::not_found, "this node has no identity " + printable(name), "give it that one: section [channel-identity " + printable(name) + "]"};
}

void environment::tell_all_of(const node_identity& whose, const node_identity::news& what) {
  std::vector<std::string> all; // one may end meanwhile
  for (const auto& [name, c] : open)
    if (c->own().get() == &whose)
      all.push_back(name);
  for (const auto& name : all)
    if (auto it = open.find(name); it != open.end())
      it->second->say_anew(what);
}

std::size_t environment::around(const route& way) const {
  // Heads of fields, hop budget, flags and the mark of a stream, and over a Unix socket who the sender is.
  constexpr std::size_t heads = 256;
  std::size_t out = 0;
  const auto* through = &way;
  for (std::size_t n = 0; n <= open.size(); ++n) {
    out += heads;
    for (const auto& a : *through)
      out += route_header::entry_size(a);
    auto outer = through->empty() ? open.end() : open.find(through->front().name);
    if (outer == open.end())
      break;
    out += identities::sealed_overhead;
    through = &outer->second->way();
  }
  return out;
}

} // namespace ockam::channels
