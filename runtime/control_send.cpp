// SPDX-License-Identifier: Apache-2.0
// `message send`: a message that starts in this node for the command line, and its reply.
#include "runtime/control_handlers.hpp"

#include "runtime/core/multiaddr.hpp"
#include "runtime/requests.hpp"

#include <algorithm>

namespace ockam {

/// A message on its way:
///
///     connecting (only when the route begins with a transport address) ─▶ waiting ─▶ answered
///          └──── error ────────────────────────────────────────────────────┴─ report, deadline
class control_handlers::sending final : public receiver {
 public:
  sending(control_handlers& owner, asker from, route to, payload body, std::chrono::milliseconds timeout)
    : owner_{owner}, from_{from}, route_{std::move(to)}, body_{std::move(body)}, timeout_{timeout} {}

  ~sending() {
    *alive_ = false;
    auto& n = owner_.node_;
    n.hosts.reactor().cancel(deadline_);
    if (registered_)
      n.hosts.board().remove(self_);
    if (!link_.empty())
      (void)transport_->close_link(link_);
  }

  std::uint64_t session() const { return from_.session; }

  void begin() {
    deadline_ = owner_.node_.hosts.reactor().after(timeout_, [this] {
      end(error{errc::timed_out, "no reply within " + std::to_string(timeout_.count()) + " ms",
                "a node of another make does not say when a worker is missing: check the route, or give more --timeout"});
    });
    if (route_.front().is_local())
      return dispatch();
    connect();
  }

 private:
  void connect() {
    auto& first = route_.front();
    if (first.type != transport_type::tcp)
      return end(error{errc::unsupported, "this node cannot connect to " + to_string(first), "supported: tcp"});
    auto t = find_transport(owner_.node_, "tcp");
    if (!t)
      return end(t.error());
    transport_ = *t;
    connect_options o;
    o.timeout = timeout_;
    transport_->connect(first.name, std::move(o), [this, alive = alive_, t = transport_](result<link_info> l) {
      if (!*alive) { // the deadline or the client was faster
        if (l)
          (void)t->close_link(l->worker_address);
        return;
      }
      if (!l)
        return end(l.error());
      link_ = l->worker_address;
      route_.front() = address{link_};
      dispatch();
    });
  }

  void dispatch() {
    auto& board = owner_.node_.hosts.board();
    worker_entry e;
    e.target = this;
    e.type = "reply";
    e.internal = true;
    // The reply comes in through the link that the route leaves by (protocol §8.1).
    if (auto* first = board.find(route_.front()); first && first->producer != 0)
      e.consumer_of.push_back(first->producer);
    if (auto ok = board.add(self_, std::move(e)); !ok)
      return end(ok.error());
    registered_ = true;
    auto m = make_message(route_, self_, std::move(body_));
    m->header.flags(route_header::flag_report);
    m->held = credit{owner_.node_.local_budget, m->footprint()};
    board.deliver(std::move(m));
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
  transport* transport_ = nullptr;
  std::string link_; ///< the link made for this message
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
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
