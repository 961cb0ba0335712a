// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <httplib.h>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>

struct ssl_ctx_st;
struct ssl_st;

namespace ockam::operation {

/// What keeps a connection, for other threads: its client, who has yet to send or to read, or somebody else.
enum class kept_by : std::uint8_t { others, sender, reader };

/// A connection for httplib that ends: all that is read and written together has a time, and all that is read a size.
/// (httplib's own streams give each single read a time.) Thread: one.
class deadline_stream final : public httplib::Stream {
 public:
  using clock = std::chrono::steady_clock;

  /// `fd`: non-blocking; its owner closes it. `shown` is told what it waits for, and lives longer; null: nobody asks.
  deadline_stream(int fd, clock::time_point until, std::size_t most_to_read, std::atomic<kept_by>* shown = nullptr)
    : fd_{fd}, until_{until}, left_{most_to_read}, shown_{shown} {}

  bool is_readable() const override;
  bool is_writable() const override;
  ssize_t read(char* to, std::size_t size) override;
  ssize_t write(const char* from, std::size_t size) override;
  void get_remote_ip_and_port(std::string&, int&) const override {} // nothing here asks
  void get_local_ip_and_port(std::string&, int&) const override {}
  socket_t socket() const override { return fd_; }

 private:
  /// Waits for one of `events`, until the deadline.
  bool wait(short events) const;

  int fd_;
  clock::time_point until_;
  std::size_t left_;
  std::atomic<kept_by>* shown_;
};

/// The same with TLS over it: the server's end. Ends with `close_notify`, if there is time.
class deadline_tls_stream final : public httplib::Stream {
 public:
  using clock = deadline_stream::clock;

  deadline_tls_stream(int fd, clock::time_point until, std::size_t most_to_read, ssl_ctx_st* context, std::atomic<kept_by>* shown = nullptr);
  ~deadline_tls_stream() override;
  deadline_tls_stream(const deadline_tls_stream&) = delete;
  deadline_tls_stream& operator=(const deadline_tls_stream&) = delete;

  /// Before anything else. False when the other end does not speak TLS, is not let in, or takes too long.
  bool handshake();
  bool is_readable() const override;
  bool is_writable() const override { return below_.is_writable(); }
  ssize_t read(char* to, std::size_t size) override;
  ssize_t write(const char* from, std::size_t size) override;
  void get_remote_ip_and_port(std::string&, int&) const override {}
  void get_local_ip_and_port(std::string&, int&) const override {}
  socket_t socket() const override { return below_.socket(); }

 private:
  /// Waits for what OpenSSL wants after it has returned `rc`. False: it is over.
  bool wait_for(int rc) const;

  deadline_stream below_;
  std::size_t left_;
  ssl_st* ssl_;
};

} // namespace ockam::operation
