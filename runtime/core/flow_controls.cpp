// SPDX-License-Identifier: Apache-2.0
#include "runtime/core/flow_controls.hpp"

#include "runtime/core/address.hpp"

namespace ockam {

std::uint32_t flow_controls::create() {
  while (next_ == 0 || texts_.contains(next_))
    ++next_; // after four thousand million links
  auto id = next_++;
  auto text = random_hex_128();
  ids_.emplace(text, id);
  texts_.emplace(id, std::move(text));
  return id;
}

void flow_controls::remove(std::uint32_t id) {
  auto it = texts_.find(id);
  if (it == texts_.end())
    return;
  ids_.erase(it->second);
  texts_.erase(it);
}

std::string_view flow_controls::text(std::uint32_t id) const {
  auto it = texts_.find(id);
  return it == texts_.end() ? std::string_view{} : std::string_view{it->second};
}

result<std::uint32_t> flow_controls::find(std::string_view text) const {
  auto it = ids_.find(std::string{text});
  if (it == ids_.end())
    return error{errc::not_found, "no listener or connection has the flow control id " + printable(text),
                 "ids are shown by: ockam tcp-listener show, ockam tcp-connection show, and so on for other transports"};
  return it->second;
}

} // namespace ockam
