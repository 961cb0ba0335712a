// SPDX-License-Identifier: Apache-2.0
#include "cli/ockam/items.hpp"

#include "cli/ockam/nodes.hpp"
#include "runtime/core/address.hpp"
#include "runtime/core/suggest.hpp"

#include <algorithm>
#include <cstdlib>
#include <vector>

namespace ockam::cli {

std::string field_of(const control::Item& i, std::string_view name) {
  for (const auto& f : i.fields())
    if (f.name() == name)
      return f.value();
  return {};
}

std::uint64_t number_of(const control::Item& i, std::string_view name) {
  return std::strtoull(field_of(i, name).c_str(), nullptr, 10);
}

const control::Item* find_item(const item_list& all, std::string_view name) {
  auto it = std::find_if(all.begin(), all.end(), [&](auto& i) { return i.name() == name; });
  return it == all.end() ? nullptr : &*it;
}

result<item_list> items_of(invocation& in, const std::string& node, std::string_view kind, std::chrono::milliseconds longest) {
  control::Request r;
  r.mutable_list_items()->set_kind(std::string{kind});
  r.mutable_list_items()->set_wait_ms(wait_ms(in, longest));
  auto found = ask_node(in, node, std::move(r));
  if (!found)
    return std::move(found).error();
  return found->items().items();
}

result<item_list> create_item(invocation& in, const std::string& node, control::CreateItem wanted) {
  control::Request r;
  *r.mutable_create_item() = std::move(wanted);
  auto made = ask_node(in, node, std::move(r));
  if (!made)
    return std::move(made).error();
  return made->items().items();
}

result<void> delete_item(invocation& in, const std::string& node, std::string_view kind, const std::string& name) {
  control::Request r;
  r.mutable_delete_item()->set_kind(std::string{kind});
  r.mutable_delete_item()->set_name(name);
  if (auto done = ask_node(in, node, std::move(r)); !done)
    return std::move(done).error();
  return {};
}

void set_key(control::CreateItem& to, std::string_view key, const std::string& value) {
  auto* o = to.add_keys();
  o->set_name(std::string{key});
  o->set_value(value);
}

std::uint32_t wait_ms(invocation& in, std::chrono::milliseconds longest) {
  return static_cast<std::uint32_t>(std::min(longest, in.by().left() * 9 / 10).count());
}

error item_not_found(const std::string& noun, const std::string& name, const item_list& all, const std::string& list_command) {
  std::vector<std::string> names;
  for (const auto& i : all)
    names.push_back(i.name());
  auto near = nearest(name, names);
  return {errc::not_found, "The " + noun + " " + printable(name) + " was not found", near ? "did you mean " + *near + "?" : "see what there is with: " + list_command};
}

} // namespace ockam::cli
