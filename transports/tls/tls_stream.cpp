// SPDX-License-Identifier: Apache-2.0
#include "transports/tls/tls_stream.hpp"

#include "runtime/core/address.hpp"
#include "runtime/core/endpoint.hpp"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <cassert>
#include <cerrno>
#include <climits>

namespace ockam {

using status = net::io_result::status;

namespace {

int at_most_int(std::size_t n) {
  return static_cast<int>(std::min<std::size_t>(n, INT_MAX));
}

} // namespace

void tls_stream::ssl_free::operator()(ssl_st* s) const noexcept {
  SSL_free(s);
}

tls_stream::tls_stream(net::reactor& r, net::stream_ptr below, tls_context context)
  : layered_stream{r, std::move(below)}, ssl_{SSL_new(context.get())}, context_{std::move(context)} {
  auto* b = BIO_new(method());
  BIO_set_data(b, this);
  BIO_set_init(b, 1);
  SSL_set_bio(ssl_.get(), b, b); // takes it over
  SSL_set_accept_state(ssl_.get());
}

tls_stream::tls_stream(net::reactor& r, net::stream_ptr below, tls_context context, const std::string& host)
  : tls_stream{r, std::move(below), std::move(context)} {
  SSL_set_connect_state(ssl_.get());
  std::string name{public_host(host)};
  if (is_ip_literal(host)) {
    X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl_.get()), name.c_str());
  } else {
    SSL_set_tlsext_host_name(ssl_.get(), name.c_str());
    SSL_set1_host(ssl_.get(), name.c_str());
  }
}

tls_stream::~tls_stream() {
  if (established_ && !violation_ && err_ == 0 && (!done_ || end_due_)) {
    ERR_clear_error();
    (void)SSL_shutdown(ssl_.get()); // the alert goes out if the socket takes it
  }
}

// -- the stream below, as OpenSSL sees it --------------------------------------------------------------

const bio_method_st* tls_stream::method() {
  static const bio_method_st* m = [] {
    auto* made = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "ockam stream");
    BIO_meth_set_read(made, [](BIO* b, char* to, int n) { return static_cast<tls_stream*>(BIO_get_data(b))->from_below(to, n, b); });
    BIO_meth_set_write(made, [](BIO* b, const char* from, int n) { return static_cast<tls_stream*>(BIO_get_data(b))->to_below(from, n, b); });
    BIO_meth_set_ctrl(made, [](BIO* b, int what, long, void*) -> long {
      if (what == BIO_CTRL_EOF)
        return static_cast<tls_stream*>(BIO_get_data(b))->eof_ ? 1 : 0;
      return what == BIO_CTRL_FLUSH ? 1 : 0;
    });
    return made;
  }();
  return m;
}

int tls_stream::from_below(char* to, int n, bio_st* b) {
  BIO_clear_retry_flags(b);
  iovec v{to, static_cast<std::size_t>(n)};
  auto r = below().read({&v, 1});
  if (r.what == status::ok)
    return static_cast<int>(r.bytes);
  if (r.what == status::again)
    BIO_set_retry_read(b);
  eof_ = r.what == status::eof;
  if (r.what == status::failed)
    err_ = r.err;
  return r.what == status::eof ? 0 : -1;
}

int tls_stream::to_below(const char* from, int n, bio_st* b) {
  BIO_clear_retry_flags(b);
  iovec v{const_cast<char*>(from), static_cast<std::size_t>(n)};
  auto r = below().write({&v, 1});
  if (r.what == status::ok)
    return static_cast<int>(r.bytes);
  if (r.what == status::again)
    BIO_set_retry_write(b);
  else
    err_ = r.err;
  return -1;
}

// -- the stream that the owner sees ----------------------------------------------------------------------

void tls_stream::begin() {
  (void)shake_hands(); // a client's hello is out; all else comes with reads
}

net::io_result tls_stream::shake_hands() {
  ERR_clear_error();
  net::io_result r{status::ok, 0, 0};
  if (auto rc = SSL_do_handshake(ssl_.get()); rc != 1)
    r = outcome(rc);
  learn();
  return r;
}

bool tls_stream::has_buffered() const {
  // Not SSL_has_pending: the beginning of a record that is still to come in counts there as well.
  return more_ || ended_ || violation_ || err_ != 0;
}

