// SPDX-License-Identifier: Apache-2.0
// What mappers and the one who gathers tell each other: a line "COUNT WORD" for each word of a part.
#pragma once

#include <cctype>
#include <cstdint>
#include <map>
#include <sstream>
#include <string>
#include <utility>

namespace words {

using counts = std::map<std::string, std::int64_t>;

/// A word is a run of letters, in lower case.
inline counts count(const std::string& text) {
  counts all;
  std::string word;
  for (char c : text + ' ') {
    auto byte = static_cast<unsigned char>(c);
    if (std::isalpha(byte))
      word += static_cast<char>(std::tolower(byte));
    else if (!word.empty())
      ++all[std::exchange(word, {})];
  }
  return all;
}

inline std::string lines(const counts& all) {
  std::ostringstream out;
  for (const auto& [word, n] : all)
    out << n << ' ' << word << '\n';
  return out.str();
}

inline void add_lines(counts& to, const std::string& text) {
  std::istringstream in{text};
  std::string word;
  for (std::int64_t n; in >> n >> word;)
    to[word] += n;
}

} // namespace words
