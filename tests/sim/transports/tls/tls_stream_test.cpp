// SPDX-License-Identifier: Apache-2.0
#include "transports/tls/tls_stream.hpp"

#include "sim/support/network.hpp"
#include "support/stream_user.hpp"

#include <gtest/gtest.h>

#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

namespace ockam {
namespace {

using status = net::io_result::status;
using tests::stream_user;

/// A certificate for `localhost` that vouches for itself, and the key of it.
struct certificate {
  std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key{EVP_EC_gen("P-256"), &EVP_PKEY_free};
  std::unique_ptr<X509, decltype(&X509_free)> own{X509_new(), &X509_free};

  certificate() {
    auto* c = own.get();
    X509_set_version(c, X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(c), 1);
    X509_gmtime_adj(X509_getm_notBefore(c), -3600);
    X509_gmtime_adj(X509_getm_notAfter(c), 3600);
    auto* name = X509_get_subject_name(c);
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, reinterpret_cast<const unsigned char*>("localhost"), -1, -1, 0);
    X509_set_issuer_name(c, name);
    X509_set_pubkey(c, key.get());
    auto* names = X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, "DNS:localhost");
    X509_add_ext(c, names, -1);
    X509_EXTENSION_free(names);
    X509_sign(c, key.get(), EVP_sha256());
  }
};

