// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "operation/otlp_json.hpp"
#include "runtime/core/otlp_address.hpp"
#include "runtime/core/tracer.hpp"

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <thread>

namespace ockam::operation {

/// Takes spans out of a tracer and sends them to a collector (OTLP over HTTP, JSON), on a thread of its own: how long the
/// collector takes, or whether there is one, makes no difference to anybody else.
///
///     waits ──a batch, or the interval──▶ sends ──taken, or refused for good──▶ waits
///                                          │ ▲
///              no answer, 429, 502–504     ▼ │ 1 s, 2 s, 4 s … 30 s, or as the answer says
///                                        again, `most_tries` in all; then the batch has failed
///
/// Meanwhile spans gather in the tracer, which drops those that find no room.
class span_sender {
 public:
  using clock = tracer::clock;

  struct settings {
    otlp_address to;
    std::string ca = {}; ///< PEM file; empty: whom the system trusts
    span_source of;
    std::size_t batch = 512;
    std::chrono::milliseconds interval{1'000};
    std::chrono::milliseconds retry{1'000}; ///< before the second try
  };

  static constexpr unsigned most_tries = 6;
  static constexpr std::chrono::seconds most_wait{30};
  /// Of one request: to connect, and for each step of the answer.
  static constexpr std::chrono::seconds connect_time{3}, answer_time{10};
  static constexpr std::size_t most_answer = 64u << 10; ///< bytes of an answer that are read

  span_sender(std::shared_ptr<tracer> from, settings s);
  /// As `finish`, without any time.
  ~span_sender();

  /// Sends what waits, as far as that is done until then, and ends. False: the thread is in a call that does not return, as a
  /// look-up of a name may be, and was left alone; the process has to end by `_exit`.
  bool finish(clock::time_point until);

 private:
  struct state;
  static void run(const std::shared_ptr<state>& s);

  std::shared_ptr<state> state_;
  std::thread thread_;
};

} // namespace ockam::operation
