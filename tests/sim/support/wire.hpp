// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "transports/codec/stream_codec.hpp"
#include "transports/codec/wire_codec.hpp"

#include <cstring>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

/// Frames as a peer writes and reads them, for tests that play the peer.
namespace ockam::sim {

inline const std::string preamble{"\x01"};

/// A frame as the peer gets it.
struct received_frame {
  route onward;
  route back;
  std::string body;
  std::string extras;
};

/// `extra`: the fourth element; empty: none.
inline std::string frame(const route_header& h, std::string_view body, std::string_view extra) {
  auto size = wire_codec::measure(h, body.size(), extra);
  std::string out(stream_codec::length_bytes + size.total, '\0');
  auto* at = stream_codec::write_length(reinterpret_cast<std::byte*>(out.data()), size.total);
  at = wire_codec::write_head(at, h, body.size(), !extra.empty());
  std::memcpy(at, body.data(), body.size());
  wire_codec::write_tail(at + body.size(), extra);
  return out;
}

inline std::string frame(const route_header& h, std::string_view body) {
  return frame(h, body, wire_codec::extras(h));
}

inline std::string frame(const route& onward, const route& back, std::string_view body, bool report = false) {
  route_header h;
  for (const auto& a : back)
    h.append_return(a);
  for (const auto& a : onward)
    h.append_onward(a);
  if (report)
    h.flags(route_header::flag_report);
  return frame(h, body);
}

/// A length field and `body` behind it, whatever that is.
inline std::string raw_frame(std::string_view body) {
  std::string out;
  for (int shift = 24; shift >= 0; shift -= 8)
    out += static_cast<char>(body.size() >> shift);
  return out.append(body);
}

/// Takes whole frames off the front of `in`; heartbeats are left out.
inline std::vector<received_frame> take_frames(std::string& in) {
  std::vector<received_frame> out;
  std::size_t at = 0;
  while (in.size() - at >= stream_codec::length_bytes) {
    auto bytes = std::as_bytes(std::span{in}).subspan(at);
    auto length = stream_codec::read_length(bytes.data());
    if (bytes.size() - stream_codec::length_bytes < length)
      break;
    route_header h;
    auto d = wire_codec::decode(bytes.subspan(stream_codec::length_bytes, length), h);
    if (d.bad)
      throw std::logic_error{"the node sent a frame that does not decode"};
    if (!h.onward_empty())
      out.push_back({h.onward(), h.return_route(),
                     {reinterpret_cast<const char*>(d.body.data()), d.body.size()}, std::string{wire_codec::extras(h)}});
    at += stream_codec::length_bytes + length;
  }
  in.erase(0, at);
  return out;
}

} // namespace ockam::sim
