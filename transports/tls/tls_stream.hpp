// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "transports/stream/layered_stream.hpp"
#include "transports/tls/tls_context.hpp"

#include <string>

struct ssl_st;
struct bio_st;
struct bio_method_st;

namespace ockam {

/// TLS over another stream, by OpenSSL, which reads from and writes to the stream below directly: no
/// buffers between. The handshake happens inside of the first reads, for which there may be no room at all: whoever
/// wants to know first that it is over watches for both, and is writable then.
///
/// Each direction ends with an alert, `close_notify`. The socket below stays open both ways until this is
/// destroyed: OpenSSL may have to answer what it reads (a new key). A socket that ends without the alert is a
/// connection that broke (ECONNRESET), or anybody between the two could cut a stream short and it would look
/// whole. Socket thread only.
class tls_stream final : public layered_stream {
 public:
  /// The server's end.
  tls_stream(net::reactor& r, net::stream_ptr below, tls_context context);
  /// The client's end: the certificate has to be for `host`, a name or an IP address.
  tls_stream(net::reactor& r, net::stream_ptr below, tls_context context, const std::string& host);
  ~tls_stream() override;

  net::io_result read(std::span<const iovec> into) override;
  net::io_result write(std::span<const iovec> from) override;
  bool shutdown_write() override;
  std::string identity() const override;

 private:
  struct ssl_free {
    void operator()(ssl_st* s) const noexcept;
  };

  void begin() override;
  net::io_result shake_hands();
  bool has_buffered() const override;
  bool has_output() const override { return wants_write_; }
  bool may_write() const override { return established_ || done_; }
  void write_output() override;

  static const bio_method_st* method();
  int from_below(char* to, int n, bio_st* b);
  int to_below(const char* from, int n, bio_st* b);
  net::io_result outcome(int rc);
  void learn();
  void send_end();

  std::unique_ptr<ssl_st, ssl_free> ssl_;
  tls_context context_; ///< longer than the connection of it
  int err_ = 0;         ///< errno of the stream below
  bool eof_ = false;    ///< the stream below has ended
  bool ended_ = false;  ///< the peer has ended TLS
  bool more_ = false;   ///< the owner's room was used up: there may be more
  bool established_ = false;
  bool wants_write_ = false;
  bool offered_ = false; ///< OpenSSL has begun to send what a `write` was not said to have taken
  bool done_ = false;    ///< the owner writes no more
  bool end_due_ = false; ///< … and the peer has not been told
};

} // namespace ockam
