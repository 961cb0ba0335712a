// SPDX-License-Identifier: Apache-2.0
// Actors that monitor and link what is at the other end of a route.
#include "runtime/workers/remote_actor.hpp"
#include "runtime/workers/watch_server.hpp"

#include "sim/support/asking.hpp"
#include "sim/support/watching.hpp"

#include <caf/event_based_actor.hpp>
#include <gtest/gtest.h>

namespace ockam::sim {
namespace {

using namespace std::chrono_literals;

std::string text_of_reason(const caf::error& reason) {
  if (!reason)
    return "normal";
  auto e = error_of(reason);
  return e.code == errc::internal ? caf::to_string(reason) : std::string{to_string(e.code)} + ": " + e.cause;
}

/// Does with a handle to `to` what it is asked, and says what it was told last.
caf::behavior monitors(caf::event_based_actor* self, const route& to) {
  struct seen {
    caf::actor far;
    std::string last = "nothing";
    int downs = 0;
  };
  auto s = std::make_shared<seen>();
  s->far = remote(self, to);
  self->set_down_handler([self, s](caf::down_msg& down) {
    s->last = (down.source == s->far.address() ? "" : "of another: ") + text_of_reason(down.reason);
    ++s->downs;
  });
  self->set_exit_handler([self, s](caf::exit_msg& m) {
    s->last = "exit " + text_of_reason(m.reason);
    if (m.reason == caf::exit_reason::user_shutdown)
      self->quit(m.reason);
  });
  return {[self, s](const ockam::request& r) {
    auto what = r.text();
    if (what == "monitor")
      self->monitor(s->far);
    else if (what == "demonitor")
      self->demonitor(s->far);
    else if (what == "link")
      self->link_to(s->far);
    else if (what == "unlink")
      self->unlink_from(s->far);
    else if (what == "forget")
      s->far = nullptr;
    else if (what == "quit")
      self->quit();
    return s->last + " " + std::to_string(s->downs);
  }};
}

class monitors_of_routes : public testing::Test, protected asking {
 protected:
  void SetUp() override {
    auto up = n.connect(other.listen());
    ASSERT_TRUE(up);
    link = *up;
    start("monitor", spawning(monitors, route{link, address{"mortal"}}));
  }
  void start(const std::string& at, actor_factory spawn) {
    ASSERT_TRUE(start_service(net, n, at, [spawn] { return result<std::unique_ptr<worker>>{make_actor_worker(spawn)}; }));
  }
  void mortal() { other.start("mortal", std::make_unique<ockam::sim::mortal>()); }
  void kill(const char* how) { n.send({link, address{"mortal"}}, how); }
  std::string tell(const std::string& what, const std::string& who = "monitor") { return ask(what, {who}); }
  std::uint64_t watches() { return other.workers().show(address{std::string{watch_address}})->counters["watches"]; }
  std::string at() const { return to_string(link) + " => 0#mortal"; }

  node other{net, "n2"};
  address link;
};

TEST_F(monitors_of_routes, the_end_of_the_far_worker_is_a_down_message_with_its_reason) {
  mortal();
  tell("monitor");
  net.advance(1min);
  EXPECT_EQ(tell("?"), "nothing 0");
  kill("throw");
  EXPECT_EQ(tell("?"), "service-failed: the worker at " + at() + " failed: as you wish 1");
  EXPECT_EQ(watches(), 0u);
}

TEST_F(monitors_of_routes, one_that_wanted_to_end_has_ended_normally) {
  mortal();
  tell("monitor");
  kill("quit");
  EXPECT_EQ(tell("?"), "normal 1");
}

TEST_F(monitors_of_routes, a_handle_outlives_its_worker_and_monitors_the_next_one) {
  tell("monitor");
  EXPECT_EQ(tell("?"), "undeliverable: there is no worker at " + at() + " 1");
  for (int i = 2; i < 5; ++i) {
    mortal();
    tell("monitor");
    kill("quit");
    EXPECT_EQ(tell("?"), "normal " + std::to_string(i));
  }
}

TEST_F(monitors_of_routes, a_node_that_is_gone_is_unreachable) {
  mortal();
  tell("monitor");
  other.stop();
  net.advance(10s);
  EXPECT_EQ(tell("?").substr(0, 12), "unreachable:");
}

TEST_F(monitors_of_routes, who_demonitors_is_not_told_and_nothing_is_watched_any_more) {
  mortal();
  for (int i = 0; i < 3; ++i) {
    tell("monitor");
    EXPECT_EQ(watches(), 1u);
    tell("demonitor");
    EXPECT_EQ(watches(), 0u);
  }
  tell("monitor");
  tell("monitor");
  EXPECT_EQ(watches(), 1u) << "once, however often";
  kill("quit");
  EXPECT_EQ(tell("?"), "normal 2");
}

TEST_F(monitors_of_routes, a_link_ends_who_is_linked_or_tells_who_traps_it) {
  mortal();
  tell("link");
  EXPECT_EQ(watches(), 1u);
  tell("unlink");
  EXPECT_EQ(watches(), 0u);
  tell("link");
  kill("throw");
  EXPECT_EQ(tell("?"), "exit service-failed: the worker at " + at() + " failed: as you wish 0");
  mortal();
  start("child", spawning(
                   [](caf::event_based_actor* self, const route& to) -> caf::behavior {
                     auto far = remote(self, to);
                     self->link_to(far);
                     return {[far](const ockam::request&) { return "alive"; }};
                   },
                   route{link, address{"mortal"}}));
  EXPECT_EQ(tell("?", "child"), "alive");
  kill("throw");
  EXPECT_NE(tell("?", "child"), "alive");
}

TEST_F(monitors_of_routes, when_the_one_that_is_linked_ends_the_far_worker_goes_on) {
  mortal();
  tell("link");
  tell("quit");
  net.run();
  EXPECT_EQ(watches(), 0u);
  EXPECT_EQ(ask("x", {link, address{"mortal"}}), "x");
}

TEST_F(monitors_of_routes, a_handle_without_references_is_unreachable_and_watches_nothing) {
  mortal();
  tell("monitor");
  EXPECT_EQ(watches(), 1u);
  tell("forget");
  EXPECT_EQ(watches(), 0u);
  EXPECT_EQ(tell("?"), "of another: exit_reason(unreachable) 1");
}

TEST_F(monitors_of_routes, ten_thousand_handles_are_watched_in_one_session) {
  mortal();
  start("many", spawning(
                  [](caf::event_based_actor* self, const route& to) -> caf::behavior {
                    auto all = std::make_shared<std::vector<caf::actor>>();
                    auto downs = std::make_shared<int>(0);
                    self->set_down_handler([downs](caf::down_msg&) { ++*downs; });
                    for (int i = 0; i < 10'000; ++i)
                      self->monitor(all->emplace_back(remote(self, to)));
                    return {[all, downs](const ockam::request&) { return std::to_string(*downs); }};
                  },
                  route{link, address{"mortal"}}));
  net.advance(5s);
  EXPECT_EQ(watches(), 10'000u);
  EXPECT_EQ(other.workers().show(address{std::string{watch_address}})->counters["sessions"], 1u);
  kill("quit");
  net.advance(5s);
  EXPECT_EQ(tell("?", "many"), "10000");
  EXPECT_EQ(watches(), 0u);
}

} // namespace
} // namespace ockam::sim
