// SPDX-License-Identifier: Apache-2.0
#include "runtime/workers/worker.hpp"

#include "runtime/core/message_span.hpp"
#include "runtime/core/provenance.hpp"
#include "runtime/core/switchboard.hpp"
#include "runtime/workers/requests.hpp"
#include "runtime/workers/worker_host.hpp"
#include "runtime/core/log.hpp"

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace ockam {

// -- worker: what it may do ---------------------------------------------------------------------------

namespace {

/// What the public members cannot use is the error of the worker that calls them: see `worker`.
[[noreturn]] void misused(std::string_view member, std::string_view how) {
  throw std::invalid_argument{std::string{member} + ": " + std::string{how}};
}

void check(const message_ptr& m, std::string_view member) {
  if (!m) [[unlikely]]
    misused(member, "there is no message; it is null, or was answered or passed on before");
}

void check(const route& onward, std::string_view member) {
  if (onward.size() > max_route_hops)
    misused(member, "a route of " + std::to_string(onward.size()) + " hops; there may be " + std::to_string(max_route_hops));
  for (const auto& a : onward)
    if (a.name.size() > max_name_length)
      misused(member, "a name of " + std::to_string(a.name.size()) + " bytes; there may be " + std::to_string(max_name_length));
}

/// Not longer than can be added to now.
std::chrono::milliseconds bounded(std::chrono::milliseconds d) {
  constexpr std::chrono::milliseconds longest = std::chrono::hours{24 * 365};
  return std::clamp(d, std::chrono::milliseconds{0}, longest);
}

} // namespace

worker_host& worker::host() const {
  if (!host_)
    throw std::logic_error{"a worker has no address in its constructor: do this in on_start"};
  return *host_;
}

const address& worker::self() const {
  return host().self();
}

std::string_view worker::node_name() const {
  return host().node_name();
}

void worker::reply(message_ptr request) {
  if (!host().has_turn("reply"))
    return;
  check(request, "reply");
  request->header.make_reply(self());
  message_span::answered(*request);
  provenance::answer(*request);
  host().pass_on(std::move(request));
}

void worker::reply(message_ptr request, payload body) {
  check(request, "reply");
  request->body = std::move(body);
  request->recharge();
  reply(std::move(request));
}

void worker::reply_from_budget(message_ptr request) {
  if (!host().has_turn("reply_from_budget"))
    return;
  check(request, "reply_from_budget");
  constexpr auto toll = route_header::answer_toll;
  auto left = request->header.hop_budget();
  request->header.make_reply(self());
  request->header.hop_budget(left > toll ? left - toll : 0);
  message_span::answered(*request);
  provenance::answer(*request);
  host().pass_on(std::move(request));
}

void worker::reply_from_budget(message_ptr request, payload body) {
  check(request, "reply_from_budget");
  request->body = std::move(body);
  request->recharge();
  reply_from_budget(std::move(request));
}

void worker::compute_reply(message_ptr request, computation work) {
  if (!host().has_turn("compute_reply"))
    return;
  check(request, "compute_reply");
  if (!work)
    misused("compute_reply", "the computation is empty");
  host().compute(std::move(request), std::move(work));
}

bool worker::is_computing_for(const message& m) const {
  return host().is_computing_for(m);
}

void worker::reply_text(message_ptr request, std::string_view text) {
  reply(std::move(request), text_payload(text));
}

void worker::reply_error(message_ptr request, std::string_view detail, payload body) {
  if (!host().has_turn("reply_error"))
    return;
  check(request, "reply_error");
  if (request->header.wants_report())
    return host().drop(std::move(request), drop_reason::service_error, detail);
  host().stats().failed.fetch_add(1, std::memory_order_relaxed);
  message_span::failed(*request, drop_reason::service_error, detail);
  reply_from_budget(std::move(request), std::move(body));
}

void worker::reply_error(message_ptr request, std::string_view detail) {
  reply_error(std::move(request), detail, text_payload(detail));
}

void worker::forward(message_ptr m) {
  if (!host().has_turn("forward"))
    return;
  check(m, "forward");
  if (m->header.onward_empty()) [[unlikely]]
    misused("forward", "the onward route is empty; it begins with the address of this worker");
  m->header.pop_onward();
  m->header.push_return(self());
  message_span::passed_on(*m);
  provenance::pass_on(*m);
  host().pass_on(std::move(m));
}

void worker::deliver(message_ptr m) {
  if (!host().has_turn("deliver"))
    return;
  check(m, "deliver");
  std::size_t onward = 0, back = 0;
  m->header.each_onward([&](address_view) { ++onward; });
  m->header.each_return([&](address_view) { ++back; });
  if (std::max(onward, back) > max_route_hops)
    misused("deliver", "a route of " + std::to_string(std::max(onward, back)) + " hops; there may be " + std::to_string(max_route_hops));
  message_span::passed_on(*m);
  provenance::pass_on(*m);
  m->recharge();
  host().pass_on(std::move(m));
}

void worker::drop(message_ptr m, drop_reason why, std::string_view detail) {
  if (!host().has_turn("drop"))
    return;
  check(m, "drop");
  if (why == drop_reason::none || static_cast<std::size_t>(why) >= drop_reason_count)
    misused("drop", "there is no such reason");
  host().drop(std::move(m), why, detail);
}

void worker::send(const route& onward, payload body) {
  if (!host().has_turn("send"))
    return;
  check(onward, "send");
  host().send(make_message(onward, self(), std::move(body)));
}

void worker::request(const route& onward, payload body, std::chrono::milliseconds timeout, reply_handler then) {
  if (!host().has_turn("request"))
    return;
  check(onward, "request");
  if (!then)
    misused("request", "the handler is empty; send awaits no reply");
  // The reply address is made where the switchboard is: one for each request, as in the reference.
  auto m = std::make_unique<message>();
  for (const auto& a : onward)
    m->header.append_onward(a);
  m->header.flags(route_header::flag_report);
  m->body = std::move(body);
  host().request(std::move(m), bounded(timeout), std::move(then));
}

std::uint64_t worker::set_timer(std::chrono::milliseconds delay) {
  if (!host().has_turn("set_timer"))
    return 0;
  return host().set_timer(bounded(delay));
}

void worker::cancel_timer(std::uint64_t timer) {
  if (!host().has_turn("cancel_timer"))
    return;
  host().cancel_timer(timer);
}

postbox worker::my_postbox() {
  if (!host().has_turn("my_postbox"))
    return worker_host::closed_box();
  return host().box();
}

std::atomic<std::uint64_t>& worker::counter(std::string_view name) {
  return host().stats().counter(name);
}

void worker::log_debug(std::string_view line) const {
  log(level::debug, to_string(self()), line);
}

void worker::log_info(std::string_view line) const {
  log(level::info, to_string(self()), line);
}

void worker::log_warning(std::string_view line) const {
  log(level::warn, to_string(self()), line);
}

void worker::log_error(std::string_view line) const {
  log(level::error, to_string(self()), line);
}

void worker::stop() {
  if (!host().has_turn("stop"))
    return;
  host().stop();
}

bool postbox::post(unique_function<void()> task) const {
  if (!state_) // moved from
    return false;
  std::lock_guard guard{state_->lock};
  if (!state_->host)
    return false;
  state_->host->post([box = state_, task = std::move(task)]() mutable {
    // On the worker's thread, where boxes are closed: it stays as it is seen here.
    worker_host* host = nullptr;
    {
      std::lock_guard look{box->lock};
      host = box->host;
    }
    if (host)
      host->run_posted(task);
  });
  return true;
}

// -- worker_host: what both kinds do alike ------------------------------------------------------------

worker_host::worker_host(address self, const std::string& node_name, ledger* node_budget, watchdog* dog, worker_thread where, origin from)
  : self_{std::move(self)}, node_name_{node_name}, node_budget_{node_budget}, dog_{dog}, from_{std::move(from)},
    on_pool_{where == worker_thread::pool} {
  if (from_.restart != restart_policy::never)
    backoff_ = std::make_unique<restart_backoff>();
}

worker_host::~worker_host() {
  if (dog_)
    dog_->forget();
  retire();
  extras_.reset(); // before the account that it counts in
}

result<void> worker_host::begin() {
  leaving_ = false;
  waiting_ = false;
  auto ok = make_worker();
  if (!ok)
    abandon();
  else if (backoff_)
    backoff_->started(restart_backoff::clock::now());
  else
    from_.make.reset(); // there may be very many workers
  return ok;
}

void worker_host::begin_again() {
  if (auto ok = begin(); !ok) {
    log(level::error, "worker", to_string(self_) + " was not started again: " + ok.error().cause);
    go_on(std::move(ok).error());
  }
}

void worker_host::fail(const std::string& what) noexcept {
  log(level::error, "worker", to_string(self_) + " failed: " + what);
  stats_->failed.fetch_add(1, std::memory_order_relaxed);
  end();
  go_on({errc::service_failed, what, {}});
}

void worker_host::go_on(error why) noexcept {
  bool again = why.code == errc::ok ? comes_back() : backoff_ != nullptr;
  if (!again)
    return finish(std::move(why));
  stats_->restarts.fetch_add(1, std::memory_order_relaxed);
  waiting_ = true;
  tell_of_end(why);
  begin_again_in(backoff_->next(restart_backoff::clock::now()));
}

result<void> worker_host::make_worker() {
  auto made = result<std::unique_ptr<worker>>{nullptr};
  auto what = run([&] {
    made = (*from_.make)();
    if (made && !*made)
      made = error{errc::internal, "its factory made none", {}};
    if (made) {
      (*made)->host_ = this;
      retired_ = false;
      worker_ = std::move(*made);
      worker_->on_start();
    }
  });
  if (!made)
    return std::move(made).error();
  if (what) {
    end_of_worker(false);
    return error{errc::service_failed, *what, {}};
  }
  return {};
}

void worker_host::end() noexcept {
  end_of_worker(true);
}

void worker_host::end_of_worker(bool is_told) noexcept {
  give_up();
  auto w = std::move(worker_);
  if (!w)
    return;
  if (is_told)
    w->on_stop();
  if (extras_)
    extras_->trace.reset();
  give_up(); // what it has begun meanwhile
  w.reset();
  give_up();
  if (extras_ && std::exchange(extras_->has_children, false))
    stop_children();
}

void worker_host::leave_now() noexcept {
  if (extras_ && extras_->failure)
    return fail(*std::exchange(extras_->failure, std::nullopt));
  end();
  go_on({errc::ok, {}, {}});
}

void worker_host::fail_after_call(std::string why) {
  auto& failure = more().failure;
  if (!failure)
    failure = std::move(why);
  leaving_ = true;
}

void worker_host::leave_behind(std::string what, holding counts) {
  more().left = std::move(what);
  extras_->left_counts = std::move(counts);
}

void worker_host::give_up() noexcept {
  abandon();
  retire();
}

worker_host::extras& worker_host::more() {
  if (!extras_)
    extras_ = std::make_unique<extras>();
  return *extras_;
}

std::optional<std::string> worker_host::charge(message& m) {
  if (budget())
    return admit(m) ? std::nullopt : std::optional{budget()->full()};
  if (!node_budget_)
    return std::nullopt;
  if (!node_budget_->open())
    return "the node's memory for messages is full";
  m.held = credit{*node_budget_, m.footprint()};
  return std::nullopt;
}

bool worker_host::collect_garbage() noexcept {
  auto* w = dynamic_cast<collects_garbage*>(worker_.get());
  if (w)
    w->collect_garbage();
  return w != nullptr;
}

void worker_host::send(message_ptr m) {
  add_trace(*m);
  if (auto full = charge(*m))
    return refuse(std::move(m), *full);
  deliver(std::move(m));
}

result<void> worker_host::try_send(message_ptr m) {
  add_trace(*m);
  if (auto full = charge(*m))
    return error{errc::limit_reached, std::move(*full), {}};
  deliver(std::move(m));
  return {};
}

/// Nobody pays for what it has, which would live until the end of the call: a loop that sends could fill all memory.
void worker_host::refuse(message_ptr m, std::string_view why) {
  m->header = {};
  m->body = {};
  drop(std::move(m), drop_reason::congested, why);
}

void worker_host::drop(message_ptr m, drop_reason why, std::string_view detail) {
  if (why == drop_reason::service_error)
    stats_->failed.fetch_add(1, std::memory_order_relaxed);
  m->held.give_back();
  end_message(std::move(m), why, detail);
}

void worker_host::request(message_ptr m, std::chrono::milliseconds timeout, reply_handler then) {
  auto& x = more();
  auto number = ++x.last_request;
  auto asked = begin_request(*m, std::move(then));
  auto refused = x.requests.size() < most_requests
                   ? charge(*m)
                   : std::optional{"the worker has " + std::to_string(most_requests) + " requests under way"};
  x.requests.emplace(number, std::move(asked));
  if (!refused)
    return open_request(std::move(m), number, timeout);
  refuse(std::move(m), *refused);
  // Later, as the handler expects it; the box keeps this from being called when the worker has ended.
  box().post([this, number, why = std::move(*refused)] { outcome(number, error{errc::limit_reached, why, {}}); });
}

void worker_host::answer_computed(message_ptr m, result<payload> body) {
  if (!worker_) // asked for in `on_stop`
    end_message(std::move(m), drop_reason::worker_failed, "it has ended");
  else if (body)
    worker_->reply_from_budget(std::move(m), std::move(*body));
  else
    drop(std::move(m), drop_reason::service_error, body.error().cause);
}

void worker_host::outcome(std::uint64_t number, message_ptr reply, errc why) {
  struct reported {
    worker_host& host;
    ~reported() { host.reported_ = drop_reason::none; }
  } for_now{*this};
  if (const auto* r = reply ? reply->header.get_report() : nullptr)
    reported_ = r->reason;
  outcome(number, to_result(std::move(reply), why));
}

void worker_host::outcome(std::uint64_t number, result<message_ptr> r) {
  if (!extras_)
    return;
  auto it = extras_->requests.find(number);
  if (it == extras_->requests.end())
    return;
  auto asked = std::move(it->second);
  extras_->requests.erase(it);
  if (r && !admit(**r)) {
    end_message(std::move(*r), drop_reason::congested, budget()->full());
    r = error{errc::limit_reached, "the reply was dropped: " + budget()->full(), {}};
  }
  if (asked.span && !r)
    asked.span->failed(to_string(r.error().code), r.error().cause);
  asked.span.reset();
  within_trace of{*this, asked.trace.get()};
  asked.then(std::move(r));
}

bool worker_host::has_turn(std::string_view member) {
  if (!on_pool_ || has_turn_ == this)
    return true;
  post([this, what = std::string{member} + ": called on a thread that is not the worker's, for which there is my_postbox"] {
    unique_function<void()> fail_there{[&] { throw std::logic_error{what}; }};
    if (worker_)
      run_posted(fail_there);
  });
  return false;
}

postbox worker_host::box() {
  auto& x = more();
  if (!x.box) {
    x.box = std::make_shared<postbox::state>();
    x.box->host = retired_ ? nullptr : this;
  }
  return postbox{x.box};
}

void worker_host::retire() noexcept {
  retired_ = true;
  if (!extras_)
    return;
  if (auto box = std::move(extras_->box)) {
    std::lock_guard guard{box->lock};
    box->host = nullptr;
  }
  // What the handlers hold may have destructors that call anything: not while the table is being walked.
  auto given_up = std::exchange(extras_->requests, {});
  for (auto& [number, asked] : given_up)
    if (asked.span)
      asked.span->failed(to_string(errc::closed), "its worker has ended");
}

} // namespace ockam
