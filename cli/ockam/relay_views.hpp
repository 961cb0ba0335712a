// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cli/ockam/columns.hpp"
#include "cli/ockam/items.hpp"
#include "cli/ockam/output.hpp"

#include <string>

/// Relays of a node, as JSON in the shapes of the reference, and as text for people.
namespace ockam::cli {

/// As `relay create` and `list` have it, and as `relay show` does, which in the reference has other fields.
json relay_entry(const control::Item& i);
json relay_page(const control::Item& i);

std::string text_of_relay(const control::Item& i);
columns table_of_relays(const item_list& list);

} // namespace ockam::cli
