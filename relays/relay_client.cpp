// SPDX-License-Identifier: Apache-2.0
#include "relays/relay_client.hpp"

#include "relays/relay_protocol.hpp"
#include "runtime/core/log.hpp"
#include "runtime/workers/reply_address.hpp"
#include "runtime/workers/requests.hpp"

namespace ockam {

namespace {

using std::chrono_literals::operator""s;
using std::chrono_literals::operator""ms;

constexpr std::string_view echo_address = "echo";

/// How long an answer to a registration is waited for. A node that does not admit it says so, or says nothing.
constexpr auto patience = 5s;
/// A registration that failed is tried again: a refusal may be over soon, when its cause was a link that was still
/// there.
constexpr retry_range retry{500ms, 2'000ms};

struct ping_rule {
  std::chrono::milliseconds interval;
  unsigned most_unanswered;
};
constexpr ping_rule as_reference{10s, 3};
constexpr ping_rule among_ours{2s, 2};

} // namespace

relay_client::relay_client(const facility_context& context, relay_config c, transport* own_transport,
                           std::shared_ptr<relay_status> s, std::uint32_t seed)
  : context_{context}, config_{std::move(c)}, transport_{own_transport}, status_{std::move(s)}, retries_{retry, seed} {}

relay_client::~relay_client() { disconnect(); }

void relay_client::on_start() {
  enter(relay_state::connecting);
  if (config_.channels)
    watch_channels();
  else if (transport_)
    connect();
  else
    register_now();
}

void relay_client::on_stop() noexcept {
  if (config_.channels)
    config_.channels->watch(nullptr);
  disconnect();
  status_->state = relay_state::down;
  status_->reason = "it has ended";
}

// -- the connection of its own -----------------------------------------------------------------------

/// In routes it stands in the place of the other node's address (`beyond`).
void relay_client::connect() {
  phase_ = phase::connecting;
  connection_config c;
  c.name = connection_ = status_->connection = random_hex_128();
  c.transport = transport_->name();
  c.address = config_.way.front().name;
  c.allow = config_.allow;
  c.proxy = context_.routing.proxy;
  connector::watcher events{[this] { register_now(); }, [this](const std::string& why) { lost(why); }};
  if (auto ok = context_.connections.add(c, *transport_, std::move(events)); !ok) {
    connection_.clear();
    status_->connection.clear();
    failed(ok.error().cause);
  }
}

/// What they tell, they may tell from within a call of this.
void relay_client::watch_channels() {
  phase_ = phase::connecting;
  config_.channels->watch([this, box = my_postbox()](bool is_up, const std::string& why) {
    (void)box.post([this, is_up, why] { is_up ? register_now() : lost(why); });
  });
}

void relay_client::disconnect() {
  if (!connection_.empty())
    (void)context_.connections.remove(*transport_, std::exchange(connection_, {}));
  status_->connection.clear();
}

/// Somebody may have ended it by hand.
bool relay_client::has_connection() const {
  return !connection_.empty() && context_.node.board.find(address{connection_});
}

void relay_client::lost(const std::string& why) {
  phase_ = phase::connecting;
  cancel_timer(std::exchange(timer_, 0));
  enter(relay_state::down, why);
}

// -- registration ------------------------------------------------------------------------------------

/// The way to the other node, and these workers there.
route relay_client::beyond(std::string_view first, std::string_view second) const {
  auto to = config_.way;
  if (!connection_.empty())
    to.front() = address{connection_};
  to.emplace_back(std::string{first});
  if (!second.empty())
    to.emplace_back(std::string{second});
  return to;
}

void relay_client::register_now() {
  phase_ = phase::registering;
  send_to(beyond(relay_service_alias), text_payload(config_.relay_address));
  in(patience);
}

/// With this worker as the return address, and the wish to hear if it does not arrive.
void relay_client::send_to(const route& to, payload body) {
  auto m = make_message(to, self(), std::move(body));
  m->header.flags(route_header::flag_report);
  m->held = credit{context_.node.local_budget, m->footprint()};
  admit_answers(context_.node.board, self(), to.front());
  deliver(std::move(m));
}

void relay_client::registered(route forwarding, bool by_another_implementation) {
  phase_ = phase::registered;
  both_ours_ = !by_another_implementation;
  remote_ = forwarding.back().name;
  retries_.reset();
  echo_ = {random_ping_number()};
  through_ = {~echo_.number};
  auto& i = *status_;
  ++i.registrations;
  i.remote_address = remote_;
  i.forwarding_route = std::move(forwarding);
  i.flow_control_id =
    context_.node.board.flows().text(flow_of_answers(context_.node.board, i.forwarding_route.front()));
  enter(relay_state::up);
  send_pings();
}

/// Not registered, or no longer: after a while, again.
void relay_client::failed(const std::string& why) {
  phase_ = phase::waiting;
  enter(relay_state::down, why);
  in(retries_.next());
}

// -- what comes --------------------------------------------------------------------------------------

void relay_client::on_message(message_ptr m) {
  if (const auto* r = m->header.get_report())
    return on_report(*r);
  if (phase_ == phase::registering) {
    auto remote = read_relay_reply(m->bytes(), config_.relay_address);
    if (auto from = m->header.return_route(); remote && !from.empty() && from.back() == address{*remote})
      registered(std::move(from), m->foreign);
  } else if (auto number = read_ping(m->bytes())) {
    on_ping(*number);
  }
}

void relay_client::on_ping(std::uint64_t number) {
  if (number == echo_.number)
    echo_.unanswered = 0;
  if (number == through_.number) {
    through_.unanswered = 0;
    if (phase_ == phase::taken_over) {
      phase_ = phase::registered;
      enter(relay_state::up);
    }
  }
}

/// Of what was sent: which hop was not reached says what that was.
void relay_client::on_report(const report& r) {
  if (phase_ == phase::registering)
    return failed(to_error(r).cause);
  if (phase_ != phase::registered && phase_ != phase::taken_over)
    return; // about what was sent before
  bool is_there = r.reason == drop_reason::refused || r.reason == drop_reason::unknown_worker;
  if (is_there && r.hop.name == echo_address) {
    echo_.unanswered = 0;
  } else if (is_there && r.hop == self()) {
    taken_over("another node has registered this name");
  } else if (is_there && r.hop.name == remote_) {
    enter(relay_state::connecting, "the relay node has it no more");
    register_now();
  } else if (r.hop.name != remote_) { // otherwise the relay still has the link of before: its pings will tell
    failed(to_error(r).cause);
  }
}

/// It is not fought for: who registers last has the name. The pings go on, and tell when that one is gone.
void relay_client::taken_over(const std::string& why) {
  if (std::exchange(phase_, phase::taken_over) != phase::taken_over)
    enter(relay_state::down, why);
}

// -- time --------------------------------------------------------------------------------------------

void relay_client::in(std::chrono::milliseconds delay) {
  cancel_timer(timer_);
  timer_ = set_timer(delay);
}

void relay_client::on_timer(std::uint64_t timer) {
  if (timer != timer_)
    return;
  timer_ = 0;
  switch (phase_) {
    case phase::connecting: break;
    case phase::registering:
      return failed("no answer to the registration: does the listener there admit " + std::string{relay_service_address}
                    + "?");
    case phase::waiting: return transport_ && !has_connection() ? connect() : register_now();
    case phase::registered:
    case phase::taken_over: return send_pings();
  }
}

void relay_client::send_pings() {
  const auto& rule = both_ours_ ? among_ours : as_reference;
  if (echo_.unanswered >= rule.most_unanswered)
    return not_answered();
  ++echo_.unanswered;
  send_to(beyond(echo_address), ping_payload(echo_.number));
  if (both_ours_) {
    if (through_.unanswered >= rule.most_unanswered)
      taken_over("what is sent to the relay does not come here: has another node registered this name?");
    ++through_.unanswered;
    send_to(beyond(remote_, self().name), ping_payload(through_.number));
  }
  in(rule.interval);
}

void relay_client::not_answered() {
  const std::string why = "the relay node does not answer";
  if (config_.channels) {
    lost(why);
    return config_.channels->renew(why);
  }
  if (!transport_)
    return failed(why);
  enter(relay_state::down, why);
  disconnect();
  connect();
}

void relay_client::enter(relay_state s, const std::string& why) {
  auto& i = *status_;
  bool is_news = i.state != s || i.reason != why;
  if (i.state != s)
    i.since = context_.node.reactor.now();
  i.state = s;
  i.reason = why;
  i.has_failed = i.has_failed || s == relay_state::down;
  if (s == relay_state::up)
    log(level::info, "relay", "relay " + config_.name + " is up: 0#" + printable(remote_) + " at " + config_.at);
  else if (s == relay_state::down)
    log(is_news ? level::warn : level::debug, "relay", "relay " + config_.name + " is down: " + why);
  if (i.is_settled())
    i.waiting.settle();
}

} // namespace ockam
