// SPDX-License-Identifier: Apache-2.0
// `message send` and `ping`: a message and its reply.
#include "runtime/control/pending_request.hpp"
#include "runtime/core/suggest.hpp"
#include "runtime/workers/requests.hpp"

#include <algorithm>

namespace ockam {

class control_handlers::sending final : public pending_request {
 public:
  using pending_request::pending_request;

  /// The message begins this trace, whose first span is this request.
  void begin_trace(const trace_context& t) {
    belongs_to(t);
    auto* keeper = board().spans();
    if (!keeper)
      return;
    span s;
    s.what = "request";
    s.kind = span_kind::client;
    s.worker = to_string(address{std::string{control_address}});
    s.type = "control";
    s.next = to_string(to().front());
    span_ = keeper->begin_root(t, std::move(s));
  }

 private:
  void receive(message_ptr m) override {
    if (const auto* r = m->header.get_report())
      return r->passed ? void() : fail(with_own_rules(with_nearest(to_error(*r), *r), *r));
    control::Response answer;
    auto bytes = m->body.bytes();
    answer.mutable_reply()->set_payload(bytes.data(), bytes.size());
    answer.mutable_reply()->set_round_trip_us(elapsed_us());
    span_.reset();
    end(std::move(answer));
  }
  void late() override { fail(nothing_came()); }
  void fail(const error& e) {
    if (auto s = std::move(span_))
      s->failed(to_string(e.code), e.cause);
    end(e);
  }

  /// This node knows what its own workers are called.
  error with_nearest(error e, const report& r) {
    auto& board = this->board();
    if (r.reason != drop_reason::unknown_worker || r.node != board.node_name() || board.size() > most_to_compare)
      return e;
    std::vector<std::string> names;
    board.each([&](const address& a, const worker_entry& entry) {
      if (a.is_local() && !entry.internal)
        names.push_back(a.name);
    });
    std::sort(names.begin(), names.end());
    if (auto near = nearest(r.hop.name, names))
      e.hint = "did you mean " + printable(*near) + "? " + e.hint;
    return e;
  }

  /// It also knows what its own workers take, and where they send: whom a listener admits has nothing to do with that.
  error with_own_rules(error e, const report& r) {
    if (r.reason != drop_reason::refused || r.node != board().node_name())
      return e;
    auto see = [](address_view a) { return ": ockam worker show " + printable(a.name); };
    if (const auto* there = board().find(r.hop); there && there->access && there->access->from && !there->access->from->local)
      e.hint = "allow-from of the service says whose messages it takes, and does not name local ones" + see(r.hop);
    for (std::size_t i = 1; i < to().size(); ++i)
      if (const auto* before = board().find(to()[i - 1]); to()[i] == r.hop && before && before->access && before->access->onward)
        e.hint = "allow-to of " + to_string(to()[i - 1]) + " says where it sends" + see(to()[i - 1]);
    return e;
  }

  static constexpr std::size_t most_to_compare = 10'000; ///< a few milliseconds of the socket thread
  std::unique_ptr<open_span> span_; ///< null: none is kept
};

void control_handlers::send_message(requester from, control::SendMessage&& m, std::chrono::milliseconds timeout) {
  auto to = route_of(m.route());
  if (!to)
    return answer(from, to.error());
  if (m.payload().size() > parts_.node.limits.max_frame)
    return answer(from, error{errc::too_large, "the message is over " + std::to_string(parts_.node.limits.max_frame) + " bytes", {}});
  if (auto ok = has_memory(); !ok)
    return answer(from, ok.error());
  auto trace = parse_traceparent(m.traceparent());
  if (!trace && !m.traceparent().empty())
    return answer(from, error{errc::invalid_argument, printable(m.traceparent()) + " is no traceparent", {}});
  payload body{std::as_bytes(std::span{m.payload()})};
  auto request = std::make_unique<sending>(*this, from, std::move(*to), std::move(body), timeout);
  if (trace)
    request->begin_trace(*trace);
  launch(std::move(request), route_header::flag_report);
}

} // namespace ockam
