// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cli/ockam/invocation.hpp"

#include "proto/control.pb.h"

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

/// What nodes have by sections of their own kinds: outlets, inlets, relays.
namespace ockam::cli {

using item_list = google::protobuf::RepeatedPtrField<control::Item>;

/// A field of it, by name; empty when it has none of that name.
std::string field_of(const control::Item& i, std::string_view name);
/// 0 when it has none of that name.
std::uint64_t number_of(const control::Item& i, std::string_view name);
/// Null when there is none.
const control::Item* find_item(const item_list& all, std::string_view name);

/// All of a kind that the node has; when each of them works, is known not to, or has been waited for as long as `longest`.
result<item_list> items_of(invocation& in, const std::string& node, std::string_view kind, std::chrono::milliseconds longest = {});
/// The new one; nothing when it has ended at once.
result<item_list> create_item(invocation& in, const std::string& node, control::CreateItem wanted);
result<void> delete_item(invocation& in, const std::string& node, std::string_view kind, const std::string& name);

/// Adds a key of its section.
void set_key(control::CreateItem& to, std::string_view key, const std::string& value);
/// How long the node may wait until something works, where the command gives it `longest`: it still has to answer in
/// time.
std::uint32_t wait_ms(invocation& in, std::chrono::milliseconds longest);
/// The name with the nearest one, or with where to look.
error item_not_found(const std::string& noun, const std::string& name, const item_list& all, const std::string& list_command);

} // namespace ockam::cli
