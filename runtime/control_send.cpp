// SPDX-License-Identifier: Apache-2.0
// `message send`: a message that starts in this node for the command line, and its reply.
#include "runtime/control_handlers.hpp"

#include "runtime/core/multiaddr.hpp"
#include "runtime/requests.hpp"

#include <algorithm>

namespace ockam {

/// A message on its way:
///
///     waiting ─▶ answered
///        └─ report, deadline
///
/// A route that begins with the address of another node is the dialer's: it connects, or has a link.
class control_handlers::sending final : public receiver {
 public:
  sending(control_handlers& owner, asker from, route to, payload body, std::chrono::milliseconds timeout)
    : owner_{owner}, from_{from}, route_{std::move(to)}, body_{std::move(body)}, timeout_{timeout} {}

  ~sending() {
    auto& n = owner_.node_;
    n.hosts.reactor().cancel(deadline_);
    if (registered_)
      n.hosts.board().remove(self_);
  }

  std::uint64_t session() const { return from_.session; }

  void begin() {
    deadline_ = owner_.node_.hosts.reactor().after(timeout_, [this] {
      auto within = " within " + std::to_string(timeout_.count()) + " ms";
      if (owner_.node_.dial.dialling(route_.front()))
        return end(error{errc::timed_out, "no connection to " + route_.front().name + within, "does the peer answer? is the address right?"});
      end(error{errc::timed_out, "no reply" + within,
                "a node of another make does not say when a worker is missing: check the route, or give more --timeout"});
    });
    dispatch();
  }

 private:
  void dispatch() {
    auto& board = owner_.node_.hosts.board();
    worker_entry e;
    e.target = this;
    e.type = "reply";
    e.internal = true;
    // The reply comes in through the link that the route leaves by (protocol §8.1). For a link that is yet
    // to be made, the dialer sees to it.
    if (auto* first = board.find(route_.front()); first && first->producer != 0)
      e.consumer_of.push_back(first->producer);
    if (auto ok = board.add(self_, std::move(e)); !ok)
      return end(ok.error());
    registered_ = true;
    if (auto stuck = no_way_back())
      return end(*stuck);
    auto m = make_message(route_, self_, std::move(body_));
    m->header.flags(route_header::flag_report);
    m->held = credit{owner_.node_.local_budget, m->footprint()};
    board.deliver(std::move(m));
  }

  /// An answer comes back through the hop that the route leaves by; one that serves local senders only
  /// would refuse it, and nobody would say so.
  std::optional<error> no_way_back() {
    auto& board = owner_.node_.hosts.board();
    auto* first = board.find(route_.front());
    if (route_.size() < 2 || !first || first->type != "hop")
      return {};
    auto* second = board.find(route_[1]);
    bool leaves = !route_[1].is_local() || (second && second->producer != 0);
    const auto& flows = first->consumer_of;
    if (!leaves || std::find(flows.begin(), flows.end(), owner_.node_.flows.outgoing) != flows.end())
      return {};
    return error{errc::undeliverable, "no answer could come back through " + to_string(route_.front()) + ": it serves local senders only",
                 "leave it out of the route, or start it by name: ockam service start hop"};
  }

  void receive(message_ptr m) override {
    if (const auto* r = m->header.get_report())
      return end(to_error(*r));
    control::Response answer;
    auto bytes = m->body.bytes();
    answer.mutable_reply()->set_payload(bytes.data(), bytes.size());
    if (owner_.finished(*this))
      owner_.answer(from_, std::move(answer));
  }
  void failed(std::string_view) noexcept override {}

  void end(const error& e) {
    if (owner_.finished(*this))
      owner_.answer(from_, e);
  }

  control_handlers& owner_;
  asker from_;
  route route_;
  payload body_;
  std::chrono::milliseconds timeout_;
  address self_ = random_address();
  bool registered_ = false;
  timer_queue::id deadline_ = 0;
};

// Here, where `sending` is complete.
control_handlers::control_handlers(node_services n, responder& out) : node_{std::move(n)}, out_{out} {}

control_handlers::~control_handlers() = default;

void control_handlers::send_message(asker from, control::SendMessage&& m, std::chrono::milliseconds timeout) {
  auto parsed = parse_multiaddr(m.route());
  if (!parsed)
    return answer(from, parsed.error());
  auto to = to_route(*parsed);
  if (!to)
    return answer(from, to.error());
  if (to->empty())
    return answer(from, error{errc::invalid_route, "the route is empty: it names no worker", "for example /service/echo"});
  if (m.payload().size() > node_.config.limit.max_frame)
    return answer(from, error{errc::too_large, "the message is over " + std::to_string(node_.config.limit.max_frame) + " bytes", {}});
  if (!node_.local_budget.open())
    return answer(from, error{errc::limit_reached, "the node's memory for messages is full", "see: ockam node show"});
  payload body{std::as_bytes(std::span{m.payload()})};
  under_way_.push_back(std::make_unique<sending>(*this, from, std::move(*to), std::move(body), timeout));
  under_way_.back()->begin();
}

bool control_handlers::finished(sending& s) {
  auto it = std::find_if(under_way_.begin(), under_way_.end(), [&](auto& p) { return p.get() == &s; });
  if (it == under_way_.end())
    return false;
  // It is inside one of its own calls: it goes after this event, its name and link with it.
  std::shared_ptr<sending> last{std::move(*it)};
  under_way_.erase(it);
  node_.hosts.reactor().post([last] {});
  return true;
}

void control_handlers::cancel(std::uint64_t session) {
  under_way_.remove_if([&](auto& s) { return s->session() == session; });
}

void control_handlers::cancel_all() {
  under_way_.clear();
}

} // namespace ockam
