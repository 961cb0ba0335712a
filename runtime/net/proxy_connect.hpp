// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "runtime/core/proxy_address.hpp"
#include "runtime/net/reactor.hpp"

#include <chrono>
#include <memory>
#include <string>
#include <string_view>

namespace ockam {

/// A connect by way of a proxy, which looks the name up and connects. What comes out is the stream to the peer, of which
/// nothing has been read: the proxy's own words are read to their last byte and no further.
///
///     http:    connect ──CONNECT host:port──▶ head of the answer ──200──▶ done
///     socks5:  connect ──methods──▶ method ──(user, password)──▶ accepted ──request──▶ reply ──0──▶ done
///
/// One deadline for all of it. Errors: `unreachable`, `timed_out`; `permission_denied`: the proxy wants another user or
/// password. User and password stand in no error. Socket thread only.
class proxy_connect final : public net::connecting, private net::stream_events {
 public:
  /// Longest head of an answer that is read.
  static constexpr std::size_t max_head = 16u << 10;

  /// `done` is called once, later.
  proxy_connect(net::reactor& r, proxy_address by, endpoint to, std::chrono::milliseconds timeout, net::reactor::connected done);
  ~proxy_connect() override;
  proxy_connect(const proxy_connect&) = delete;
  proxy_connect& operator=(const proxy_connect&) = delete;

 private:
  enum class state { connecting, http_head, socks_method, socks_user, socks_reply, done };

  void connected(result<net::stream_ptr> s);
  void on_readable() override;
  void on_writable() override { flush(); }
  void send(std::string bytes);
  void flush();
  /// What has come is whole. False: this has nothing to read any more.
  bool step();
  bool take_http_head();
  bool take_socks_method();
  bool take_socks_reply();
  bool send_socks_request();
  std::size_t wanted() const;
  void expect(state next, std::size_t bytes);
  bool refused(errc code, const std::string& what, std::string hint = {});
  void finish(result<net::stream_ptr> outcome);

  net::reactor& reactor_;
  proxy_address by_;
  endpoint to_;
  net::reactor::connected done_;
  net::connecting_ptr connecting_;
  net::stream_ptr stream_;
  state state_ = state::connecting;
  std::string in_;           ///< of the answer that is awaited
  std::size_t expected_ = 0; ///< its length, as far as that is known
  std::string out_;          ///< not written yet
  timer_queue::id deadline_ = 0;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

} // namespace ockam
