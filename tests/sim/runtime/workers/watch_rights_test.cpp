// SPDX-License-Identifier: Apache-2.0
// Who may watch whom, and what they are told.

#include "sim/support/watch_test.hpp"

namespace ockam::sim {
namespace {

using namespace std::chrono_literals;

//   n1: watcher ══▶ n2, whose listener admits what a test says
class watch_rights : public watch_test {
 protected:
  std::string watched(const std::vector<std::string>& allow, const route& behind) {
    auto link = n1.connect(n2->listen("127.0.0.1:0", allow));
    EXPECT_TRUE(link);
    route to{*link};
    to.insert(to.end(), behind.begin(), behind.end());
    watch(to);
    net.advance(3s);
    auto out = w->last();
    auto at = out.find(to_string(*link));
    return at == out.npos ? out : out.replace(at, to_string(*link).size(), "LINK");
  }
};

INSTANTIATE_TEST_SUITE_P(on, watch_rights, ::testing::Values(worker_thread::socket));

TEST_P(watch_rights, who_may_reach_one_worker_may_watch_that_one_and_learns_nothing_of_others) {
  start(*n2, "mortal");
  start(*n2, "secret");
  EXPECT_EQ(watched({"mortal"}, {"mortal"}), "nothing");
  EXPECT_EQ(watched({"mortal"}, {"secret"}),
            "undeliverable: the node there does not let this one reach LINK => 0#secret");
  EXPECT_EQ(watched({"mortal"}, {"nobody"}),
            "undeliverable: the node there does not let this one reach LINK => 0#nobody");
  EXPECT_EQ(watched({"absent"}, {"absent"}), "undeliverable: there is no worker at LINK => 0#absent");
}

TEST_P(watch_rights, who_may_reach_nothing_may_watch_nothing) {
  start(*n2, "mortal");
  EXPECT_EQ(watched({"nothing"}, {"mortal"}), "nothing");
  net.advance(7s);
  EXPECT_EQ(w->told.size(), 1u);
  EXPECT_NE(w->last().find("does not let this peer reach"), std::string::npos) << w->last();
  EXPECT_EQ(count(*n2, "sessions"), 0u);
}

TEST_P(watch_rights, who_has_lost_the_right_meanwhile_is_not_told_how_it_ended) {
  start(*n2, "mortal");
  auto at = n2->listen("127.0.0.1:0", {"mortal"});
  auto link = n1.connect(at);
  ASSERT_TRUE(link);
  EXPECT_EQ(watch({*link, address{"mortal"}}), "nothing");
  n2->reactor().post([&] { EXPECT_TRUE(n2->tcp().admit(at, {"other"})); });
  net.run();
  n2->send({"mortal"}, "throw");
  EXPECT_EQ(w->last(),
            "undeliverable: the node there does not let this one reach " + to_string(*link) + " => 0#mortal");
}

TEST_P(watch_rights, a_hop_lets_others_watch_what_it_lets_them_reach) {
  n2->start("hop");
  start(*n2, "mortal");
  EXPECT_EQ(watched({"hop"}, {"hop", "mortal"}), "nothing");
  stop(*n2, "mortal");
  EXPECT_EQ(w->told.size(), 1u);
}

} // namespace
} // namespace ockam::sim
