// SPDX-License-Identifier: Apache-2.0
#include "runtime/net/proxy_connect.hpp"

#include "runtime/core/address.hpp"
#include "runtime/core/ip_endpoint.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

namespace ockam {

using status = net::io_result::status;

namespace {

std::string base64(std::string_view in) {
  constexpr std::string_view digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  for (std::size_t i = 0; i < in.size(); i += 3) {
    auto at = [&](std::size_t n) { return n < in.size() ? static_cast<unsigned char>(in[n]) : 0u; };
    auto bits = at(i) << 16 | at(i + 1) << 8 | at(i + 2);
    for (int k = 0; k < 4; ++k)
      out += i + static_cast<std::size_t>(k) > in.size() ? '=' : digits[bits >> (18 - 6 * k) & 63];
  }
  return out;
}

char byte(std::size_t n) {
  return static_cast<char>(n);
}

/// RFC 1928, section 6.
std::string_view words_of(unsigned char reply) {
  constexpr std::array<std::string_view, 9> words{
    "no error", "a general failure", "its rules do not allow the connection", "the network is unreachable",
    "the host is unreachable", "the connection was refused", "the time to live is over", "it does not know the command CONNECT",
    "it does not know this kind of address"};
  return reply < words.size() ? words[reply] : std::string_view{"an unknown reason"};
}

constexpr std::string_view greeting_open("\x05\x01\x00", 3);       // no authentication
constexpr std::string_view greeting_user("\x05\x02\x00\x02", 4);   // … or user and password
constexpr char no_authentication = 0, user_and_password = 2;
constexpr std::size_t reply_head = 4, port_bytes = 2;

} // namespace

proxy_connect::proxy_connect(net::reactor& r, proxy_address by, endpoint to, std::chrono::milliseconds timeout,
                             net::reactor::connected done)
  : reactor_{r}, by_{std::move(by)}, to_{std::move(to)}, done_{std::move(done)} {
  deadline_ = reactor_.after(timeout, [this, timeout] {
    deadline_ = 0;
    finish(error{errc::timed_out, "no connection to " + to_string(to_) + " by way of the proxy " + to_string(by_) + " within "
                                    + std::to_string(timeout.count()) + " ms",
                 "is the address right, and does the proxy reach it?"});
  });
  connecting_ = reactor_.connect(by_.at, timeout, [this](auto s) { connected(std::move(s)); });
}

proxy_connect::~proxy_connect() {
  *alive_ = false;
  reactor_.cancel(deadline_);
}

void proxy_connect::connected(result<net::stream_ptr> s) {
  auto self = std::move(connecting_); // inside which this runs
  if (!s) {
    auto e = std::move(s).error();
    e.cause = "the proxy is not there: " + e.cause;
    e.hint = "is the key proxy right?";
    return finish(std::move(e));
  }
  stream_ = std::move(*s);
  stream_->attach(this);
  stream_->watch_read(true);
  if (by_.speaks == proxy_address::protocol::socks5) {
    expect(state::socks_method, 2);
    return send(std::string{by_.user.empty() ? greeting_open : greeting_user});
  }
  auto host = to_string(endpoint{std::string{public_host(to_.host)}, to_.port});
  auto request = "CONNECT " + host + " HTTP/1.1\r\nHost: " + host + "\r\n";
  if (!by_.user.empty())
    request += "Proxy-Authorization: Basic " + base64(by_.user + ":" + by_.password) + "\r\n";
  expect(state::http_head, 0);
  send(request + "\r\n");
}

// -- bytes -------------------------------------------------------------------------------------------

void proxy_connect::expect(state next, std::size_t bytes) {
  state_ = next;
  in_.clear();
  expected_ = bytes;
}

void proxy_connect::send(std::string bytes) {
  out_ += bytes;
  flush();
}

void proxy_connect::flush() {
  while (!out_.empty()) {
    iovec v{out_.data(), out_.size()};
    auto r = stream_->write({&v, 1});
    if (r.what != status::ok)
      break; // one that has failed says so when it is read
    out_.erase(0, r.bytes);
  }
  stream_->watch_write(!out_.empty());
}

/// A head ends where it ends: behind it the peer may speak already.
std::size_t proxy_connect::wanted() const {
  return state_ == state::http_head ? 1 : expected_ - in_.size();
}

void proxy_connect::on_readable() {
  while (state_ != state::done) {
    std::array<char, 512> bytes;
    iovec v{bytes.data(), std::min(bytes.size(), wanted())};
    auto r = stream_->read({&v, 1});
    if (r.what == status::again)
      return;
    if (r.what != status::ok) {
      (void)refused(errc::unreachable, "ended the connection");
      return;
    }
    in_.append(bytes.data(), r.bytes);
    bool whole = state_ == state::http_head ? in_.ends_with("\r\n\r\n") || in_.size() == max_head : in_.size() == expected_;
    if (whole && !step())
      return;
  }
}

bool proxy_connect::step() {
  switch (state_) {
    case state::http_head: return take_http_head();
    case state::socks_method: return take_socks_method();
    case state::socks_user:
      if (in_[1] != 0)
        return refused(errc::permission_denied, "does not accept the user and password of the key proxy");
      return send_socks_request();
    case state::socks_reply: return take_socks_reply();
    case state::connecting:
    case state::done: break;
  }
  return false;
}

bool proxy_connect::take_http_head() {
  constexpr std::string_view version = "HTTP/1.";
  constexpr std::size_t digits_at = 9; // behind "HTTP/1.1 "
  unsigned code = 0;
  auto line = std::string_view{in_}.substr(0, in_.find("\r\n"));
  auto digits = line.size() > digits_at ? line.substr(digits_at, 3) : std::string_view{};
  auto [end, ec] = std::from_chars(digits.data(), digits.data() + digits.size(), code);
  if (!line.starts_with(version) || !in_.ends_with("\r\n\r\n") || ec != std::errc{} || end != digits.data() + 3)
    return refused(errc::unreachable, "does not answer as an HTTP proxy does", "is the key proxy right?");
  if (code >= 100 && code < 200) { // an interim answer
    expect(state::http_head, 0);
    return true;
  }
  if (code == 407)
    return refused(errc::permission_denied, by_.user.empty() ? "asks for a user and a password" : "does not accept the user and password of the key proxy",
                   "write proxy = http://USER:PASSWORD@" + to_string(by_.at));
  if (code < 200 || code >= 300)
    return refused(errc::unreachable, "answered " + printable(line.substr(digits_at, 64)));
  finish(std::move(stream_));
  return false;
}

bool proxy_connect::take_socks_method() {
  if (in_[0] != 5)
    return refused(errc::unreachable, "does not answer as a SOCKS5 proxy does", "is the key proxy right?");
  if (in_[1] == no_authentication)
    return send_socks_request();
  if (in_[1] != user_and_password || by_.user.empty())
    return refused(errc::permission_denied, "asks for a user and a password", "write proxy = socks5://USER:PASSWORD@" + to_string(by_.at));
  expect(state::socks_user, 2);
  send(std::string(1, byte(1)) + byte(by_.user.size()) + by_.user + byte(by_.password.size()) + by_.password);
  return true;
}

bool proxy_connect::send_socks_request() {
  std::string host{public_host(to_.host)};
  std::string request("\x05\x01\x00", 3);
  bool v6 = host.find(':') != std::string::npos;
  if (auto ip = parse_ip_endpoint((v6 ? "[" + host + "]" : host) + ":0")) {
    request += ip->v6 ? byte(4) : byte(1);
    request.append(reinterpret_cast<const char*>(ip->ip.data()), ip->v6 ? 16 : 4);
  } else {
    request += byte(3);
    request += byte(host.size());
    request += host;
  }
  request += byte(to_.port / 256u);
  request += byte(to_.port % 256u);
  expect(state::socks_reply, reply_head);
  send(std::move(request));
  return true;
}

bool proxy_connect::take_socks_reply() {
  if (in_[0] != 5)
    return refused(errc::unreachable, "does not answer as a SOCKS5 proxy does", "is the key proxy right?");
  if (in_[1] != 0)
    return refused(errc::unreachable, "does not connect to " + to_string(to_) + ": " + std::string{words_of(static_cast<unsigned char>(in_[1]))});
  // The address that it has bound, of which only the length matters.
  auto kind = in_[3];
  std::size_t whole = reply_head + port_bytes;
  if (kind == 1)
    whole += 4;
  else if (kind == 4)
    whole += 16;
  else if (kind == 3)
    whole += 1 + (in_.size() > reply_head ? static_cast<unsigned char>(in_[reply_head]) : 0u);
  else
    return refused(errc::unreachable, "does not answer as a SOCKS5 proxy does", "is the key proxy right?");
  bool length_known = kind != 3 || in_.size() > reply_head;
  if (in_.size() < whole || !length_known) {
    expected_ = length_known ? whole : reply_head + 1;
    return true;
  }
  finish(std::move(stream_));
  return false;
}

// -- the end -----------------------------------------------------------------------------------------

bool proxy_connect::refused(errc code, const std::string& what, std::string hint) {
  finish(error{code, "cannot connect to " + to_string(to_) + ": the proxy " + to_string(by_) + " " + what, std::move(hint)});
  return false;
}

/// Later, since a stream may not lose its owner and find another one inside of one event.
void proxy_connect::finish(result<net::stream_ptr> outcome) {
  state_ = state::done;
  reactor_.cancel(std::exchange(deadline_, 0));
  stream_.reset(); // unless it is the outcome
  if (outcome) {
    (*outcome)->watch_read(false);
    (*outcome)->watch_write(false);
  }
  reactor_.post([this, alive = alive_, what = std::make_shared<result<net::stream_ptr>>(std::move(outcome))] {
    if (!*alive)
      return;
    if (auto done = std::exchange(done_, nullptr))
      done(std::move(*what)); // may destroy this
  });
}

} // namespace ockam
