// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "support/test_data.hpp"

#include <fstream>
#include <map>
#include <stdexcept>
#include <string>
#include <vector>

/// Reads the recordings in tests/data/wire: lines `key value`, blank lines between entries, `#` comments.
namespace ockam::golden {

using entry = std::map<std::string, std::string>;

/// The entries of a file. A `case` line names all entries until the next one.
inline std::vector<entry> read(const std::string& name) {
  std::ifstream in{test_data("wire/" + name)};
  if (!in)
    throw std::runtime_error{"cannot read tests/data/wire/" + name};
  std::vector<entry> out;
  std::string current, line;
  entry e;
  auto finish = [&] {
    if (!e.empty()) {
      e["case"] = current;
      out.push_back(std::move(e));
      e.clear();
    }
  };
  while (std::getline(in, line)) {
    if (line.empty()) {
      finish();
      continue;
    }
    if (line.front() == '#')
      continue;
    auto space = line.find(' ');
    auto key = line.substr(0, space);
    auto value = space == std::string::npos ? std::string{} : line.substr(space + 1);
    if (key == "case")
      current = value;
    else
      e[key] = value;
  }
  finish();
  return out;
}

/// Bytes from hex; `-` is none.
inline std::string bytes(const std::string& hex) {
  std::string out;
  if (hex == "-")
    return out;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2)
    out += static_cast<char>(std::stoi(hex.substr(i, 2), nullptr, 16));
  return out;
}

} // namespace ockam::golden
