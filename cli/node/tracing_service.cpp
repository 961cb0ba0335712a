// SPDX-License-Identifier: Apache-2.0
#include "cli/node/tracing_service.hpp"

#include "runtime/core/log.hpp"
#include "runtime/core/units.hpp"

#include <chrono>
#include <utility>

namespace ockam {

namespace {

/// For the sender that another one follows: the main thread waits for it, what it has not sent waits for the next.
constexpr std::chrono::milliseconds to_let_go{300};

} // namespace

void tracing_service::serve(const tracing_config& wanted) {
  if (wanted == config_)
    return;
  finish(clock::now() + to_let_go);
  config_ = wanted;
  auto to = parse_otlp_address(wanted.otlp);
  auto sample = parse_ratio(wanted.sample);
  if (!to || !sample) // both were checked as the configuration was read
    return;
  auto service = wanted.service_name.empty() ? node_name_ : wanted.service_name;
  spans_->open(wanted.queue, wanted.batch, *sample);
  log(level::info, "tracing", "spans of traces go to " + to_string(*to));
  sender_ = std::make_unique<operation::span_sender>(
    spans_, operation::span_sender::settings{.to = *std::move(to), .ca = wanted.ca, .of = {std::move(service), node_name_}, .batch = wanted.batch, .interval = wanted.interval});
}

void tracing_service::finish(clock::time_point until) {
  spans_->close();
  config_ = {};
  if (auto last = std::move(sender_); last && !last->finish(until)) {
    stuck_ = true;
    log(level::warn, "tracing", "a look-up of the collector's name, or a connect, does not return: left alone");
  }
}

} // namespace ockam
