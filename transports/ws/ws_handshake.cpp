// SPDX-License-Identifier: Apache-2.0
#include "transports/ws/ws_handshake.hpp"

#include "runtime/core/address.hpp"
#include "runtime/core/version.hpp"

#include <boost/beast/http.hpp>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <openssl/sha.h>

#include <algorithm>
#include <array>
#include <sstream>

namespace ockam::ws {

namespace {

namespace http = boost::beast::http;
using boost::beast::string_view;

constexpr unsigned http_1_1 = 11;
constexpr std::size_t key_bytes = 16;
constexpr std::size_t key_chars = 24;

string_view beast(std::string_view s) {
  return {s.data(), s.size()};
}

std::string text(string_view s) {
  return {s.data(), s.size()};
}

std::string base64(const unsigned char* bytes, std::size_t n) {
  std::string out(4 * ((n + 2) / 3) + 1, '\0'); // with the zero that OpenSSL appends
  auto size = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data()), bytes, static_cast<int>(n));
  out.resize(static_cast<std::size_t>(size));
  return out;
}

bool is_key(std::string_view key) {
  std::array<unsigned char, key_chars> bytes;
  return key.size() == key_chars && key.ends_with("==")
         && EVP_DecodeBlock(bytes.data(), reinterpret_cast<const unsigned char*>(key.data()), key_chars) == key_bytes + 2;
}

/// Whether a field has this token, in any of its lines: several lines are one list (RFC 9110, section 5.3), and proxies
/// add their own (`Connection: keep-alive`).
bool has_token(const http::fields& f, http::field name, string_view token) {
  auto lines = f.equal_range(name);
  return std::any_of(lines.first, lines.second, [&](auto& line) { return http::token_list{line.value()}.exists(token); });
}

/// RFC 6455, sections 4.1 and 4.2.1.
bool is_upgrade(const http::fields& f) {
  return has_token(f, http::field::upgrade, "websocket") && has_token(f, http::field::connection, "upgrade");
}

/// Path and query of a target in absolute form, `http://host/path`, which a server has to take as well (RFC 9112, section
/// 3.2.2); another one as it is.
std::string path_of(std::string target) {
  auto scheme = target.find("://");
  if (target.starts_with('/') || scheme == std::string::npos)
    return target;
  auto end = target.find_first_of("/?", scheme + 3);
  if (end == std::string::npos)
    return "/";
  return target[end] == '?' ? "/" + target.substr(end) : target.substr(end);
}

/// What is asked for of a place that is named without a query is its own affair: gateways add some.
bool is_served(std::string_view target, std::string_view place) {
  return place == "/" || target == place || target.substr(0, target.find('?')) == place;
}

template <class Message>
std::string serialized(const Message& m) {
  std::ostringstream out;
  out << m;
  return out.str();
}

upgrade refused(std::string problem) {
  upgrade u;
  u.what = upgrade::status::refused;
  u.problem = std::move(problem);
  return u;
}

/// Refused with an HTTP answer.
upgrade refused(http::status code, std::string problem) {
  http::response<http::string_body> r{code, http_1_1};
  r.set(http::field::server, "ockam/" + std::string{version});
  r.set(http::field::connection, "close");
  r.set(http::field::content_type, "text/plain; charset=utf-8");
  if (code == http::status::upgrade_required) {
    r.set(http::field::upgrade, "websocket");
    r.set(http::field::sec_websocket_version, "13");
  }
  r.body() = "this is the WebSocket listener of an Ockam node; the client " + problem + "\n";
  r.prepare_payload();
  auto u = refused(std::move(problem));
  u.answer = serialized(r);
  return u;
}

/// Parses once the head is complete: a peer that sends byte by byte does not have it parsed each time.
template <class Parser>
upgrade parse(std::string_view in, Parser& parser, std::string_view what, std::size_t most) {
  auto end = in.substr(0, most).find(head_end);
  if (end == std::string_view::npos)
    return in.size() < most ? upgrade{}
                            : refused("sent a " + std::string{what} + " whose head is over " + std::to_string(most >> 10) + " KiB" + " (see max-header)");
  end += head_end.size();
  boost::beast::error_code ec;
  parser.header_limit(static_cast<std::uint32_t>(most));
  auto n = parser.put(boost::asio::buffer(in.data(), end), ec);
  if (ec || n != end || !parser.is_header_done())
    return refused("sent no HTTP " + std::string{what});
  upgrade u;
  u.what = upgrade::status::done;
  u.consumed = end;
  return u;
}

} // namespace

