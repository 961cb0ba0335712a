// SPDX-License-Identifier: Apache-2.0
// A connect to a name of several addresses, some of which answer nothing.
#include "sim/support/network.hpp"

#include "runtime/net/connect_race.hpp"

#include <gtest/gtest.h>

#include <optional>

namespace ockam {
namespace {

using namespace std::chrono_literals;

struct connect_race_test : ::testing::Test {
  void connect(std::vector<std::string> addresses, std::chrono::milliseconds timeout = 10s) {
    net.name("peer.example", std::move(addresses));
    connecting = reactor.connect({"peer.example", 7}, timeout, [this](result<net::stream_ptr> r) {
      EXPECT_FALSE(outcome);
      outcome = std::move(r);
    });
    net.run();
  }
  std::string peer() const { return outcome && *outcome ? (**outcome)->peer() : std::string{}; }

  sim::network net;
  sim::reactor reactor{net};
  net::connecting_ptr connecting;
  std::optional<result<net::stream_ptr>> outcome;
};

TEST_F(connect_race_test, goes_on_to_the_next_address_when_the_first_says_nothing_for_a_while) {
  net.swallow("[2001:db8::1]:7");
  auto& port = net.serve("10.0.0.1:7");
  connect({"2001:db8::1", "10.0.0.1"});
  net.advance(connect_race::pause - 1ms);
  EXPECT_FALSE(outcome);
  net.advance(1ms);
  EXPECT_EQ(peer(), "10.0.0.1:7");
  EXPECT_TRUE(port.waiting());
  EXPECT_EQ(reactor.timers(), 0u) << "the attempt at the other address is given up";
}

TEST_F(connect_race_test, goes_on_at_once_when_an_address_refuses) {
  net.serve("10.0.0.2:7");
  connect({"10.0.0.1", "10.0.0.2"});
  EXPECT_EQ(peer(), "10.0.0.2:7");
}

TEST_F(connect_race_test, tries_the_other_family_second) {
  for (auto v6 : {"[2001:db8::1]:7", "[2001:db8::2]:7", "[2001:db8::3]:7"})
    net.swallow(v6);
  net.serve("10.0.0.1:7");
  connect({"2001:db8::1", "2001:db8::2", "2001:db8::3", "10.0.0.1"});
  net.advance(connect_race::pause);
  EXPECT_EQ(peer(), "10.0.0.1:7");
}

TEST_F(connect_race_test, fails_with_the_last_error_when_every_address_has_failed) {
  connect({"10.0.0.1", "10.0.0.2"});
  ASSERT_TRUE(outcome);
  EXPECT_EQ((*outcome).error().code, errc::unreachable);
  EXPECT_EQ(reactor.timers(), 0u);
}

TEST_F(connect_race_test, says_what_an_address_answered_and_not_that_there_is_no_way_to_another) {
  net.name("peer.example", {"10.0.0.1", "2001:db8::1", "10.0.0.2"});
  auto begin = [&](const ip_endpoint& at, net::reactor::connected done) -> result<net::connecting_ptr> {
    if (at.v6)
      return error{errc::unreachable, "no way to that family", {}};
    return reactor.connect({to_string(at).substr(0, 8), 7}, 10s, std::move(done));
  };
  connecting = std::make_unique<connect_race>(reactor, endpoint{"peer.example", 7}, 10s, begin, [this](auto r) { outcome = std::move(r); });
  net.run();
  ASSERT_TRUE(outcome && !*outcome);
  EXPECT_NE(outcome->error().cause.find("Connection refused"), std::string::npos) << outcome->error().cause;
}

TEST_F(connect_race_test, has_one_deadline_for_all_addresses) {
  std::vector<std::string> silent;
  for (int i = 1; i <= 40; ++i) {
    silent.push_back("10.0.0." + std::to_string(i));
    net.swallow(silent.back() + ":7");
  }
  connect(silent, 2s);
  net.advance(2s - 1ms);
  EXPECT_FALSE(outcome);
  EXPECT_LE(reactor.timers(), connect_race::most_attempts + 2) << "attempts at one time are bounded";
  net.advance(1ms);
  ASSERT_TRUE(outcome);
  EXPECT_EQ((*outcome).error().code, errc::timed_out);
  EXPECT_EQ(reactor.timers(), 0u);
}

TEST_F(connect_race_test, ends_when_nobody_wants_it_any_more) {
  net.swallow("10.0.0.1:7");
  net.swallow("10.0.0.2:7");
  connect({"10.0.0.1", "10.0.0.2"});
  net.advance(connect_race::pause);
  connecting.reset();
  net.advance(20s);
  EXPECT_FALSE(outcome);
  EXPECT_EQ(reactor.timers(), 0u);
}

} // namespace
} // namespace ockam
