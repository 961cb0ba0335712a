// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "runtime/links/snapshot.hpp"
#include "runtime/node/config.hpp"
#include "transports/tls/tls_context.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace ockam::operation {

/// Asks a node for a snapshot. May be called on any thread; calls back on another one, once, or never when the node does
/// not answer.
using snapshot_source = std::function<void(snapshot_request, std::function<void(node_snapshot)>)>;

/// Answers HTTP requests about a node, on threads of its own, so that whoever asks can slow down nobody but others who
/// ask:
///
///     /health/live    200 as soon as the thread of the sockets answers, else 503; needs no token
///     /health/ready   200 when all works that the node is there for, else 503 with what does not, as JSON
///     /show           the snapshot of the node, as JSON
///     /metrics        the same for Prometheus
///     POST /trace     traces a route: {"route": "/service/echo"}; without a token or a client's certificate only along what
///                     the node has already
///     /               a page for people
///
/// One request a connection, which has 10 s and 8 KiB; 32 connections at one time. One more takes the place of a client that
/// has sent no whole request or does not read, and is closed where there is none. Without a token it
/// answers only requests that name this host by its loopback address or as localhost: a page from elsewhere must not
/// read a node through its user's browser. With a certificate it speaks TLS, with a ca only with clients that have a certificate of it. Threads: one that accepts, and one for each connection while it is open.
class http_endpoint {
 public:
  /// Who may ask, from the files that a configuration names: they are read, and can be used.
  struct access {
    std::string token;            ///< empty: none is needed
    std::optional<tls_files> tls; ///< none: it speaks plain HTTP
    bool only_loopback = false;   ///< requests have to name this host
    friend bool operator==(const access&, const access&) = default;
  };
  /// Errors: `invalid_argument`, `invalid_config` (a token is needed, or its file is empty), `io_failure`, those of TLS.
  static result<access> read_access(const http_config& c);

  /// Errors: those of `read_access`, `address_in_use`, `address_unavailable`, `permission_denied`.
  /// `control_socket`: of the node, for traces; empty: it has none.
  static result<std::unique_ptr<http_endpoint>> open(const http_config& c, snapshot_source source, std::string control_socket = {});
  static result<std::unique_ptr<http_endpoint>> open(const std::string& address, access a, snapshot_source source, std::string control_socket);

  virtual ~http_endpoint() = default; ///< returns when nothing of it runs any more; at most as long as `source` keeps a caller

  /// `127.0.0.1:9100`, with the port that the system chose, or the path.
  virtual const std::string& address() const = 0;
  /// From the next connection on; the socket goes on listening. False: that is how it was.
  virtual bool admit(access a) = 0;
  /// From now on the node is not ready: it stops.
  virtual void stopping() = 0;
};

} // namespace ockam::operation
