// SPDX-License-Identifier: Apache-2.0
#include "cli/ockam/columns.hpp"

#include "runtime/core/address.hpp"

#include <algorithm>
#include <cwchar>
#include <locale.h>
#include <numeric>
#include <utility>

namespace ockam::cli {

namespace {

constexpr std::size_t indent = 2;
constexpr std::size_t gap = 2;
constexpr std::size_t least_width = 8; ///< of a column that was cut
constexpr std::size_t least_of_all = 3; ///< where that is not enough: two characters and the ellipsis

/// Widths of characters are those of UTF-8 whatever the user's locale says: names are UTF-8.
locale_t utf8_locale() {
  static const locale_t one = ::newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr);
  return one;
}

/// The characters of a text, from left to right: how many bytes, and how many cells.
template <class F>
void each_character(std::string_view text, F&& f) {
  auto* before = utf8_locale() ? ::uselocale(utf8_locale()) : nullptr;
  std::mbstate_t state{};
  while (!text.empty()) {
    wchar_t c = 0;
    auto n = std::mbrtowc(&c, text.data(), text.size(), &state);
    bool known = n != 0 && n <= text.size();
    auto cells = known ? ::wcwidth(c) : 1;
    if (!known)
      n = 1, state = {};
    if (!f(n, static_cast<std::size_t>(std::max(cells, 0))))
      break;
    text.remove_prefix(n);
  }
  if (before)
    ::uselocale(before);
}

std::string padded(const std::string& text, std::size_t width, bool to_the_right) {
  auto has = display_width(text);
  std::string blanks(width > has ? width - has : 0, ' ');
  return to_the_right ? blanks + text : text + blanks;
}

/// Of a line whose columns have these widths.
std::size_t total(const std::vector<std::size_t>& widths) {
  return std::accumulate(widths.begin(), widths.end(), indent + gap * (widths.size() - 1));
}

} // namespace

std::size_t display_width(std::string_view text) {
  std::size_t out = 0;
  each_character(text, [&](std::size_t, std::size_t cells) { return out += cells, true; });
  return out;
}

std::string cut_to(std::string_view text, std::size_t width) {
  if (display_width(text) <= width)
    return std::string{text};
  std::size_t bytes = 0, used = 1; // the ellipsis
  each_character(text, [&](std::size_t n, std::size_t cells) {
    if (used + cells > width)
      return false;
    bytes += n;
    used += cells;
    return true;
  });
  return std::string{text.substr(0, bytes)} + "…";
}

void columns::add(std::vector<std::string> cells) {
  for (auto& c : cells)
    c = printable(c);
  rows_.push_back(std::move(cells));
}

columns columns::filled() const {
  columns out{};
  out.rows_.resize(rows_.size());
  for (std::size_t i = 0; i < heads_.size(); ++i) {
    auto has = [i](const auto& row) { return !row[i].empty(); };
    if (heads_[i].may_be_empty && std::none_of(rows_.begin(), rows_.end(), has))
      continue;
    out.heads_.push_back(heads_[i]);
    for (std::size_t r = 0; r < rows_.size(); ++r)
      out.rows_[r].push_back(rows_[r][i]);
  }
  return out;
}

std::vector<std::size_t> columns::widths(std::size_t limit) const {
  std::vector<std::size_t> out;
  for (std::size_t i = 0; i < heads_.size(); ++i) {
    auto w = display_width(heads_[i].heading);
    for (const auto& row : rows_)
      w = std::max(w, display_width(row[i]));
    out.push_back(w);
  }
  // What may shrink goes first, then other text, then headings over figures: a figure that is cut is another figure.
  auto shrink = [&](auto&& least) {
    while (limit > 0 && total(out) > limit) {
      std::size_t widest = out.size();
      for (std::size_t i = 0; i < out.size(); ++i)
        if (out[i] > least(i) && (widest == out.size() || out[i] > out[widest]))
          widest = i;
      if (widest == out.size())
        break;
      out[widest] -= std::min(total(out) - limit, out[widest] - least(widest));
    }
  };
  shrink([&](std::size_t i) { return heads_[i].may_shrink ? least_width : out[i]; });
  for (auto least : {least_width, least_of_all})
    shrink([&](std::size_t i) { return heads_[i].is_number ? out[i] : least; });
  shrink([&](std::size_t i) {
    std::size_t figures = least_of_all;
    for (const auto& row : rows_)
      figures = std::max(figures, display_width(row[i]));
    return heads_[i].is_number ? figures : out[i];
  });
  while (limit > 0 && out.size() > 1 && total(out) > limit) // the last ones have no room
    out.pop_back();
  return out;
}

std::string columns::text(std::size_t width) const {
  auto shown = filled();
  auto room = shown.widths(width);
  std::string out;
  auto line = [&](auto&& cell) {
    std::string l(indent, ' ');
    for (std::size_t i = 0; i < room.size(); ++i)
      l += (i == 0 ? "" : std::string(gap, ' ')) + padded(cut_to(cell(i), room[i]), room[i], shown.heads_[i].is_number);
    l.erase(l.find_last_not_of(' ') + 1);
    out += (width > 0 ? cut_to(l, width) : l) + "\n";
  };
  line([&](std::size_t i) { return shown.heads_[i].heading; });
  for (const auto& row : shown.rows_)
    line([&](std::size_t i) { return row[i]; });
  return out;
}

} // namespace ockam::cli
