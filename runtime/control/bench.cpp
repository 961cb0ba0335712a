// SPDX-License-Identifier: Apache-2.0
// `bench`: many messages along a route, and how long their answers take.
#include "runtime/control/pending_request.hpp"
#include "runtime/core/bare.hpp"
#include "runtime/core/fine_histogram.hpp"
#include "runtime/core/units.hpp"

#include <algorithm>
#include <deque>
#include <limits>
#include <map>
#include <string>

namespace ockam {

namespace {

constexpr std::size_t least_size = 8; ///< digits of a number
constexpr std::uint64_t digits = 32;
/// Of what the command line may have in a node.
constexpr std::size_t most_bytes = limits::control_budget / 2;
constexpr std::size_t beside_payload = 512; ///< of a message: its header, its place in memory
constexpr std::uint32_t most_duration_ms = 86'400'000;
constexpr std::chrono::milliseconds report_interval{500};
/// A service that answers in capitals gives the number back.
constexpr std::string_view alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUV";

/// A text of this size that begins with the number.
std::string numbered(std::uint64_t number, std::size_t size) {
  std::string out(size, 'X');
  for (auto i = least_size; i-- > 0; number /= digits)
    out[i] = alphabet[number % digits];
  return out;
}

/// The number in an answer; nothing where it is none of ours.
std::optional<std::uint64_t> number_in(std::span<const std::byte> body) {
  auto text = bare::read_string(body);
  if (!text || text->size() < least_size)
    return std::nullopt;
  std::uint64_t n = 0;
  for (auto c : text->substr(0, least_size)) {
    auto digit = alphabet.find(c);
    if (digit == std::string_view::npos)
      return std::nullopt;
    n = n * digits + digit;
  }
  return n;
}

} // namespace

/// Sends until the time is over, then waits for what is under way.
///
///     sending ──duration──▶ waiting ──nothing under way, or given up──▶ (answered)
///
/// With a rate, the time of a message is counted from when it was due, so that a route that stands still for a second shows
/// all that waited for it.
class control_handlers::benching final : public pending_request {
 public:
  benching(control_handlers& owner, requester from, made_route to, const control::BenchRoute& m)
    : pending_request{owner, from, std::move(to), {}, std::chrono::milliseconds{std::uint64_t{m.duration_ms()} + 2 * m.give_up_ms() + 1000}}, size_{m.size()}, in_flight_{m.in_flight()},
      duration_{std::chrono::milliseconds{m.duration_ms()}}, rate_{static_cast<double>(m.rate())}, give_up_{std::chrono::milliseconds{m.give_up_ms()}} {}
  ~benching() override {
    reactor().cancel(tick_);
    reactor().cancel(report_);
  }

 private:
  struct sent_one {
    clock::time_point due;
    clock::time_point at;
    bool over = false;
  };

  void start(std::uint32_t flags) override {
    flags_ = flags;
    began_ = reactor().now();
    report_ = reactor().after(report_interval, [this] { report(); });
    tick();
  }

  /// Each millisecond with a rate, otherwise often enough to see what is lost.
  void tick() {
    auto now = reactor().now();
    give_up(now);
    if (is_sending_ && now - began_ >= duration_)
      stop_sending(now);
    if (is_over())
      return finish();
    pump(now);
    tick_ = reactor().after(std::chrono::milliseconds{rate_ > 0 && is_sending_ ? 1 : 10}, [this] { tick(); });
  }

  void pump(clock::time_point now) {
    while (is_sending_ && under_way_ < in_flight_ && is_due(now)) {
      if (!node().control_budget.open()) { // its answers wait for somebody: no more until they are gone
        ++errors_["paused-for-memory"];
        return;
      }
      auto due = rate_ > 0 ? due_at(scheduled_) : now;
      ++scheduled_;
      auto text = bare::encode_string(numbered(first_ + sent_.size(), size_));
      sent_.push_back({due, now});
      ++under_way_;
      ++total_sent_;
      post(payload{text}, flags_);
    }
  }

  clock::time_point due_at(std::uint64_t n) const {
    return began_ + std::chrono::nanoseconds{static_cast<std::int64_t>(static_cast<double>(n) * 1e9 / rate_)};
  }
  bool is_due(clock::time_point now) const { return rate_ == 0 || due_at(scheduled_) <= now; }

  void receive(message_ptr m) override {
    auto now = reactor().now();
    if (const auto* r = m->header.get_report()) {
      if (!r->passed)
        lost(std::string{to_string(r->reason)});
    } else {
      answered(number_in(m->body.bytes()), now);
    }
    m.reset(); // it is charged until then
    if (is_sending_ && now - began_ >= duration_)
      stop_sending(now);
    if (is_over())
      return finish();
    if (rate_ == 0)
      pump(now);
  }

