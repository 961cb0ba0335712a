// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

/// Lists for a terminal: headings, aligned columns, no line longer than the terminal is wide.
namespace ockam::cli {

struct column {
  std::string heading;
  bool is_number = false;   ///< aligned to the right; its figures are never cut
  bool may_shrink = false;  ///< cut where the terminal is narrow; others are what the next command needs, whole as long as there is room
  bool may_be_empty = false; ///< left out when no row has anything there
};

class columns {
 public:
  columns(std::initializer_list<column> heads) : heads_{heads} {}

  /// As many cells as there are columns. What a terminal would not print is escaped.
  void add(std::vector<std::string> cells);
  bool empty() const noexcept { return rows_.empty(); }

  /// Headings and rows, each on a line, none wider than `width` (0: as wide as they are). Where there is no room even for columns
  /// that are cut, the last ones are left out.
  std::string text(std::size_t width) const;

 private:
  /// The same without columns that have nothing and may be left out.
  columns filled() const;
  /// Of the columns that there is room for.
  std::vector<std::size_t> widths(std::size_t limit) const;

  std::vector<column> heads_;
  std::vector<std::vector<std::string>> rows_;
};

/// How many cells of a terminal a text takes: wide characters two, combining ones none.
std::size_t display_width(std::string_view text);

/// The beginning of a text, with `…` at the end when it would take more than `width` cells.
std::string cut_to(std::string_view text, std::size_t width);

} // namespace ockam::cli
