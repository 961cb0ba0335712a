// SPDX-License-Identifier: Apache-2.0
#include "runtime/links/settling.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <stdexcept>
#include <string>

namespace ockam {
namespace {

using namespace std::chrono_literals;

/// Time alone; nothing else of it may be used.
class only_time final : public net::reactor {
 public:
  void pass(clock::duration d) { timers_.run(now_ += d); }
  std::size_t timers() const { return timers_.size(); }

  clock::time_point now() const override { return now_; }
  timer_queue::id after(std::chrono::milliseconds delay, std::function<void()> fire) override {
    return timers_.add(now_ + delay, std::move(fire));
  }
  void cancel(timer_queue::id timer) override { timers_.cancel(timer); }

 private:
  [[noreturn]] static void never() { throw std::logic_error{"only time is to be used"}; }
  result<net::acceptor_ptr> listen(const endpoint&, net::acceptor_events&) override { never(); }
  result<net::acceptor_ptr> reserve(const endpoint&, net::acceptor_events&) override { never(); }
  result<net::acceptor_ptr> listen_unix(const std::string&, unsigned, net::acceptor_events&) override { never(); }
  net::connecting_ptr connect(const endpoint&, std::chrono::milliseconds, connected) override { never(); }
  net::connecting_ptr connect_unix(const std::string&, std::chrono::milliseconds, connected) override { never(); }
  net::connecting_ptr resolve(const endpoint&, std::chrono::milliseconds, resolved) override { never(); }
  result<net::datagrams_ptr> open_datagrams(const endpoint&) override { never(); }
  result<net::datagrams_ptr> open_datagrams_to(const ip_endpoint&) override { never(); }
  bool is_local(const ip_endpoint&) override { never(); }
  void post(std::function<void()>) override { never(); }
  void at_end_of_turn(std::function<void()>) override { never(); }

  clock::time_point now_{1h};
  timer_queue timers_;
};

struct settling_test : testing::Test {
  auto say(std::string what) {
    return [this, what] { said += what; };
  }
  only_time clock;
  std::string said;
};

TEST_F(settling_test, tells_all_once_when_it_is_decided_and_leaves_no_timer) {
  settling s;
  s.wait(clock, 1s, say("a"));
  s.wait(clock, 2s, say("b"));
  EXPECT_EQ(said, "");
  s.settle();
  EXPECT_EQ(said, "ab");
  EXPECT_EQ(clock.timers(), 0u);
  clock.pass(5s);
  s.settle();
  EXPECT_EQ(said, "ab");
}

TEST_F(settling_test, tells_each_after_its_own_time_when_nothing_is_decided) {
  settling s;
  s.wait(clock, 2s, say("late"));
  s.wait(clock, 1s, say("early "));
  clock.pass(1s);
  EXPECT_EQ(said, "early ");
  clock.pass(1s);
  EXPECT_EQ(said, "early late");
  s.settle();
  EXPECT_EQ(said, "early late");
}

TEST_F(settling_test, tells_nobody_when_it_ends) {
  {
    settling s;
    s.wait(clock, 1s, say("a"));
  }
  EXPECT_EQ(clock.timers(), 0u);
  clock.pass(2s);
  EXPECT_EQ(said, "");
}

TEST_F(settling_test, who_is_told_may_wait_again_or_end_it) {
  auto s = std::make_unique<settling>();
  s->wait(clock, 1s, [&] {
    said += "first ";
    s->wait(clock, 1s, say("again "));
  });
  s->settle();
  EXPECT_EQ(said, "first ") << "what comes to wait meanwhile is not told by this";
  s->settle();
  EXPECT_EQ(said, "first again ");
  s->wait(clock, 1s, [&] {
    s.reset();
    said += "gone ";
  });
  s->wait(clock, 1s, say("still told"));
  s->settle();
  EXPECT_EQ(said, "first again gone still told");
  EXPECT_EQ(clock.timers(), 0u);
}

TEST_F(settling_test, who_is_told_too_late_may_end_it) {
  auto s = std::make_unique<settling>();
  s->wait(clock, 1s, [&] { s.reset(); });
  s->wait(clock, 1s, say("not told"));
  clock.pass(1s);
  EXPECT_EQ(said, "");
  EXPECT_EQ(clock.timers(), 0u);
}

} // namespace
} // namespace ockam
