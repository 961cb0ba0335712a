// SPDX-License-Identifier: Apache-2.0
#include "runtime/workers/requests.hpp"

#include "runtime/workers/reply_address.hpp"

#include <memory>
#include <utility>

namespace ockam {

/// Leaves the list before its end is told, so that it ends once.
class request_table::pending final : public receiver {
 public:
  pending(request_table& owner, host_id who, std::uint64_t which, address_view first_hop)
    : from{who}, number{which}, self{owner.board_, *this, first_hop}, owner_{owner} {}
  ~pending() { owner_.reactor_.cancel(deadline); }

  void receive(message_ptr m) override { owner_.end(*this, std::move(m), errc::ok); }
  void failed(std::string_view) noexcept override {}

  const host_id from;
  const std::uint64_t number;
  const reply_address self;
  timer_queue::id deadline = 0;
  pending* before = nullptr;
  pending* after = nullptr;

 private:
  request_table& owner_;
};

request_table::request_table(switchboard& board, net::reactor& reactor, finished done)
  : board_{board}, reactor_{reactor}, done_{std::move(done)} {}

request_table::~request_table() { clear(); }

void request_table::open(message_ptr m, host_id from, std::uint64_t number, std::chrono::milliseconds timeout,
                         const access_control* sender) {
  if (count_ >= most) {
    reactor_.post([this, from, number] { done_(from, number, nullptr, errc::limit_reached); });
    return;
  }
  auto& p = *new pending{*this, from, number, m->header.onward_empty() ? address_view{} : m->header.next()};
  p.after = std::exchange(pending_, &p);
  if (p.after)
    p.after->before = &p;
  ++count_;
  p.deadline = reactor_.after(timeout, [this, &p] { end(p, nullptr, errc::timed_out); });
  m->header.push_return(p.self.get());
  if (sender)
    board_.deliver(std::move(m), *sender);
  else
    board_.deliver(std::move(m));
}

void request_table::unlink(pending& p) noexcept {
  (p.before ? p.before->after : pending_) = p.after;
  if (p.after)
    p.after->before = p.before;
  --count_;
}

void request_table::end(pending& p, message_ptr reply, errc why) {
  unlink(p);
  std::unique_ptr<pending> last{&p}; // it is inside one of its own calls
  done_(p.from, p.number, std::move(reply), why);
}

void request_table::clear() {
  while (pending_) {
    std::unique_ptr<pending> one{pending_};
    unlink(*one);
  }
}

result<message_ptr> to_result(message_ptr reply, errc why) {
  if (!reply && why == errc::limit_reached)
    return error{why, "too many requests of this node are waiting for a reply", {}};
  if (!reply)
    return error{why, "no reply in time", "the worker may take longer, or answer nothing; a node of another implementation does not say when one is missing"};
  if (const auto* bad = reply->header.get_report())
    return to_error(*bad);
  return result<message_ptr>{std::move(reply)};
}

error to_error(const report& r) {
  auto where = " at " + to_string(r.hop) + " on node " + printable(r.node);
  auto detail = r.detail.empty() ? std::string{} : ": " + printable(r.detail);
  if (r.reason == drop_reason::service_error)
    return {errc::service_failed, "the service" + where + " answered with an error" + detail, {}};
  if (r.reason == drop_reason::worker_failed)
    return {errc::service_failed, "the service" + where + " failed" + detail, // why is for who may read the log
            "the log of node " + printable(r.node) + " says why: ockam node logs " + printable(r.node)};
  if (r.reason == drop_reason::unknown_worker)
    return {errc::undeliverable, "there is no worker" + where,
            "see the workers with: ockam worker list --at " + printable(r.node)};
  if (r.reason == drop_reason::refused)
    return {errc::undeliverable,
            (r.node.empty() ? "a node on the way" : "node " + printable(r.node)) + " does not let this peer reach " + to_string(r.hop),
            "flow control: its operator admits peers by the key allow of a listener, or by: ockam flow-control add-consumer"};
  if (r.reason == drop_reason::unreachable)
    return {errc::unreachable, "node " + printable(r.node) + " cannot connect to " + to_string(r.hop) + detail,
            "is that the address of a node's listener, and is it running?"};
  if (r.reason == drop_reason::dial_refused)
    return {errc::undeliverable, "node " + printable(r.node) + " does not connect to " + to_string(r.hop) + detail,
            "its operator allows it with dial-allow or dial in the section [routing]"};
  return {errc::undeliverable, "the message ended" + where + ": " + std::string{to_string(r.reason)} + detail, {}};
}

} // namespace ockam
