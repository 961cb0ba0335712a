// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "support/test_data.hpp"

#include <cstddef>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

/// tests/data/udp_captures.txt, read.
namespace ockam {

struct udp_case {
  std::string name;
  std::size_t replies = 0;
  std::vector<std::string> sent;    ///< datagrams to a real node
  std::vector<std::string> answers; ///< and from it
};

inline std::string unhex(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i + 1 < text.size(); i += 2)
    out += static_cast<char>(std::stoi(std::string{text.substr(i, 2)}, nullptr, 16));
  return out;
}

inline std::vector<udp_case> udp_captures() {
  std::ifstream in{test_data("udp_captures.txt")};
  if (!in)
    throw std::runtime_error{"udp_captures.txt is missing"};
  std::vector<udp_case> out;
  for (std::string line; std::getline(in, line);) {
    if (line.starts_with("case ")) {
      auto blank = line.rfind(' ');
      out.push_back({line.substr(5, blank - 5), std::stoul(line.substr(blank)), {}, {}});
    } else if (line.starts_with("> ") || line.starts_with("< ")) {
      std::istringstream parts{line.substr(2)};
      std::string datagram;
      for (std::string part; parts >> part;) {
        auto star = part.find('*');
        datagram += star == std::string::npos ? unhex(part)
                                              : std::string(std::stoul(part.substr(star + 1)), unhex(part.substr(0, 2))[0]);
      }
      (line[0] == '>' ? out.back().sent : out.back().answers).push_back(std::move(datagram));
    }
  }
  return out;
}

} // namespace ockam
