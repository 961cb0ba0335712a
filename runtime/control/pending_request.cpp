// SPDX-License-Identifier: Apache-2.0
#include "runtime/control/pending_request.hpp"

#include "runtime/core/units.hpp"

#include <algorithm>

namespace ockam {

control_handlers::pending_request::pending_request(control_handlers& owner, requester from, made_route to, payload body, std::chrono::milliseconds timeout)
  : owner_{owner}, from_{from}, channels_{std::move(to.channels)}, route_{std::move(to.to)}, body_{std::move(body)}, timeout_{timeout} {}

control_handlers::pending_request::~pending_request() {
  reactor().cancel(deadline_);
}

void control_handlers::pending_request::begin(std::uint32_t flags) {
  deadline_ = reactor().after(timeout_, [this] { late(); });
  self_.emplace(board(), *this, route_.front());
  if (auto stuck = no_way_back())
    return end(*stuck);
  sent_ = reactor().now();
  start(flags);
}

void control_handlers::pending_request::post(payload body, std::uint32_t flags) {
  auto m = make_message(route_, self_->get(), std::move(body));
  m->header.flags(flags);
  if (trace_)
    m->header.set_trace_context(*trace_);
  m->held = credit{node().control_budget, m->footprint()};
  board().deliver(std::move(m));
  begun();
}

/// An answer comes back through the hop that the route leaves by; one that serves local senders only, or may not send to
/// them, would refuse it, and nobody would say so.
std::optional<error> control_handlers::pending_request::no_way_back() const {
  auto* first = board().find(route_.front());
  if (!first)
    return {};
  auto* second = route_.size() < 2 ? nullptr : board().find(route_[1]);
  bool leaves = route_.size() > 1 && (!route_[1].is_local() || (second && second->producer != 0));
  if (const auto* rule = first->access.get(); rule && rule->onward && !rule->onward->local && (route_.size() < 2 || rule->may_send_to(route_[1], leaves)))
    return error{errc::undeliverable, "no answer could come back from " + to_string(route_.front()) + ": its allow-to does not have local",
                 "add it, as in allow-to = local | to-n2; see: ockam worker show " + printable(route_.front().name)};
  if (route_.size() < 2 || first->type != "hop")
    return {};
  const auto& flows = first->consumer_of;
  if (!leaves || std::find(flows.begin(), flows.end(), node().flows.outgoing) != flows.end())
    return {};
  return error{errc::undeliverable, "no answer could come back through " + to_string(route_.front()) + ": it serves local senders only",
               "leave it out of the route, or start it by name: ockam service start hop"};
}

error control_handlers::pending_request::nothing_came() const {
  auto within = " within " + std::to_string(timeout_.count()) + " ms";
  if (owner_.parts_.dial.dialling(route_.front()))
    return {errc::timed_out, "no connection to " + route_.front().name + within, "does the peer answer? is the address right?"};
  if (auto why = owner_.who_does_not_return(route_); !why.empty())
    return {errc::timed_out, "no reply" + within + ": " + why, "see: ockam node show " + std::string{board().node_name()}};
  if (route_.size() == 1 && board().find(route_.front()))
    return {errc::timed_out, "no reply" + within,
            "the worker is there: it takes longer, for which there is --timeout, or it answers nothing; see: ockam worker show "
              + printable(route_.front().name)};
  return {errc::timed_out, "no reply" + within,
          "the worker may take longer, for which there is --timeout, or answer nothing; a node of another implementation does not say when "
          "one is missing: check the route"};
}

std::uint64_t control_handlers::pending_request::elapsed_us() const {
  auto d = reactor().now() - sent_;
  return static_cast<std::uint64_t>(std::chrono::ceil<std::chrono::microseconds>(d).count()); // under one is not none
}

void control_handlers::pending_request::end(control::Response r) {
  if (owner_.finished(*this))
    owner_.answer(from_, std::move(r));
}

void control_handlers::pending_request::end(const error& e) {
  if (owner_.finished(*this))
    owner_.answer(from_, e);
}

// -- control_handlers --------------------------------------------------------------------------------

result<void> control_handlers::has_memory() const {
  if (node().control_budget.open())
    return {};
  return error{errc::limit_reached, "messages of the command line that wait for replies have all the memory that they may, "
               + size_text(limits::control_budget), "wait until they have ended"};
}

void control_handlers::launch(std::unique_ptr<pending_request> p, std::uint32_t flags) {
  under_way_.push_back(std::move(p));
  under_way_.back()->begin(flags);
}

bool control_handlers::finished(pending_request& p) {
  auto it = std::find_if(under_way_.begin(), under_way_.end(), [&](auto& each) { return each.get() == &p; });
  if (it == under_way_.end())
    return false;
  // It is inside one of its own calls: it goes after this event, its name with it.
  std::shared_ptr<pending_request> last{std::move(*it)};
  under_way_.erase(it);
  parts_.node.reactor.post([last] {});
  return true;
}

void control_handlers::cancel(std::uint64_t session) {
  under_way_.remove_if([&](auto& p) { return p->session() == session; });
  std::erase_if(unanswered_, [&](auto& u) { return u.first == session; });
  stopping_.under_way = unanswered_.size();
  end_services_of(session);
}

void control_handlers::cancel_all() {
  under_way_.clear();
  unanswered_.clear();
  stopping_.under_way = 0;
  for (auto timer : std::exchange(starting_, {}))
    parts_.node.reactor.cancel(timer);
}

} // namespace ockam
