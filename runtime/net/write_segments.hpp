// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "runtime/net/stream.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <span>

namespace ockam::net {

/// Writes the bytes of a queue until all are written or the stream takes no more (`again`). `ok`: all are written.
/// `waiting()` gives the segments that are left, of which `unwritten()` is the rest of each; `consume(n)` is told of the
/// first `n` bytes that were written, after which some segments may be gone.
template <class Waiting, class Consume>
io_result write_segments(stream& s, Waiting waiting, Consume consume) {
  constexpr std::size_t vectors = 32;
  for (auto left = waiting(); !left.empty(); left = waiting()) {
    std::array<iovec, vectors> v;
    std::size_t count = 0, size = 0;
    for (auto& part : left.first(std::min(vectors, left.size()))) {
      auto bytes = part.unwritten();
      v[count++] = {const_cast<std::byte*>(bytes.data()), bytes.size()};
      size += bytes.size();
    }
    auto r = s.write({v.data(), count});
    if (r.what != io_result::status::ok)
      return r;
    consume(r.bytes);
    if (r.bytes < size) // the socket is full: asking again now would only say so
      return {io_result::status::again, 0, 0};
  }
  return {io_result::status::ok, 0, 0};
}

} // namespace ockam::net
