// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "runtime/core/error.hpp"

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace ockam {

struct ini_entry {
  std::string key;
  std::string value;
  int line;          ///< from 1
  std::size_t begin; ///< where the value stands in its line
  std::size_t end;
};

struct ini_section {
  std::string title; ///< `tcp-listener main`: without brackets, one blank behind the kind; empty: before the first section
  int line;
  std::vector<ini_entry> entries;
};

/// Something that is wrong with the form of a line.
struct ini_problem {
  int line;
  std::string cause;
  std::string hint;
};

/// The text of a configuration file, taken apart, and changed where it is to be and nowhere else: comments, blank
/// lines and the order of everything stay as somebody has written them.
///
///     [kind NAME]          # comment
///     key = value          # comment: a # at the beginning of a line, or behind a blank
///     key = "a # b"        \" and \\ stand for " and \ between quotes
///
/// Plain code.
class ini_document {
 public:
  using keys = std::vector<std::pair<std::string, std::string>>;

  explicit ini_document(std::string_view text);

  /// In the order of the file. Those of one title, and keys of one name, may be there several times.
  const std::vector<ini_section>& sections() const { return sections_; }
  const std::vector<ini_problem>& problems() const { return problems_; }
  /// The first of that title; null when there is none.
  const ini_section* find(std::string_view title) const;

  /// The section has these keys and no others, in place of what it had; a new one stands at the end. Error:
  /// `invalid_argument` for what the format cannot hold.
  result<void> put(std::string_view title, const keys& k);
  /// Sets one key. Errors: as above.
  result<void> set(std::string_view title, std::string_view key, std::string_view value);
  /// Takes a section out, with what stands between its keys. False when there is none.
  bool remove(std::string_view title);

  std::string text() const;

 private:
  void parse();
  void read_line(int number);
  void read_title(int number);
  void read_entry(int number, std::size_t equals);
  void insert_key(const ini_section& s, std::string_view key, const std::string& written);

  bool byte_order_mark_ = false;
  std::vector<std::string> lines_; ///< without \n
  std::vector<ini_section> sections_;
  std::vector<ini_problem> problems_;
};

/// The value as it stands in a file: between quotes where it has to be. Error: `invalid_argument` for a line end.
result<std::string> ini_value(std::string_view value);

} // namespace ockam