  void answered(std::optional<std::uint64_t> number, clock::time_point now) {
    if (!number) {
      ++errors_["answer-changed"];
      return lost({});
    }
    if (*number < first_ || *number - first_ >= sent_.size() || sent_[*number - first_].over) {
      ++errors_["late-or-twice"];
      return;
    }
    auto& one = sent_[*number - first_];
    auto took = std::chrono::duration_cast<std::chrono::nanoseconds>(now - one.due);
    latencies_.add(took);
    auto ns = static_cast<std::uint64_t>(std::max<std::int64_t>(took.count(), 0));
    least_ = std::min(least_, ns);
    most_ = std::max(most_, ns);
    sum_ += static_cast<double>(ns);
    ++answered_;
    if (is_sending_)
      ++answered_in_time_;
    over(one);
  }

  /// The oldest without an answer: a report does not say which.
  void lost(const std::string& reason) {
    if (!reason.empty())
      ++errors_[reason];
    if (auto it = std::find_if(sent_.begin(), sent_.end(), [](auto& s) { return !s.over; }); it != sent_.end())
      over(*it);
  }

  void over(sent_one& one) {
    one.over = true;
    --under_way_;
    while (!sent_.empty() && sent_.front().over) {
      sent_.pop_front();
      ++first_;
    }
  }

  void give_up(clock::time_point now) {
    while (!sent_.empty() && now - sent_.front().at >= give_up_) {
      ++errors_["no-answer"];
      over(sent_.front());
    }
  }

  void stop_sending(clock::time_point now) {
    is_sending_ = false;
    elapsed_ = now - began_;
    if (auto due = rate_ == 0 ? 0 : static_cast<std::uint64_t>(std::chrono::duration<double>(duration_).count() * rate_); due > scheduled_)
      errors_["not-sent"] += due - scheduled_; // the route did not take as many as were asked for
  }

  bool is_over() const { return !is_sending_ && under_way_ == 0; }
  void late() override { finish(); }

  void report() {
    report_ = reactor().after(report_interval, [this] { report(); });
    tell(figures(false)); // may end this
  }

  void finish() {
    if (under_way_ > 0)
      errors_["no-answer"] += under_way_;
    end(figures(true));
  }

  control::Response figures(bool at_end) const {
    control::Response r;
    auto& b = *r.mutable_bench_report();
    b.set_end(at_end);
    auto elapsed = is_sending_ ? reactor_now() - began_ : elapsed_;
    b.set_elapsed_us(static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::microseconds>(elapsed).count()));
    b.set_sent(total_sent_);
    b.set_answered(answered_);
    b.set_answered_in_time(answered_in_time_);
    for (const auto& [name, n] : errors_) {
      auto& e = *b.add_errors();
      e.set_name(name);
      e.set_count(n);
    }
    for (std::size_t i = 0; i < fine_histogram::size; ++i)
      if (latencies_[i] > 0) {
        auto& l = *b.add_latencies();
        l.set_number(static_cast<std::uint32_t>(i));
        l.set_count(latencies_[i]);
      }
    if (answered_ > 0)
      b.set_least_ns(least_);
    b.set_most_ns(most_);
    b.set_sum_ns(sum_);
    return r;
  }

  clock::time_point reactor_now() const { return node().reactor.now(); }

  const std::size_t size_;
  const std::size_t in_flight_;
  const clock::duration duration_;
  const double rate_;
  const clock::duration give_up_;
  std::uint32_t flags_ = 0;
  clock::time_point began_{};
  clock::duration elapsed_{};
  bool is_sending_ = true;
  std::deque<sent_one> sent_;      ///< from the oldest without an answer on
  std::uint64_t first_ = 0;        ///< the number of that
  std::size_t under_way_ = 0;
  std::uint64_t scheduled_ = 0, total_sent_ = 0, answered_ = 0, answered_in_time_ = 0;
  std::map<std::string, std::uint64_t> errors_;
  fine_histogram latencies_;
  std::uint64_t least_ = std::numeric_limits<std::uint64_t>::max(), most_ = 0;
  double sum_ = 0;
  timer_queue::id tick_ = 0, report_ = 0;
};

void control_handlers::bench_route(requester from, const control::BenchRoute& m) {
  auto to = route_of(m.route());
  if (!to)
    return answer(from, to.error());
  auto wrong = [&](std::string cause, std::string hint) { answer(from, error{errc::invalid_argument, std::move(cause), std::move(hint)}); };
  if (m.size() < least_size || m.size() > parts_.node.limits.max_frame)
    return wrong("a message of " + std::to_string(m.size()) + " bytes cannot be sent", "from " + std::to_string(least_size) + " bytes to the max-frame of the node, " + size_text(parts_.node.limits.max_frame));
  if (m.in_flight() == 0 || m.in_flight() * (m.size() + beside_payload) > most_bytes)
    return wrong(std::to_string(m.in_flight()) + " messages of " + std::to_string(m.size()) + " bytes at one time are more than the command line may have in a node, " + size_text(most_bytes),
                 "fewer in flight, or smaller ones");
  if (m.duration_ms() == 0 || m.duration_ms() > most_duration_ms || m.give_up_ms() == 0 || m.give_up_ms() > most_duration_ms)
    return wrong("the times are out of bounds", "from 1ms to 1d");
  if (auto ok = has_memory(); !ok)
    return answer(from, ok.error());
  launch(std::make_unique<benching>(*this, from, std::move(*to), m), route_header::flag_report);
}

} // namespace ockam
