// SPDX-License-Identifier: Apache-2.0
#include "portals/inlet.hpp"

#include "portals/stream.hpp"
#include "runtime/core/units.hpp"

namespace ockam::portal {

namespace {

/// An inlet's end of a stream: has its client already, and asks the outlet for the other end.
class inlet_stream final : public stream {
 public:
  inlet_stream(std::shared_ptr<end> of, route outlet, net::stream_ptr client)
    : stream{std::move(of)}, outlet_{std::move(outlet)}, client_{std::move(client)} {}

 private:
  void on_start() override {
    stream::on_start();
    attach(std::move(client_));
    aim(std::move(outlet_));
    bool waits = !of().options.skip_handshake;
    send(waits ? encode(tag::ping, greeting()) : encode(tag::ping), route_header::flag_report);
    if (!waits)
      open();
  }

  void on_opening(const message& m, const message_view& what) override {
    if (what.what != tag::pong)
      return log_debug("a message that is no Pong came first, it is ignored");
    if (!of().admits(m))
      return fail(end_reason::refused, "the far end is not whom " + std::string{of().options.allow_key} + " names", "refused by the inlet");
    aim(m.header.return_route(), m, what.greeting);
    open();
  }

  /// Whether that is the target's doing, an outlet of another implementation does not say.
  void on_late() override {
    fail(end_reason::timed_out, "nothing has come within " + std::to_string(of().options.dial_timeout.count()) + " ms", "the outlet has not answered");
  }

  route outlet_;
  net::stream_ptr client_;
};

} // namespace

std::string_view to_string(inlet::state s) noexcept {
  return s == inlet::state::up ? "up" : s == inlet::state::down ? "down" : "connecting";
}

result<door_ptr> door::reserve(net::reactor& r, const endpoint& at) {
  auto d = std::make_shared<door>();
  auto a = r.reserve(at, *d);
  if (!a)
    return std::move(a).error();
  d->acceptor_ = std::move(*a);
  return d;
}

result<void> door::open() {
  if (is_open_)
    return {};
  auto ok = acceptor_->open();
  is_open_ = bool{ok};
  return ok;
}

void door::on_accept(net::stream_ptr s) {
  if (auto i = to_.lock())
    i->on_accept(std::move(s));
}

void door::on_out_of_descriptors() {
  if (auto i = to_.lock())
    i->on_out_of_descriptors();
}

inlet::inlet(environment& e, std::string n, endpoint at, std::string written, route r, std::chrono::milliseconds retry, stream_options o)
  : end{e, "tcp-inlet " + n, o}, name{std::move(n)}, from{std::move(at)}, text{std::move(written)}, to{std::move(r)}, retry_wait{retry} {}

void inlet::take(door_ptr d) {
  door_ = std::move(d);
  door_->leads_to(std::static_pointer_cast<inlet>(shared_from_this()));
  no_port_.clear();
  if (state_ != state::up)
    return;
  if (auto ok = door_->open(); !ok)
    is_down(ok.error().cause);
}

void inlet::wait_for(const endpoint& at, const error& why) {
  last_bound_ = to_string(at);
  bool is_first = no_port_.empty();
  if (std::exchange(no_port_, why.cause) != why.cause)
    log(level::warn, "portal", title + ": " + why.cause + (is_first ? "; it is tried again every " + ockam::to_string(pause) + " until it has its port" : "; it is tried again"));
  timer_ = env.node.reactor.after(pause, [weak = weak_from_this(), at] {
    if (auto i = std::static_pointer_cast<inlet>(weak.lock()))
      i->try_port(at);
  });
}

void inlet::try_port(const endpoint& at) {
  timer_ = 0;
  auto d = door::reserve(env.node.reactor, at);
  if (!d)
    return wait_for(at, d.error());
  take(*std::move(d));
  log(level::info, "portal", title + " has its port: " + bound_to());
}

void inlet::close_door() {
  last_bound_ = bound_to();
  env.node.reactor.cancel(std::exchange(timer_, 0));
  door_.reset();
}

void inlet::reopen_door() {
  if (door_ || has_ended_)
    return;
  auto at = parse_endpoint(last_bound_); // what an acceptor says, or what was asked for
  auto d = at ? door::reserve(env.node.reactor, *at) : result<door_ptr>{at.error()};
  if (d)
    take(*std::move(d));
  else if (at)
    wait_for(*at, d.error());
}

void inlet::close() {
  has_ended_ = true;
  close_door();
  settle(state::down);
}

void inlet::settle(state s) {
  state_ = s;
  waiting.settle();
}

void inlet::is_up(route way) {
  by = std::move(way);
  if (state_ == state::up)
    return;
  if (auto ok = door_ ? door_->open() : result<void>{}; !ok)
    return is_down(ok.error().cause);
  no_far_end_.clear();
  if (no_port_.empty())
    log(level::info, "portal", title + " is up: " + bound_to() + " leads to " + text);
  settle(state::up);
}

/// False when that is no news.
bool inlet::goes_down(const std::string& why) {
  by.clear();
  bool is_news = state_ != state::down || no_far_end_ != why;
  no_far_end_ = why;
  if (!is_news)
    return false;
  log(state_ == state::down ? level::debug : level::warn, "portal", title + " is down: " + why);
  settle(state::down);
  return true;
}

void inlet::is_down(const std::string& why) {
  if (goes_down(why))
    close_streams(end_reason::gone);
}

void inlet::is_leaving(const std::string& why) {
  (void)goes_down(why);
}

void inlet::on_accept(net::stream_ptr s) {
  if (state_ != state::up)
    return turn_away(std::move(s), state_ == state::connecting ? "it asks for its far end" : "it is down: " + no_far_end_);
  if (env.node.reactor.short_of_descriptors())
    return turn_away(std::move(s), "the node may not open more files");
  if (streams() >= options.most_streams)
    return turn_away(std::move(s), "max-streams is reached");
  worker_options o;
  o.type = "inlet-stream";
  auto ok = env.node.workers.start(random_address(), std::make_unique<inlet_stream>(shared_from_this(), to, std::move(s)), std::move(o));
  if (!ok)
    log(level::error, "portal", ok.error());
}

void inlet::on_out_of_descriptors() {
  turn_away(nullptr, "the node may not open more files");
}

void inlet::turn_away(net::stream_ptr s, const std::string& why) {
  ++refused;
  if (s)
    s->reset_at_end();
  env.hostile.write(level::warn, "portal", title, title + ": closed a client at once, " + why, env.node.reactor.now());
}

} // namespace ockam::portal
