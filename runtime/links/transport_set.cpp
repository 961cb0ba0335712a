// SPDX-License-Identifier: Apache-2.0
#include "runtime/links/transport_set.hpp"

#include "runtime/core/address.hpp"

#include <algorithm>

namespace ockam {

transport_set::transport_set(const node_context& context, caf::actor_system* actors)
  : context_{context, [this] { return connections_ < context_.node.limits.max_connections; }, connections_, actors, {}} {}

transport_set::~transport_set() = default;

void transport_set::add(transport_factory make) {
  all_.push_back(make(context_));
}

result<transport*> transport_set::find(std::string_view name) const {
  std::string names;
  for (const auto& t : all_) {
    if (t->name() == name)
      return t.get();
    names += (names.empty() ? "" : ", ") + std::string{t->name()};
  }
  return error{errc::not_found, "there is no transport named " + printable(name), "transports of this node: " + names};
}

transport* transport_set::find(transport_type type) const noexcept {
  auto it = std::find_if(all_.begin(), all_.end(), [&](auto& t) { return t->type() == type; });
  return it == all_.end() ? nullptr : it->get();
}

void transport_set::stop() {
  for (auto& t : all_)
    t->stop();
}

} // namespace ockam
