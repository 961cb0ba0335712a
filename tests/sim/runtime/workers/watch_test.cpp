// SPDX-License-Identifier: Apache-2.0
// Workers that are told of the end of others, on their own node and on others.

#include "sim/support/watch_test.hpp"
#include "runtime/workers/watch_client.hpp"

#include <functional>

namespace ockam::sim {
namespace {

using namespace std::chrono_literals;

INSTANTIATE_TEST_SUITE_P(on, watch_test, ::testing::Values(worker_thread::socket, worker_thread::pool),
                         [](const auto& on) { return std::string{to_string(on.param)}; });

TEST_P(watch_test, tells_that_a_worker_of_this_node_has_ended_and_why) {
  for (const auto& [how, why] : {std::pair{"quit", "ok: the worker at 0#mortal has ended"},
                                 std::pair{"throw", "service-failed: the worker at 0#mortal failed: as you wish"}}) {
    start(n1, "mortal");
    w->told.clear();
    EXPECT_EQ(watch({"mortal"}), "nothing");
    n1.send({"mortal"}, how);
    EXPECT_EQ(w->last(), why);
    EXPECT_EQ(w->told.size(), 1u);
  }
  start(n1, "mortal");
  watch({"mortal"});
  stop(n1, "mortal");
  EXPECT_EQ(w->last(), "closed: the worker at 0#mortal is no more: it was stopped");
  EXPECT_EQ(w->watches.size(), 0u);
}

TEST_P(watch_test, tells_that_a_worker_of_another_node_has_ended_and_why) {
  for (const auto& [how, why] :
       {std::pair{"quit", "ok: the worker at 0#up => 0#mortal has ended"},
        std::pair{"throw", "service-failed: the worker at 0#up => 0#mortal failed: as you wish"}}) {
    start(*n2, "mortal");
    w->told.clear();
    EXPECT_EQ(watch({"up", "mortal"}), "nothing");
    net.advance(20s);
    EXPECT_EQ(w->last(), "nothing");
    n1.send({"up", "mortal"}, how);
    EXPECT_EQ(w->last(), why);
  }
  start(*n2, "mortal");
  watch({"up", "mortal"});
  stop(*n2, "mortal");
  EXPECT_EQ(w->last(), "closed: the worker at 0#up => 0#mortal is no more: it was stopped");
}

TEST_P(watch_test, a_worker_that_is_made_anew_has_ended_and_can_be_watched_again) {
  start(*n2, "mortal", restart_policy::always);
  for (const auto& [how, code] : {std::pair{"throw", errc::service_failed}, std::pair{"quit", errc::ok},
                                  std::pair{"throw", errc::service_failed}}) {
    w->told.clear();
    watch({"up", "mortal"});
    n1.send({"up", "mortal"}, how);
    ASSERT_EQ(w->told.size(), 1u) << how;
    EXPECT_EQ(w->told[0].code, code) << w->last();
    net.advance(2min); // until it is there again
  }
}

TEST_P(watch_test, of_several_watches_of_one_worker_each_is_told_and_those_taken_back_are_not) {
  start(*n2, "mortal");
  auto first = w->watch({"up", "mortal"});
  w->watch({"up", "mortal"});
  net.run();
  w->watch({"up", "mortal"});
  w->watches.unwatch(first);
  w->watches.unwatch(w->watch({"up", "mortal"}));
  net.run();
  EXPECT_EQ(count(*n2, "watches"), 2u);
  n1.send({"up", "mortal"}, "quit");
  EXPECT_EQ(w->told.size(), 2u);
  EXPECT_EQ(count(*n2, "watches"), 0u);
  EXPECT_EQ(count(*n2, "sessions"), 0u);
}

TEST_P(watch_test, what_is_watched_is_let_go_with_the_worker_that_watches) {
  start(*n2, "mortal");
  watch({"up", "mortal"});
  EXPECT_EQ(count(*n2, "watches"), 1u);
  w->stop();
  net.run();
  net.run();
  EXPECT_EQ(count(*n2, "watches"), 0u);
  EXPECT_EQ(count(*n2, "sessions"), 0u);
}

TEST_P(watch_test, an_address_that_goes_to_another_worker_is_the_end_of_the_one_that_had_it) {
  start(n1, "first");
  start(n1, "second");
  n1.reactor().post([&] { EXPECT_TRUE(n1.workers().alias(address{"name"}, address{"first"})); });
  net.run();
  watch({"name"});
  n1.reactor().post([&] { EXPECT_TRUE(n1.workers().alias(address{"name"}, address{"second"})); });
  net.run();
  EXPECT_EQ(w->last(), "closed: the worker at 0#name is no more");
}

TEST_P(watch_test, who_watches_is_told_when_their_own_node_stops_to_watch) {
  start(*n2, "mortal");
  w->watch({"up", "mortal"});
  EXPECT_EQ(watch({"watcher"}), "nothing");
  stop(n1, "_internal.watcher");
  net.run();
  EXPECT_EQ(w->told.size(), 2u);
  EXPECT_EQ(w->last(), "closed: the node stops");
  w->told.clear();
  EXPECT_EQ(watch({"up", "mortal"}), "closed: the node stops");
  EXPECT_EQ(w->watches.size(), 0u);
}

TEST_P(watch_test, what_is_watched_before_it_is_known_that_the_last_watch_was_taken_back_waits_for_nothing) {
  start(*n2, "mortal");
  for (int turns = 0; turns < 5; ++turns) {
    auto id = w->watch({"up", "mortal"});
    net.run();
    std::function<void(int)> later = [&](int left) {
      if (left > 0)
        n1.reactor().post([&, left] { later(left - 1); });
      else
        w->watch({"up", "mortal"});
    };
    w->watches.unwatch(id);
    later(turns);
    net.run();
    EXPECT_EQ(count(*n2, "watches"), 1u) << turns;
    EXPECT_EQ(count(*n2, "sessions"), 1u) << turns;
    n1.send({"up", "mortal"}, "quit");
    start(*n2, "mortal");
  }
}

TEST_P(watch_test, workers_at_very_many_places_are_one_place_too_many_some_time) {
  for (std::size_t i = 0; i < watch_client::most_sessions; ++i)
    w->watch({address{"up"}, address{"hop" + std::to_string(i)}, address{"mortal"}});
  net.run();
  EXPECT_EQ(w->last(), "nothing");
  EXPECT_EQ(watch({"up", "other", "mortal"}), "limit-reached: this node watches workers at 4096 places already");
  w->watch({"up", "hop0", "another"});
  net.run();
  EXPECT_EQ(w->told.size(), 1u) << "a place that is known";
}

} // namespace
} // namespace ockam::sim