/// What `make_tls_server` and `make_tls_client` make, without files. The version is the one to speak.
tls_context context(const SSL_METHOD* method, int version) {
  tls_context c{SSL_CTX_new(method), &SSL_CTX_free};
  SSL_CTX_set_min_proto_version(c.get(), version);
  SSL_CTX_set_max_proto_version(c.get(), version);
  SSL_CTX_set_options(c.get(), SSL_OP_IGNORE_UNEXPECTED_EOF);
  SSL_CTX_set_mode(c.get(), SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_read_ahead(c.get(), 1);
  return c;
}

/// A stream that takes nothing for a while.
class valve final : public net::stream {
 public:
  explicit valve(net::stream_ptr s) : s_{std::move(s)} {}
  void shut(bool yes) {
    shut_ = yes;
    s_->watch_write(watched_ && !shut_);
  }
  void attach(net::stream_events* owner) override { s_->attach(owner); }
  net::io_result read(std::span<const iovec> into) override { return s_->read(into); }
  net::io_result write(std::span<const iovec> from) override { return shut_ ? net::io_result{} : s_->write(from); }
  bool shutdown_write() override { return s_->shutdown_write(); }
  void watch_read(bool on) override { s_->watch_read(on); }
  void watch_write(bool on) override {
    watched_ = on;
    s_->watch_write(on && !shut_);
  }
  bool peer_closed() override { return s_->peer_closed(); }
  bool has_unread() const override { return s_->has_unread(); }
  std::string peer() const override { return s_->peer(); }
  std::string local() const override { return s_->local(); }

 private:
  net::stream_ptr s_;
  bool shut_ = false;
  bool watched_ = false;
};

/// client ── TLS ── valve ══ pipes ══ TLS ── server. The parameter is the version of TLS.
class tls_stream_test : public ::testing::TestWithParam<int>, private net::acceptor_events {
 protected:
  tls_stream_test() {
    acceptor_ = *reactor_.listen({"127.0.0.1", 7}, *this);
    connecting_ = reactor_.connect({"127.0.0.1", 7}, std::chrono::seconds{1}, [this](result<net::stream_ptr> s) {
      auto trusting = context(TLS_client_method(), GetParam());
      SSL_CTX_set_verify(trusting.get(), SSL_VERIFY_PEER, nullptr);
      X509_STORE_add_cert(SSL_CTX_get_cert_store(trusting.get()), own_.own.get());
      auto below = std::make_unique<valve>(std::move(*s));
      socket = below.get();
      client.emplace(std::make_unique<tls_stream>(reactor_, std::move(below), trusting, "localhost"));
      if (finish_at_once)
        client->finish();
    });
  }

  /// Streams end before their reactor.
  ~tls_stream_test() override {
    client.reset();
    server.reset();
  }

  void run() { net_.run(); }
  /// From now on each call moves few bytes, and sockets are served in any order.
  void disturb(std::uint64_t seed) { net_.disturb(seed); }

  std::optional<stream_user> client, server;
  valve* socket = nullptr; ///< of the client
  bool finish_at_once = false; ///< the client, as soon as it is connected

 private:
  void on_accept(net::stream_ptr s) override {
    auto known = context(TLS_server_method(), GetParam());
    SSL_CTX_use_certificate(known.get(), own_.own.get());
    SSL_CTX_use_PrivateKey(known.get(), own_.key.get());
    server.emplace(std::make_unique<tls_stream>(reactor_, std::move(s), known));
  }
  void on_out_of_descriptors() override { FAIL(); }

  sim::network net_;
  sim::reactor reactor_{net_};
  certificate own_;
  net::acceptor_ptr acceptor_;
  net::connecting_ptr connecting_;
};

TEST_P(tls_stream_test, the_peer_reads_the_end_behind_what_was_written_and_is_still_heard) {
  run();
  client->send("last words");
  client->finish();
  run();
  EXPECT_EQ(server->got, "last words");
  EXPECT_TRUE(server->ended);
  EXPECT_EQ(server->read().what, status::eof); // and so it stays
  EXPECT_FALSE(client->ended);
  server->send("an answer");
  run();
  EXPECT_EQ(client->got, "an answer");
  server->finish();
  run();
  EXPECT_TRUE(client->ended);
  EXPECT_EQ(client->broken + server->broken, 0);
}

TEST_P(tls_stream_test, the_end_may_be_asked_for_before_the_handshake_is_over) {
  finish_at_once = true;
  run();
  EXPECT_TRUE(client->can_finish);
  EXPECT_TRUE(server->ended);
  server->send("an answer");
  run();
  EXPECT_EQ(client->got, "an answer");
  EXPECT_EQ(client->broken + server->broken, 0);
}

TEST_P(tls_stream_test, the_end_goes_out_by_itself_when_the_socket_takes_it) {
  run();
  socket->shut(true);
  client->finish();
  run();
  EXPECT_FALSE(server->ended);
  EXPECT_EQ(client->write("too late").what, status::failed);
  socket->shut(false);
  run();
  EXPECT_TRUE(server->ended);
  server->send("an answer");
  run();
  EXPECT_EQ(client->got, "an answer");
  EXPECT_EQ(client->broken + server->broken, 0);
}

TEST_P(tls_stream_test, the_end_comes_behind_much_that_was_written) {
  constexpr std::size_t much = 300'000; // more than the window of the pipe
  disturb(7);
  run();
  client->send(std::string(much, 'x'));
  EXPECT_FALSE(client->all_sent());
  client->finish();
  server->send("and back");
  server->finish();
  run();
  EXPECT_EQ(server->got.size(), much);
  EXPECT_TRUE(server->ended);
  EXPECT_EQ(client->got, "and back");
  EXPECT_TRUE(client->ended);
  EXPECT_EQ(client->broken + server->broken, 0);
}

TEST_P(tls_stream_test, nothing_is_written_after_the_end) {
  run();
  client->finish();
  EXPECT_TRUE(client->stream->shutdown_write()) << "once more changes nothing";
  auto r = client->write("too late");
  EXPECT_EQ(r.what, status::failed);
  EXPECT_EQ(r.err, EPIPE);
  client->writable_calls = 0;
  client->stream->watch_write(true);
  run();
  EXPECT_GT(client->writable_calls, 0);
  EXPECT_EQ(server->got, "");
}

TEST_P(tls_stream_test, a_socket_that_ends_without_a_word_of_tls_is_no_end_of_the_stream) {
  run();
  client->send("half a sto");
  run();
  socket->shutdown_write(); // as anybody between the two could
  run();
  EXPECT_EQ(server->got, "half a sto");
  EXPECT_FALSE(server->ended);
  EXPECT_EQ(server->broken, ECONNRESET);
  EXPECT_FALSE(server->stream->violation());
}

TEST_P(tls_stream_test, who_destroys_it_tells_the_peer) {
  run();
  client.reset();
  run();
  EXPECT_TRUE(server->ended);
  EXPECT_EQ(server->broken, 0);
}

INSTANTIATE_TEST_SUITE_P(versions, tls_stream_test, ::testing::Values(TLS1_2_VERSION, TLS1_3_VERSION),
                         [](auto& i) { return i.param == TLS1_2_VERSION ? "tls12" : "tls13"; });

} // namespace
} // namespace ockam
