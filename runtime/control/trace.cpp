// SPDX-License-Identifier: Apache-2.0
// `trace`: where a message goes, as the nodes on its way tell.
#include "runtime/control/pending_request.hpp"
#include "runtime/core/bare.hpp"

#include <algorithm>

namespace ockam {

/// A traced message. Each of our nodes that hands it to a worker sends a passage back; the route itself
/// says which hops there are, so a hop from which nothing came is one of another implementation. It is over
/// when the message has been answered, has died, or has reached the end of its route and is not answered.
class control_handlers::tracing final : public pending_request {
 public:
  using pending_request::pending_request;
  ~tracing() override { reactor().cancel(quiet_); }

 private:
  /// How long a worker at the end of the route may take to answer, at least.
  static constexpr std::chrono::milliseconds patience{500};

  void receive(message_ptr m) override {
    const auto* r = m->header.get_report();
    if (!r)
      return over(control::TraceEnd::ANSWERED, nullptr);
    auto number = position(*r);
    if (!r->passed)
      return over(control::TraceEnd::DIED, r);
    last_number_ = number;
    last_hop_ = r->hop;
    control::Response out;
    auto& hop = *out.mutable_trace_hop();
    hop.set_number(number);
    hop.set_address(to_string(r->hop));
    hop.set_node(printable(r->node));
    hop.set_type(printable(r->detail));
    hop.set_round_trip_us(elapsed_us());
    hop.set_held_us(r->held_us);
    tell(std::move(out));
    if (r->left == 1 && quiet_ == 0) {
      auto wait = std::max(patience, std::chrono::milliseconds{elapsed_us() * 4 / 1000});
      quiet_ = reactor().after(wait, [this] { over(control::TraceEnd::ARRIVED, nullptr); });
    }
  }

  void late() override { over(control::TraceEnd::SILENT, nullptr); }

  /// Of which hop it speaks, from 1. What was left of the route says so even where nodes of another
  /// implementation did not count; where a worker made the route longer (a relay), the count does.
  std::uint32_t position(const report& r) const {
    auto size = static_cast<std::uint32_t>(to().size());
    auto by_route = r.left <= size ? size - r.left + 1 : 1;
    if (r.passed)
      return std::max(by_route, r.index);
    return r.hop == last_hop_ ? std::max(by_route, last_number_) : std::max(by_route, last_number_ + 1);
  }

  void over(control::TraceEnd::Outcome outcome, const report* r) {
    control::Response out;
    auto& e = *out.mutable_trace_end();
    e.set_outcome(outcome);
    e.set_round_trip_us(elapsed_us());
    if (r) {
      e.set_number(position(*r));
      e.set_address(to_string(r->hop));
      e.set_node(printable(r->node));
      e.set_reason(std::string{to_string(r->reason)});
      e.set_detail(printable(r->detail));
    }
    end(std::move(out));
  }

  std::uint32_t last_number_ = 0;
  address last_hop_;
  timer_queue::id quiet_ = 0;
};

void control_handlers::trace_route(requester from, const control::TraceRoute& m, std::chrono::milliseconds timeout) {
  auto to = route_of(m.route());
  if (!to)
    return answer(from, to.error());
  if (auto ok = has_memory(); !ok)
    return answer(from, ok.error());
  auto body = bare::encode_string("trace"); // text, for workers that take nothing else
  launch(std::make_unique<tracing>(*this, from, std::move(*to), payload{body}, timeout),
         route_header::flag_report | route_header::flag_trace);
}

} // namespace ockam
