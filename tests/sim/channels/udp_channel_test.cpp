// SPDX-License-Identifier: Apache-2.0
// A channel over UDP, whose datagrams may be lost, come twice, or come in another order.
#include "sim/channels/channel_fixture.hpp"

#include <algorithm>
#include <set>

namespace ockam::sim {
namespace {

using namespace std::chrono_literals;

//   me, at node a ══ udp ══ between, where the test has each datagram ══ udp ══ listener `api` of node b
class channel_over_udp : public secure_channel {
 protected:
  static constexpr const char* to_between = "/ip4/127.0.0.1/udp/4100/service/api";

  channel_over_udp() {
    b_at_ = b->listen("127.0.0.1:4200", {"services", "api"}, "udp");
    to_a = [](auto all) { return all; };
    to_b = to_a;
    ask_for_it();
  }

  /// Carries datagrams between the two, as `to_a` and `to_b` have them, until there are none.
  void carry() {
    for (int quiet = 0; quiet < 3;) {
      net.run();
      std::vector<std::string> there, back;
      for (auto& d : between.receive()) {
        bool from_b = to_string(d.from) == b_at_;
        if (!from_b)
          a_at_ = to_string(d.from);
        (from_b ? back : there).push_back(std::move(d.bytes));
      }
      quiet = there.empty() && back.empty() ? quiet + 1 : 0;
      for (auto& d : to_b(std::move(there)))
        between.send(b_at_, d);
      for (auto& d : to_a(std::move(back)))
        between.send(a_at_, d);
    }
  }
  void ask_for_it() {
    config_section s{"secure-channel", "c", {{"to", to_between}}};
    a->reactor().post([&] { ASSERT_TRUE(a->parts().facilities.find("secure-channel")->begin(s)); });
    carry();
  }
  /// So many at one time, with their numbers.
  void send(int from, int count) {
    admit_answers(a->board(), address{"me"}, address{"c"});
    a->reactor().post([&, from, count] {
      for (int i = 0; i < count; ++i) {
        auto m = std::make_unique<message>();
        m->header.append_return(address{"me"});
        m->header.append_onward(address{"c"});
        m->header.append_onward(address{"echo"});
        m->body = payload{std::to_string(from + i)};
        a->board().deliver(std::move(m));
      }
    });
    carry();
  }
  std::set<int> numbers() {
    std::set<int> out;
    for (const auto& m : *got)
      EXPECT_TRUE(out.insert(std::stoi(std::string{m->body.text()})).second) << "twice: " << m->body.text();
    return out;
  }

  using way = std::function<std::vector<std::string>(std::vector<std::string>)>;
  way to_a, to_b;
  port between{net.datagrams(), "127.0.0.1:4100"};
  std::string a_at_, b_at_;
};

TEST_F(channel_over_udp, carries_messages_and_their_answers) {
  ASSERT_EQ(state(), "up") << field(*a, "secure-channel", "c", "reason");
  send(0, 500);
  EXPECT_EQ(numbers().size(), 500u);
}

TEST_F(channel_over_udp, loss_and_another_order_within_the_window_cost_only_what_was_lost) {
  ASSERT_EQ(state(), "up");
  std::size_t seen = 0, lost = 0;
  to_b = to_a = [&](std::vector<std::string> all) {
    std::vector<std::string> out;
    for (auto& d : all)
      if (++seen % 11 == 0)
        ++lost;
      else
        out.push_back(std::move(d));
    for (auto at = out.begin(); at != out.end();) { // UDP itself forgives five, as in the reference
      auto until = at + std::min<std::ptrdiff_t>(4, out.end() - at);
      std::reverse(at, until);
      at = until;
    }
    return out;
  };
  for (int round = 0; round < 100; ++round)
    send(10 * round, 10);
  EXPECT_GT(numbers().size(), 800u);
  EXPECT_EQ(numbers().size() + lost, 1'000u);
  EXPECT_EQ(field(*b, "secure-channel-listener", "api", "opened"), "1");
  EXPECT_EQ(field(*a, "secure-channel", "c", "not_opened"), "0");
}

TEST_F(channel_over_udp, datagrams_that_come_twice_are_taken_once) {
  ASSERT_EQ(state(), "up");
  to_b = to_a = [](std::vector<std::string> all) {
    auto out = all;
    out.insert(out.end(), all.begin(), all.end());
    return out;
  };
  for (int round = 0; round < 20; ++round)
    send(10 * round, 10);
  EXPECT_EQ(numbers().size(), 200u);
}

TEST_F(channel_over_udp, a_handshake_whose_first_message_is_lost_is_tried_again) {
  end(*a, "secure-channel", "c");
  carry();
  int lost = 0;
  to_b = [&](std::vector<std::string> all) {
    if (!all.empty() && lost == 0) {
      ++lost;
      all.clear();
    }
    return all;
  };
  ask_for_it();
  EXPECT_NE(state(), "up");
  for (int i = 0; i < 200 && state() != "up"; ++i) {
    net.advance(100ms);
    carry();
  }
  EXPECT_EQ(state(), "up");
  EXPECT_EQ(lost, 1);
}

TEST_F(channel_over_udp, more_lost_than_the_window_holds_makes_it_anew) {
  ASSERT_EQ(state(), "up");
  auto all_through = to_b;
  to_b = [](std::vector<std::string>) { return std::vector<std::string>{}; };
  send(0, 40);
  to_b = all_through;
  auto opened = [&] { return field(*b, "secure-channel-listener", "api", "opened"); };
  for (int i = 0; i < 50 && opened() != "2"; ++i) {
    net.advance(100ms);
    carry();
  }
  EXPECT_EQ(opened(), "2") << "within 5 s";
  got->clear();
  send(100, 5);
  EXPECT_EQ(numbers().size(), 5u);
}

} // namespace
} // namespace ockam::sim
