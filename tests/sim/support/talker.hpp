// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "sim/support/network.hpp"
#include "sim/support/wire.hpp"

#include <algorithm>
#include <string>
#include <vector>

namespace ockam::sim {

/// A peer of a node: counts what comes back.
struct talker {
  talker(network& n, const std::string& at) : net{n}, end{n.dial(at)} { end.send(preamble); }

  /// Reads all that is there and lets the node go on, until nothing more comes.
  void drain() {
    net.run();
    while (end.received() > 0) {
      take();
      net.run();
    }
  }
  void take() {
    in += end.receive();
    if (!greeted && !in.empty()) {
      in.erase(0, 1);
      greeted = true;
    }
    for (auto& f : take_frames(in))
      frames.push_back(std::move(f));
  }

  network& net;
  client end;
  std::string in;
  std::vector<received_frame> frames;
  bool greeted = false;
};

/// A frame as a real Ockam node writes it: with a fourth element that says nothing.
inline std::string foreign_frame(const route& onward, const route& back, std::string_view body) {
  route_header h;
  for (const auto& a : back)
    h.append_return(a);
  for (const auto& a : onward)
    h.append_onward(a);
  return frame(h, body, "{}");
}

/// `n:` and dots, so many bytes.
inline std::string numbered(std::size_t n, std::size_t size) {
  auto s = std::to_string(n) + ":";
  s.resize(std::max(s.size(), size), '.');
  return s;
}

} // namespace ockam::sim