std::string make_key() {
  std::array<unsigned char, key_bytes> bytes{};
  RAND_bytes(bytes.data(), key_bytes);
  return base64(bytes.data(), bytes.size());
}

std::string accept_of(std::string_view key) {
  std::string in{key};
  in += "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"; // RFC 6455, section 1.3
  std::array<unsigned char, SHA_DIGEST_LENGTH> digest{};
  SHA1(reinterpret_cast<const unsigned char*>(in.data()), in.size(), digest.data());
  return base64(digest.data(), digest.size());
}

std::string make_request(const wanted& w, std::string_view key) {
  http::request<http::empty_body> r{http::verb::get, beast(w.target), http_1_1};
  r.set(http::field::host, beast(w.host));
  r.set(http::field::upgrade, "websocket");
  r.set(http::field::connection, "Upgrade");
  r.set(http::field::sec_websocket_key, beast(key));
  r.set(http::field::sec_websocket_version, "13");
  r.set(http::field::user_agent, "ockam/" + std::string{version});
  if (!w.cookie.empty())
    r.set(http::field::cookie, w.cookie);
  return serialized(r);
}

upgrade read_request(std::string_view in, const upgrade_policy& policy) {
  http::request_parser<http::empty_body> parser;
  auto u = parse(in, parser, "request", policy.max_header);
  if (u.what == upgrade::status::refused)
    return refused(in.size() < policy.max_header ? http::status::bad_request : http::status::request_header_fields_too_large, std::move(u.problem));
  if (u.what == upgrade::status::incomplete)
    return u;
  const auto& r = parser.get();
  if (r.version() != http_1_1 || r.method() != http::verb::get || !is_upgrade(r))
    return refused(http::status::upgrade_required, "sent an HTTP request that asks for no WebSocket");
  if (text(r[http::field::sec_websocket_version]) != "13")
    return refused(http::status::upgrade_required, "asked for another version of the WebSocket protocol than 13");
  auto key = text(r[http::field::sec_websocket_key]);
  if (!is_key(key) || r.count(http::field::host) != 1 || r.count(http::field::sec_websocket_key) != 1)
    return refused(http::status::bad_request, "sent an upgrade request without a valid key or host");
  if (auto target = path_of(text(r.target())); !is_served(target, policy.target))
    return refused(http::status::not_found, "asked for " + printable(target.substr(0, 128)) + ", which is not served");
  // Only browsers send an origin: what web page it is that connects in its user's name.
  auto origin = text(r[http::field::origin]);
  auto allowed = [&](const std::string& o) { return o == "*" || o == origin; };
  if (r.count(http::field::origin) > 0 && std::none_of(policy.origins.begin(), policy.origins.end(), allowed))
    return refused(http::status::forbidden, "connects for the web page " + printable(origin.substr(0, 128)) + ", which the key origins does not allow");
  http::response<http::empty_body> answer{http::status::switching_protocols, http_1_1};
  answer.set(http::field::upgrade, "websocket");
  answer.set(http::field::connection, "Upgrade");
  answer.set(http::field::sec_websocket_accept, accept_of(key));
  u.answer = serialized(answer);
  return u;
}

upgrade read_response(std::string_view in, std::string_view key, std::size_t max_header) {
  http::response<http::empty_body> r;
  upgrade u;
  do { // interim answers may come before it: all of them together are a head
    http::response_parser<http::empty_body> parser;
    auto next = parse(in.substr(u.consumed), parser, "response", max_header - u.consumed);
    if (next.what != upgrade::status::done)
      return next;
    u.what = next.what;
    u.consumed += next.consumed;
    r = parser.release();
  } while (r.result_int() / 100 == 1 && r.result() != http::status::switching_protocols);
  if (r.result() != http::status::switching_protocols)
    return refused("answered the upgrade request with " + std::to_string(r.result_int()) + " " + printable(text(r.reason()).substr(0, 64)));
  if (!is_upgrade(r) || text(r[http::field::sec_websocket_accept]) != accept_of(key))
    return refused("answered the upgrade request, but is no WebSocket server");
  if (r.count(http::field::sec_websocket_extensions) > 0 || r.count(http::field::sec_websocket_protocol) > 0)
    return refused("chose a WebSocket extension or protocol that was not offered");
  return u;
}

} // namespace ockam::ws
