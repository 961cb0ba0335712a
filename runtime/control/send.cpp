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

 private:
  void receive(message_ptr m) override {
    if (const auto* r = m->header.get_report())
      return r->passed ? void() : end(with_nearest(to_error(*r), *r));
    control::Response answer;
    auto bytes = m->body.bytes();
    answer.mutable_reply()->set_payload(bytes.data(), bytes.size());
    answer.mutable_reply()->set_round_trip_us(elapsed_us());
    end(std::move(answer));
  }
  void late() override { end(nothing_came()); }

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

  static constexpr std::size_t most_to_compare = 10'000; ///< a few milliseconds of the socket thread
};

void control_handlers::send_message(requester from, control::SendMessage&& m, std::chrono::milliseconds timeout) {
  auto to = route_of(m.route());
  if (!to)
    return answer(from, to.error());
  if (m.payload().size() > parts_.node.limits.max_frame)
    return answer(from, error{errc::too_large, "the message is over " + std::to_string(parts_.node.limits.max_frame) + " bytes", {}});
  if (auto ok = has_memory(); !ok)
    return answer(from, ok.error());
  payload body{std::as_bytes(std::span{m.payload()})};
  launch(std::make_unique<sending>(*this, from, std::move(*to), std::move(body), timeout), route_header::flag_report);
}

} // namespace ockam
