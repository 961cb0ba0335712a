// SPDX-License-Identifier: Apache-2.0
#include "portals/inlet.hpp"

#include "runtime/core/cbor.hpp"
#include "runtime/core/units.hpp"
#include "runtime/workers/reply_address.hpp"
#include "runtime/workers/requests.hpp"

#include <array>

namespace ockam::portal {

namespace {

constexpr std::string_view echo = "echo";

/// How often it asks, and after how long without an answer the far end is taken to be gone. A node of another
/// implementation is asked as its own kind does.
struct rhythm {
  std::chrono::milliseconds period;
  std::chrono::milliseconds patience;
};
constexpr rhythm with_ours{std::chrono::milliseconds{2'000}, std::chrono::milliseconds{6'000}};
constexpr rhythm with_others{std::chrono::milliseconds{10'000}, std::chrono::milliseconds{30'000}};
/// While it is not up.
constexpr std::chrono::milliseconds first_patience{5'000};

class inlet_session final : public worker {
 public:
  explicit inlet_session(std::shared_ptr<inlet> of) : inlet_{std::move(of)}, probe_{inlet_->to}, at_first_{inlet_->retry_wait, first_patience}, now_{at_first_} {
    probe_.back() = address{std::string{echo}};
  }

 private:
  net::reactor& reactor() const { return inlet_->env.node.reactor; }

  void on_start() override {
    answered_ = reactor().now();
    if (inlet_->channels)
      watch_channels();
    ask();
  }

  void on_stop() noexcept override {
    if (inlet_->channels)
      inlet_->channels->watch(nullptr);
  }

  /// Streams do not survive the end of their channel, and who is at its other end, or is not, nobody else says. What they
  /// tell, they may tell from within a call of this.
  void watch_channels() {
    inlet_->channels->watch([this, box = my_postbox()](bool is_up, const std::string& why) {
      (void)box.post([this, is_up, why] { is_up ? ask() : down(why); });
    });
  }

  void ask() {
    auto& node = inlet_->env.node;
    admit_answers(node.board, self(), probe_.front());
    auto m = make_message(probe_, self(), question(++asked_));
    m->header.flags(route_header::flag_report);
    m->held = credit{node.local_budget, m->footprint()};
    node.board.deliver(std::move(m));
    cancel_timer(timer_);
    timer_ = set_timer(now_.period);
  }

  static payload question(std::uint64_t number) {
    std::array<std::byte, cbor::head_size(~std::uint64_t{0})> out;
    cbor::write_head(out.data(), cbor::major::uint, number);
    return payload{std::span{out}.first(cbor::head_size(number))};
  }

  /// Whether it answers a question that has had no answer yet: anything else may be of somebody who knows this address.
  bool is_answer(const message& m) {
    cbor::reader in{m.bytes()};
    auto number = in.read_uint();
    if (!number || !in.at_end() || *number <= heard_ || *number > asked_)
      return false;
    heard_ = *number;
    return true;
  }

  void on_timer(std::uint64_t) override {
    auto silent = reactor().now() - answered_;
    if (silent >= now_.patience)
      silent_for("the far end has not answered for " + std::to_string(std::chrono::duration_cast<std::chrono::seconds>(silent).count()) + " s");
    ask();
  }

  /// A channel to a node of another implementation may be up here, and unknown there: it gets as long again with a new one.
  void silent_for(const std::string& why) {
    down(why);
    if (!inlet_->channels)
      return;
    inlet_->channels->renew(why);
    answered_ = reactor().now();
  }

  void on_message(message_ptr m) override {
    if (const auto* r = m->header.get_report())
      return reported(*r, *m);
    if (!is_answer(*m))
      return drop(std::move(m), drop_reason::refused, "it answers no question of the inlet");
    up(*m);
  }

  /// Where there is no echo, or none for us, somebody is there who says so.
  void reported(const report& r, const message& m) {
    bool of_echo = r.hop == address{std::string{echo}} && (r.reason == drop_reason::unknown_worker || r.reason == drop_reason::refused);
    if (of_echo) {
      if (std::exchange(heard_, asked_) != asked_) // there is something that it may be about
        up(m);
      return;
    }
    if (r.reason == drop_reason::node_stopping)
      leaving(to_error(r).cause);
    else if (r.reason != drop_reason::congested)
      down(to_error(r).cause);
  }

  void up(const message& m) {
    answered_ = reactor().now();
    if (!inlet_->admits(m))
      return down("the far end is not whom " + std::string{inlet_->options.allow_key} + " names: " + (m.identity() ? *m.identity() : std::string{"it has proved nothing, which takes a secure channel"}));
    now_ = m.foreign ? with_others : with_ours;
    auto by = m.header.return_route();
    if (by.empty())
      by = inlet_->to;
    else
      by.back() = inlet_->to.back();
    inlet_->is_up(std::move(by));
  }

  void down(const std::string& why) {
    now_ = at_first_;
    inlet_->is_down(why);
  }

  void leaving(const std::string& why) {
    now_ = at_first_;
    inlet_->is_leaving(why);
  }

  std::shared_ptr<inlet> inlet_;
  route probe_;
  const rhythm at_first_;
  rhythm now_;
  net::reactor::clock::time_point answered_{};
  std::uint64_t asked_ = 0, heard_ = 0; ///< numbers of the last question, and of the last one that was answered
  std::uint64_t timer_ = 0;
};

} // namespace

std::unique_ptr<worker> make_inlet_session(std::shared_ptr<inlet> of) {
  return std::make_unique<inlet_session>(std::move(of));
}

} // namespace ockam::portal
