// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

/// The HTTP upgrade with which a WebSocket connection begins (RFC 6455, section 4), as text in and text
/// out. HTTP is parsed and written by Boost.Beast. Plain functions. Thread: any.
namespace ockam::ws {

/// Longest head of a request or response that is read, if nothing else is said.
inline constexpr std::size_t max_upgrade = 16u << 10;
/// With which a head ends.
inline constexpr std::string_view head_end = "\r\n\r\n";

/// What a server answers to.
struct upgrade_policy {
  std::string target = "/";          ///< other than `/`: the only path that is served
  std::vector<std::string> origins;  ///< web pages that may connect, `*` for all. Others than browsers send none
  std::size_t max_header = max_upgrade;
};

/// What a client asks for.
struct wanted {
  std::string host; ///< `host:port`
  std::string target = "/";
  std::string cookie = {}; ///< empty: none
};

/// What became of a request or a response.
struct upgrade {
  enum class status { incomplete, done, refused };
  status what = status::incomplete;
  std::size_t consumed = 0; ///< bytes of the input; what follows belongs to the WebSocket
  std::string answer;       ///< server: what to send, also when refused
  std::string problem;      ///< refused: words that go on after "the peer"
};

/// A fresh value for Sec-WebSocket-Key: 16 random bytes in base64.
std::string make_key();
/// What a server proves with that it has understood the key.
std::string accept_of(std::string_view key);

/// A client's request.
std::string make_request(const wanted& w, std::string_view key);
/// What `in`, all that has come so far, is for a server.
upgrade read_request(std::string_view in, const upgrade_policy& policy);
/// The same for the client that sent `key`.
upgrade read_response(std::string_view in, std::string_view key, std::size_t max_header = max_upgrade);

} // namespace ockam::ws
