// SPDX-License-Identifier: Apache-2.0
#include "simulate/ends.hpp"

#include <algorithm>
#include <optional>

namespace ockam::simulate {

namespace {

std::uint32_t flags_of(const flow& f) {
  return (f.wants_reports ? route_header::flag_report : 0u) | (f.is_stream ? route_header::flag_stream : 0u);
}

} // namespace

// -- client --------------------------------------------------------------------------------------------

client_end::client_end(sim::network& net, sim::node& n, std::size_t node, std::string name, role part, std::string at, flows& all)
  : end{node, std::move(name)}, net_{net}, home_{n}, part_{part}, listener_{std::move(at)}, flows_{all} {
  net_.join(*this);
  dial();
}

void client_end::dial() {
  pending_ = sim::preamble;
  at_ = 0;
  in_.clear();
  greeted_ = finished_ = false;
  link_.clear();
  end_.emplace(net_.dial(listener_));
  end_->window(window_);
  net_.run();
  for (const auto& l : home_.tcp().links())
    if (l.socket_address == end_->local())
      link_ = l.worker_address;
}

void client_end::hang_up(way_out how) {
  if (!end_)
    return;
  if (how == way_out::finish) {
    end_->finish();
    finished_ = true;
    at_ = pending_.size(); // what has not gone out will not
    return;
  }
  if (how == way_out::reset)
    end_->reset();
  end_.reset();
}

void client_end::read_as(reading how, std::size_t rate) {
  how_ = how;
  rate_ = rate;
  allowance_ = 0;
}

route client_end::destination() const {
  return link_.empty() || !end_ ? route{} : route{address{link_}, address{"me"}};
}

bool client_end::send(flow& f, std::size_t size) {
  constexpr std::size_t patience = 4u << 20; // a source is slowed too
  auto way = f.way();
  if (!end_ || finished_ || way.empty() || pending_.size() - at_ > patience)
    return false;
  route_header h;
  h.append_return(address{"me"});
  for (const auto& a : way)
    h.append_onward(a);
  h.flags(flags_of(f));
  pending_.erase(0, std::exchange(at_, 0));
  pending_ += sim::frame(h, flows_.next_payload(f, size));
  return true;
}

bool client_end::step() {
  if (!end_)
    return false;
  if (end_->closed_by_peer() && end_->received() == 0) {
    end_.reset();
    return true;
  }
  bool moved = false;
  if (at_ < pending_.size()) {
    auto n = end_->offer(std::string_view{pending_}.substr(at_));
    at_ += n;
    moved = n > 0;
  }
  return take() || moved;
}

bool client_end::take() {
  auto most = how_ == reading::fast ? end_->received() : how_ == reading::slow || how_ == reading::trickle ? static_cast<std::size_t>(allowance_) : 0;
  most = std::min(most, end_->received());
  if (most == 0)
    return false;
  allowance_ -= static_cast<double>(most);
  in_ += end_->receive(most);
  if (!std::exchange(greeted_, true))
    in_.erase(0, 1);
  for (const auto& f : sim::take_frames(in_))
    flows_.arrived(f.body, f.back);
  return true;
}

void client_end::advance(sim::clock::duration d) {
  if (how_ == reading::paused) {
    auto ms = static_cast<std::size_t>(std::chrono::ceil<std::chrono::milliseconds>(d).count());
    rate_ -= std::min(rate_, ms);
    if (rate_ == 0)
      how_ = reading::fast;
  }
  if (how_ != reading::slow && how_ != reading::trickle)
    return;
  auto rate = static_cast<double>(rate_);
  allowance_ = std::min(allowance_ + rate * std::chrono::duration<double>(d).count(), std::max(rate, 1.0));
}

// -- worker --------------------------------------------------------------------------------------------

class worker_end::member final : public worker {
 public:
  explicit member(flows& all) : flows_{all} {}
  void on_start() override { box_ = my_postbox(); }
  void on_message(message_ptr m) override {
    flows_.arrived(m->header.get_report() ? std::string_view{} : m->body.text(), m->header.return_route());
  }
  const postbox& box() const { return *box_; }
  /// On its own thread.
  void emit(message_ptr m) {
    m->header.push_return(self());
    deliver(std::move(m));
  }

 private:
  flows& flows_;
  std::optional<postbox> box_;
};

namespace {

template <class Member>
postbox start(sim::node& n, const std::string& name, worker_thread thread, std::unique_ptr<Member> m, Member*& raw) {
  raw = m.get();
  n.start(name, std::move(m), thread);
  return raw->box();
}

} // namespace

worker_end::worker_end(sim::node& n, std::size_t node, const std::string& name, worker_thread thread, flows& all)
  : end{node, name}, home_{n}, flows_{all},
    box_{start(n, name, thread, std::make_unique<member>(all), member_)} {}

bool worker_end::send(flow& f, std::size_t size) {
  auto way = f.way();
  auto& budget = home_.context().local_budget;
  if (way.empty() || !budget.open())
    return false;
  auto m = std::make_unique<message>();
  for (const auto& a : way)
    m->header.append_onward(a);
  m->header.flags(flags_of(f));
  auto body = flows_.next_payload(f, size);
  m->body.assign(std::as_bytes(std::span{body}));
  m->held = credit{budget, m->footprint()};
  return box_.post([to = member_, m = std::move(m)]() mutable { to->emit(std::move(m)); });
}

} // namespace ockam::simulate