net::io_result tls_stream::read(std::span<const iovec> into) {
  if (!established_ && into.empty()) {
    auto r = shake_hands();
    return r.what == status::ok ? net::io_result{status::again, 0, 0} : r;
  }
  std::size_t got = 0;
  net::io_result last{status::again, 0, 0};
  for (const auto& v : into) {
    std::size_t at = 0;
    while (at < v.iov_len) {
      ERR_clear_error();
      auto n = SSL_read(ssl_.get(), static_cast<char*>(v.iov_base) + at, at_most_int(v.iov_len - at));
      if (n <= 0) {
        last = outcome(n);
        break;
      }
      at += static_cast<std::size_t>(n);
    }
    got += at;
    more_ = at == v.iov_len; // room ran out, not what OpenSSL has
    if (!more_)
      break;
  }
  learn();
  return got > 0 ? net::io_result{status::ok, got, 0} : last;
}

net::io_result tls_stream::write(std::span<const iovec> from) {
  if (done_)
    return {status::failed, 0, EPIPE};
  std::size_t taken = 0;
  net::io_result last{status::again, 0, 0};
  offered_ = false;
  for (const auto& v : from) {
    std::size_t at = 0;
    while (at < v.iov_len) {
      ERR_clear_error();
      auto n = SSL_write(ssl_.get(), static_cast<const char*>(v.iov_base) + at, at_most_int(v.iov_len - at));
      if (n <= 0) {
        last = outcome(n);
        offered_ = wants_write_ && established_;
        break;
      }
      at += static_cast<std::size_t>(n);
    }
    taken += at;
    if (at < v.iov_len)
      break;
  }
  learn();
  return taken > 0 ? net::io_result{status::ok, taken, 0} : last;
}

bool tls_stream::shutdown_write() {
  assert(!offered_ && "the rest of a write has to be offered first");
  if (!std::exchange(done_, true)) {
    end_due_ = true;
    send_end();
    update();
  }
  return true;
}

/// Tells the peer that nothing more comes, once the handshake is over and nothing else is half written.
void tls_stream::send_end() {
  if (!end_due_ || !established_ || wants_write_ || err_ != 0)
    return;
  ERR_clear_error();
  auto rc = SSL_shutdown(ssl_.get());
  end_due_ = rc < 0;
  wants_write_ = end_due_ && SSL_get_error(ssl_.get(), rc) == SSL_ERROR_WANT_WRITE;
}

std::string tls_stream::identity() const {
  auto* certificate = established_ && SSL_get_verify_result(ssl_.get()) == X509_V_OK ? SSL_get0_peer_certificate(ssl_.get()) : nullptr;
  if (!certificate)
    return {};
  std::unique_ptr<BIO, decltype(&BIO_free_all)> text{BIO_new(BIO_s_mem()), &BIO_free_all};
  X509_NAME_print_ex(text.get(), X509_get_subject_name(certificate), 0, XN_FLAG_RFC2253 & ~ASN1_STRFLGS_ESC_MSB);
  char* begin = nullptr;
  auto size = BIO_get_mem_data(text.get(), &begin);
  return printable({begin, static_cast<std::size_t>(size)});
}

/// What it means that OpenSSL could not go on.
net::io_result tls_stream::outcome(int rc) {
  auto what = SSL_get_error(ssl_.get(), rc);
  wants_write_ = what == SSL_ERROR_WANT_WRITE;
  if (what == SSL_ERROR_WANT_READ || what == SSL_ERROR_WANT_WRITE)
    return {status::again, 0, 0};
  if (what == SSL_ERROR_ZERO_RETURN && eof_ && SSL_is_init_finished(ssl_.get()) == 1)
    err_ = ECONNRESET; // the socket has ended, TLS has not
  else if (what == SSL_ERROR_ZERO_RETURN) {
    ended_ = true;
    return {status::eof, 0, 0};
  }
  if (err_ != 0)
    return {status::failed, 0, err_};
  if (violation_)
    return {status::failed, 0, 0};
  std::string why;
  if (auto code = ERR_peek_error())
    if (auto* text = ERR_reason_error_string(code))
      why = text;
  if (auto verdict = SSL_get_verify_result(ssl_.get()); verdict != X509_V_OK)
    why = std::string{"its certificate is not trusted: "} + X509_verify_cert_error_string(verdict);
  if (why.empty())
    why = eof_ ? "it closed" : "no reason given";
  violation_ = {refusal::tls_failed, established_ ? "broke TLS: " + why : "failed in the TLS handshake: " + why};
  return {status::failed, 0, 0};
}

void tls_stream::learn() {
  if (!established_ && SSL_is_init_finished(ssl_.get()) == 1) {
    established_ = true;
    more_ = true; // OpenSSL reads ahead: what came right behind the handshake causes no event any more
  }
  send_end();
  update();
}

/// OpenSSL wanted to write, to go on with a handshake, a write or an alert that it knows of: all go on when
/// asked again.
void tls_stream::write_output() {
  wants_write_ = false;
  if (!established_)
    (void)shake_hands();
  send_end();
  notify_reader();
}

} // namespace ockam
