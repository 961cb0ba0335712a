// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cli/ockam/invocation.hpp"
#include "cli/ockam/views.hpp"

/// The answer of every `list` command.
namespace ockam::cli {

/// A table on a terminal, or that there are no `things`; JSON. Piped: lines in the words of the reference where it has some
/// (`line_of`), JSON otherwise.
template <class Item>
result<void> show_list(invocation& in, const google::protobuf::RepeatedPtrField<Item>& list, const std::string& things) {
  constexpr bool has_lines = requires(const Item& i) { line_of(i); };
  answer a{json::array(), {}};
  if constexpr (has_lines)
    a.plain.emplace();
  for (const auto& item : list) {
    a.data.push_back(view(item));
    if constexpr (has_lines)
      *a.plain += line_of(item) + "\n";
  }
  a.text = list.empty() ? "  > There are no " + things : table_of(list).text(in.out.style().width);
  return in.out.show(a);
}

} // namespace ockam::cli
