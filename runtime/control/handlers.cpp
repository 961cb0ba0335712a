// SPDX-License-Identifier: Apache-2.0
#include "runtime/control/handlers.hpp"

#include "runtime/control/pending_request.hpp"
#include "runtime/control/render.hpp"
#include "runtime/core/multiaddr.hpp"

#include <algorithm>

namespace ockam {

namespace {

constexpr std::chrono::milliseconds default_timeout{10'000};

/// More answers to the same request follow.
bool has_more(const control::Response& r) {
  return r.has_trace_hop() || (r.has_bench_report() && !r.bench_report().end());
}

} // namespace

// Here, where `pending_request` is complete.
control_handlers::control_handlers(live_parts n, stop_desk& stopping, responder& out) : parts_{n}, stopping_{stopping}, out_{out} {}

control_handlers::~control_handlers() = default;

address control_handlers::as_address(std::string_view text) {
  for (std::string_view prefix : {"/worker/", "/service/", "0#"})
    if (text.starts_with(prefix))
      return address{std::string{text.substr(prefix.size())}};
  return address{std::string{text}};
}

// -- answers -----------------------------------------------------------------------------------------

void control_handlers::answer(requester to, control::Response r) {
  r.set_id(to.request);
  if (auto it = unanswered_.find({to.session, to.request}); it != unanswered_.end() && !has_more(r))
    unanswered_.erase(it);
  stopping_.under_way = unanswered_.size();
  out_.respond(to.session, r);
}

void control_handlers::answer(requester to, const error& e) {
  control::Response r;
  render(*r.mutable_error(), e);
  answer(to, std::move(r));
}

void control_handlers::done(requester to) {
  control::Response r;
  r.mutable_done();
  answer(to, std::move(r));
}

void control_handlers::answer(requester to, const result<void>& r) {
  if (r)
    done(to);
  else
    answer(to, r.error());
}

void control_handlers::keep(config_section s, std::string handle, requester to, control::Response r, std::function<void()> undo) {
  parts_.sections.began(std::move(s), std::move(handle), [this, to, r = std::move(r), undo = std::move(undo)](result<void> kept) {
    if (kept)
      return answer(to, r);
    undo();
    answer(to, kept.error());
  });
}

void control_handlers::let_go(const std::string& kind, const std::string& handle, requester to) {
  parts_.sections.ended(kind, handle, [this, to](result<void> kept) { answer(to, kept); });
}

// -- requests ----------------------------------------------------------------------------------------

void control_handlers::handle(std::uint64_t session, control::Request r) {
  requester from{session, r.id()};
  unanswered_.insert({from.session, from.request});
  stopping_.under_way = unanswered_.size();
  auto body = r.body_case();
  if (stopping_.closed && body != control::Request::kShowNode && body != control::Request::kStopNode)
    return answer(from, error{errc::closed, "node " + parts_.node.board.node_name() + " is stopping, it begins nothing new", {}});
  auto timeout = r.timeout_ms() == 0 ? default_timeout : std::chrono::milliseconds{r.timeout_ms()};
  begin(from, std::move(r), timeout);
}

void control_handlers::begin(requester from, control::Request r, std::chrono::milliseconds timeout) {
  switch (r.body_case()) {
    case control::Request::kShowNode: return show_node(from);
    case control::Request::kStopNode: return stop_node(from, r.stop_node());
    case control::Request::kSendMessage: return send_message(from, std::move(*r.mutable_send_message()), timeout);
    case control::Request::kTraceRoute: return trace_route(from, r.trace_route(), timeout);
    case control::Request::kBenchRoute: return bench_route(from, r.bench_route());
    case control::Request::kStartService: return start_service(from, r.start_service(), timeout);
    case control::Request::kStopService: return stop_service(from, r.stop_service());
    case control::Request::kListServices: return list_services(from);
    case control::Request::kListWorkers: return list_workers(from, r.list_workers());
    case control::Request::kShowWorker: return show_worker(from, r.show_worker());
    case control::Request::kCreateListener: return create_listener(from, r.create_listener());
    case control::Request::kListListeners: return list_listeners(from, r.list_listeners().transport());
    case control::Request::kDeleteListener:
      return delete_one(from, r.delete_listener().transport(), r.delete_listener().address(), &control_handlers::close_listener, "-listener");
    case control::Request::kCreateConnection: return create_connection(from, r.create_connection(), timeout);
    case control::Request::kListConnections: return list_connections(from, r.list_connections().transport());
    case control::Request::kDeleteConnection:
      return delete_one(from, r.delete_connection().transport(), r.delete_connection().address(), &control_handlers::close_connection, "-connection");
    case control::Request::kCreateItem: return create_item(from, r.create_item());
    case control::Request::kListItems: return list_items(from, r.list_items());
    case control::Request::kDeleteItem: return delete_item(from, r.delete_item());
    case control::Request::kCompareConfig: return compare_config(from);
    case control::Request::kAddConsumer: return add_consumer(from, r.add_consumer());
    case control::Request::BODY_NOT_SET: break;
  }
  parts_.node.board.refused().add(refusal::bad_request);
  answer(from, error{errc::unsupported, "this node does not know that request", "is the command line newer than the node?"});
}

void control_handlers::stop_node(requester from, const control::StopNode& m) {
  auto within = m.has_grace_ms() ? std::optional{std::chrono::milliseconds{m.grace_ms()}} : std::nullopt;
  unanswered_.erase(unanswered_.find({from.session, from.request})); // it does not wait for itself
  stopping_.under_way = unanswered_.size();
  auto notice = stopping_.ask(within);
  control::Response r;
  r.mutable_stopping()->set_within_ms(static_cast<std::uint32_t>(notice.within.count()));
  r.mutable_stopping()->set_waits(notice.waits);
  answer(from, std::move(r));
}

void control_handlers::compare_config(requester from) {
  parts_.sections.compare([this, from, here = std::weak_ptr{here_}](result<config_comparison> compared) {
    if (here.expired())
      return;
    if (!compared)
      return answer(from, compared.error());
    control::Response r;
    render(*r.mutable_config_comparison(), *compared);
    answer(from, std::move(r));
  });
}

void control_handlers::show_node(requester from) {
  control::Response r;
  render(*r.mutable_node(), take_snapshot(parts_));
  answer(from, std::move(r));
}

std::string control_handlers::who_does_not_return(const route& r) const {
  auto overdue = parts_.node.workers.overdue();
  for (const auto& a : r) {
    if (!parts_.node.board.find(a))
      break; // of another node
    for (const auto& w : overdue)
      if (w.address == to_string(a))
        return "worker " + printable(w.address) + " has not returned for " + std::to_string(w.busy.count() / 1000) + " s";
  }
  return {};
}

result<made_route> control_handlers::route_of(const std::string& text) const {
  auto parsed = parse_multiaddr(text);
  if (!parsed)
    return std::move(parsed).error();
  auto to = parts_.routes(*parsed, {});
  if (to && to->to.empty())
    return error{errc::invalid_route, "the route is empty: it names no worker", "for example /service/echo"};
  return to;
}

} // namespace ockam
