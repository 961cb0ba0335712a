// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ockam/service.hpp>

#include <chrono>
#include <memory>
#include <string>
#include <vector>

/// HTTP into messages: `POST /route/service/echo` sends the body along `/service/echo`, and the reply is the
/// response. Options:
///
///     address      where to listen, HOST:PORT (127.0.0.1:8080)
///     allow        routes that may be used: those that begin with one of these, a comma between two; `any`
///     timeout      for a reply (10s); `?timeout=2s` of a request may make it shorter
///     max-body     largest body (1MiB)
///     threads      requests that are served at a time (8)
///
/// A text body goes out as text, one of `application/octet-stream` as it is. Errors are JSON, `{"error": {"code", "cause",
/// "hint"}}`, with a status that fits. HTTP has threads of its own, which wait; the worker never does.
class http_gateway final : public ockam::worker {
 public:
  explicit http_gateway(const ockam::service_options& o);
  ~http_gateway() override;

  void on_start() override;
  void on_message(ockam::message_ptr m) override;
  void on_stop() noexcept override;

 private:
  struct front;

  std::string host_;
  int port_ = 0;
  std::vector<std::string> allowed_;
  std::chrono::milliseconds timeout_;
  std::size_t max_body_;
  std::size_t threads_;
  std::unique_ptr<front> front_;
};
