// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "runtime/control/handlers.hpp"
#include "runtime/workers/reply_address.hpp"

#include <memory>
#include <optional>

namespace ockam {

/// A message that starts in this node for the command line, and what comes back for it: at an address of
/// its own, until a deadline.
///
///     waiting ─▶ answered
///        └─ report, deadline
///
/// One that measures sends many messages.
///
/// A route that begins with the address of another node is the dialer's: it connects, or has a link.
class control_handlers::pending_request : public receiver {
 public:
  pending_request(control_handlers& owner, requester from, made_route to, payload body, std::chrono::milliseconds timeout);
  virtual ~pending_request();

  std::uint64_t session() const { return from_.session; }
  /// Sends the message with these flags (`route_header`). May end this pending_request.
  void begin(std::uint32_t flags);

 protected:
  using clock = net::reactor::clock;

  /// The message is on its way.
  virtual void begun() {}
  /// The time is over.
  virtual void late() = 0;
  /// Sends what there is to be sent at first: the one message.
  virtual void start(std::uint32_t flags) { post(std::move(body_), flags); }
  /// What is sent belongs to this trace. Before `begin`.
  void belongs_to(trace_context t) { trace_ = std::move(t); }
  /// Sends a message along the route.
  void post(payload body, std::uint32_t flags);
  void failed(std::string_view) noexcept override {}

  /// Answers and ends, once.
  void end(control::Response r);
  void end(const error& e);
  /// Ends without an answer: another one goes on in its place. False: it has ended already.
  bool leave() { return owner_.finished(*this); }
  const requester& from() const { return from_; }
  std::chrono::milliseconds time_left() const {
    return timeout_ - std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::microseconds{elapsed_us()});
  }
  /// Answers; more follows.
  void tell(control::Response r) { owner_.answer(from_, std::move(r)); }
  /// What a deadline without any answer says.
  error nothing_came() const;
  /// Since the message was sent.
  std::uint64_t elapsed_us() const;

  const route& to() const { return route_; }
  control_handlers& owner() { return owner_; }
  const node_context& node() const { return owner_.parts_.node; }
  switchboard& board() const { return node().board; }
  net::reactor& reactor() const { return node().reactor; }

 private:
  std::optional<error> no_way_back() const;

  control_handlers& owner_;
  requester from_;
  const std::shared_ptr<route_channels> channels_; ///< that the route goes through
  route route_;
  payload body_;
  std::chrono::milliseconds timeout_;
  std::optional<trace_context> trace_;
  std::optional<reply_address> self_; ///< from `begin` on
  clock::time_point sent_{};
  timer_queue::id deadline_ = 0;
};

} // namespace ockam
