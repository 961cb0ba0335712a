// SPDX-License-Identifier: Apache-2.0
// `trace`: where a message goes, as the nodes on its way tell.
#include "runtime/control/pending_request.hpp"
#include "runtime/core/bare.hpp"

#include <algorithm>

namespace ockam {

namespace {

/// A trace goes leg by leg: along the way to each secure channel of the route, and then through it.
///
///     hop ─ listener  ═ channel ═▶  hop ─ listener  ═ channel ═▶  service
///     └── leg 1 ────┘ └──────── leg 2 ──────────┘ └───── leg 3 ─────────┘
///
/// The hops of a way do not see what goes through the channel, so each leg is a message of its own: the listener at its end takes
/// it for what it is. A leg through a channel begins with its address, which stands for the channel.
struct trace_plan {
  std::vector<route> legs;
  std::shared_ptr<route_channels> channels; ///< that were made for it; null: none
  std::size_t at = 0;        ///< leg under way
  std::uint32_t before = 0;  ///< hops of those before it

  bool is_last() const { return at + 1 == legs.size(); }
};

constexpr std::string_view channel_kind = "secure-channel";

std::string field_of(const item_info& i, std::string_view name) {
  for (const auto& [key, value] : i.fields)
    if (key == name)
      return value;
  return {};
}

/// A channel that the node keeps, at this address.
std::optional<item_info> kept_channel(const facility_set& all, const address& a) {
  const auto* f = a.is_local() ? all.find(channel_kind) : nullptr;
  if (f)
    for (auto& i : f->list())
      if (i.name == a.name)
        return std::move(i);
  return std::nullopt;
}

/// Text, for workers that take nothing else. Over UDP a node sends somebody who has not shown to receive no more than three
/// times what came from there, and each hop has a word to say: so much lets about twenty of them.
payload traced_text() {
  constexpr std::size_t size = 1'024;
  std::string text{"trace"};
  text.resize(size, '.');
  return payload{bare::encode_string(text)};
}

} // namespace

/// A traced message. Each of our nodes that hands it to a worker sends a passage back; the route itself
/// says which hops there are, so a hop from which nothing came is one of another implementation. It is over
/// when the message has been answered, has died, or has reached the end of its route and is not answered.
class control_handlers::tracing final : public pending_request {
 public:
  tracing(control_handlers& owner, requester from, std::shared_ptr<trace_plan> plan, std::chrono::milliseconds timeout)
    : pending_request{owner, from, made_route{plan->legs[plan->at], plan->channels}, traced_text(), timeout},
      plan_{std::move(plan)} {}
  ~tracing() override { reactor().cancel(quiet_); }

 private:
  /// How long a worker at the end of the route may take to answer, at least.
  static constexpr std::chrono::milliseconds patience{500};
  /// How often a leg looks whether the channel behind it is up.
  static constexpr std::chrono::milliseconds look{20};

  void begun() override {
    if (!plan_->is_last())
      quiet_ = reactor().after(look, [this] { look_for_channel(); });
  }

  void receive(message_ptr m) override {
    const auto* r = m->header.get_report();
    if (!r)
      return plan_->is_last() ? over(control::TraceEnd::ANSWERED, nullptr) : void();
    auto number = position(*r);
    if (!r->passed)
      return over(control::TraceEnd::DIED, r);
    last_number_ = number;
    largest_ = std::max(largest_, number);
    last_hop_ = r->hop;
    control::Response out;
    auto& hop = *out.mutable_trace_hop();
    hop.set_number(plan_->before + number);
    hop.set_address(to_string(r->hop));
    hop.set_node(printable(r->node));
    hop.set_type(printable(r->detail));
    hop.set_round_trip_us(elapsed_us());
    hop.set_held_us(r->held_us);
    if (auto who = number == 1 ? identity_behind(to().front()) : std::string{}; !who.empty())
      hop.set_type(std::string{channel_kind} + " with " + who);
    tell(std::move(out));
    if (r->left == 1 && plan_->is_last() && quiet_ == 0) {
      auto wait = std::max(patience, std::chrono::milliseconds{elapsed_us() * 4 / 1000});
      quiet_ = reactor().after(wait, [this] { over(control::TraceEnd::ARRIVED, nullptr); });
    }
    arrived_ = arrived_ || r->left == 1;
  }

  void late() override { over(control::TraceEnd::SILENT, nullptr); }

  /// Who is at the other end of the channel at this address; empty: it is none, or not up.
  std::string identity_behind(const address& a) {
    if (plan_->channels)
      for (const auto& one : plan_->channels->list())
        if (one.at == a)
          return one.identity;
    auto kept = kept_channel(owner().parts_.facilities, a);
    return kept ? field_of(*kept, "their_identifier") : std::string{};
  }

  /// The next leg begins when its channel is up, and this one has been heard of; nodes of another implementation say nothing.
  void look_for_channel() {
    quiet_ = 0;
    bool heard = arrived_ || std::chrono::microseconds{elapsed_us()} > patience;
    if (!heard || identity_behind(plan_->legs[plan_->at + 1].front()).empty()) {
      quiet_ = reactor().after(look, [this] { look_for_channel(); });
      return;
    }
    plan_->before += std::max(static_cast<std::uint32_t>(to().size()), largest_); // a relay on the way has made it longer
    ++plan_->at;
    auto& all = owner();
    auto next = std::make_unique<tracing>(all, from(), plan_, std::max(time_left(), look));
    if (leave())
      all.launch(std::move(next), route_header::flag_report | route_header::flag_trace);
  }

  /// Of which hop of the leg it speaks, from 1. What was left of the route says so even where nodes of another
  /// implementation did not count; where a worker made the route longer (a relay), the count does.
  std::uint32_t position(const report& r) const {
    auto size = static_cast<std::uint32_t>(to().size());
    auto by_route = r.left <= size ? size - r.left + 1 : 1;
    if (r.passed)
      return std::max(by_route, r.index);
    return r.hop == last_hop_ ? std::max(by_route, last_number_) : std::max(by_route, last_number_ + 1);
  }

  void over(control::TraceEnd::Outcome outcome, const report* r) {
    control::Response out;
    auto& e = *out.mutable_trace_end();
    e.set_outcome(outcome);
    e.set_round_trip_us(elapsed_us());
    if (r) {
      e.set_number(plan_->before + position(*r));
      e.set_address(to_string(r->hop));
      e.set_node(printable(r->node));
      e.set_reason(std::string{to_string(r->reason)});
      e.set_detail(printable(r->detail));
    }
    end(std::move(out));
  }

  const std::shared_ptr<trace_plan> plan_;
  std::uint32_t last_number_ = 0;
  std::uint32_t largest_ = 0;
  address last_hop_;
  bool arrived_ = false;
  timer_queue::id quiet_ = 0;
};

void control_handlers::trace_route(requester from, const control::TraceRoute& m, std::chrono::milliseconds timeout) {
  auto made = route_of(m.route());
  if (!made)
    return answer(from, made.error());
  if (auto ok = has_memory(); !ok)
    return answer(from, ok.error());
  auto plan = std::make_shared<trace_plan>();
  plan->channels = made->channels;
  if (made->channels)
    for (auto& one : made->channels->list())
      plan->legs.push_back(std::move(one.way));
  plan->legs.push_back(std::move(made->to));
  launch(std::make_unique<tracing>(*this, from, std::move(plan), timeout), route_header::flag_report | route_header::flag_trace);
}

} // namespace ockam
