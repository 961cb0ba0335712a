// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

/// The CBOR that load needs, without any library of ours: it is to be no faster or slower with them.
namespace ockam::bench {

inline void append_head(std::vector<char>& out, int major, std::uint64_t n) {
  int bytes = n < 24 ? 0 : n <= 0xff ? 1 : n <= 0xffff ? 2 : 4;
  int info = bytes == 0 ? static_cast<int>(n) : bytes == 1 ? 24 : bytes == 2 ? 25 : 26;
  out.push_back(static_cast<char>(major << 5 | info));
  for (int i = bytes - 1; i >= 0; --i)
    out.push_back(static_cast<char>(n >> (8 * i)));
}

/// A route of local workers.
inline void append_route(std::vector<char>& out, const std::vector<std::string>& route) {
  append_head(out, 4, route.size());
  for (const auto& name : route) {
    append_head(out, 4, 2);
    append_head(out, 0, 0);
    append_head(out, 2, name.size());
    out.insert(out.end(), name.begin(), name.end());
  }
}

} // namespace ockam::bench
