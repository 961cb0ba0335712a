// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cli/ockam/columns.hpp"
#include "cli/ockam/items.hpp"
#include "cli/ockam/output.hpp"

#include <string>

/// Outlets and inlets, as JSON in the shapes of the reference, and as text for people.
namespace ockam::cli {

/// As a node lists what it has; `tcp-outlet list` and `show` have shapes of their own.
json outlet_status(const control::Item& i);
json outlet_entry(const control::Item& i);
json outlet_page(const control::Item& i, const std::string& node);
json inlet_status(const control::Item& i);

std::string text_of_outlet(const control::Item& i);
std::string text_of_inlet(const control::Item& i);
columns table_of_outlets(const item_list& list);
columns table_of_inlets(const item_list& list);

} // namespace ockam::cli
