// SPDX-License-Identifier: Apache-2.0
#include "portals/inlet.hpp"

#include "portals/stream.hpp"

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

inlet::inlet(environment& e, std::string n, std::string written, route r, std::chrono::milliseconds retry, stream_options o)
  : end{e, "tcp-inlet " + n, o}, name{std::move(n)}, text{std::move(written)}, to{std::move(r)}, retry_wait{retry} {}

result<void> inlet::reserve(const endpoint& at) {
  auto a = env.node.reactor.reserve(at, *this);
  if (!a)
    return std::move(a).error();
  acceptor_ = std::move(*a);
  return {};
}

void inlet::close_door() {
  last_bound_ = bound_to();
  acceptor_.reset();
}

void inlet::close() {
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
  if (acceptor_ && !open_) {
    if (auto ok = acceptor_->open(); !ok)
      return is_down(ok.error().cause);
    open_ = true;
  }
  reason.clear();
  log(level::info, "portal", title + " is up: " + bound_to() + " leads to " + text);
  settle(state::up);
}

/// False when that is no news.
bool inlet::goes_down(const std::string& why) {
  by.clear();
  bool is_news = state_ != state::down || reason != why;
  reason = why;
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
    return turn_away(std::move(s), "it is down: " + reason);
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
