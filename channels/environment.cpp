// SPDX-License-Identifier: Apache-2.0
#include "channels/environment.hpp"

#include "channels/channel.hpp"
#include "runtime/core/printable.hpp"

#include <chrono>
#include <vector>

namespace ockam::channels {

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

void environment::tell_all_of(const node_identity& whose, const identities::bytes& what) {
  std::vector<std::string> all; // one may end meanwhile
  for (const auto& [name, c] : open)
    if (c->own().get() == &whose)
      all.push_back(name);
  for (const auto& name : all)
    if (auto it = open.find(name); it != open.end())
      it->second->say_anew(what);
}

} // namespace ockam::channels
