// SPDX-License-Identifier: Apache-2.0
// What runs beside a real node: its own function, and the actors that this publishes.
#include "runtime/node/node.hpp"
#include "runtime/workers/actor_publisher.hpp"

#include <caf/event_based_actor.hpp>
#include <caf/scoped_actor.hpp>
#include <gtest/gtest.h>

#include <future>

namespace ockam {
namespace {

using namespace std::chrono_literals;

caf::behavior greeter(caf::event_based_actor*) {
  return {[](const ockam::request&) { return std::string{"hello"}; }};
}

class node_run : public testing::Test {
 protected:
  void SetUp() override {
    node_config c;
    c.name = "n1";
    c.threads = 1;
    auto started = node::start(std::move(c), {{}, {}});
    ASSERT_TRUE(started);
    n = *std::move(started);
  }
  /// Whether it had to be left behind.
  bool stops() {
    bool in_time = true;
    n->stop(10s, [&] { in_time = false; });
    return in_time;
  }

  std::unique_ptr<node> n;
  std::promise<void> published;
  std::promise<std::optional<std::string>> over;
};

TEST_F(node_run, a_function_that_waits_for_what_it_has_published_ends_with_the_node) {
  result<void> late = error{errc::internal, "not asked", {}};
  n->run(
    [&](caf::actor_system& system) {
      auto a = system.spawn(greeter);
      ASSERT_TRUE(publish(system, "greeter", a));
      published.set_value();
      caf::scoped_actor self{system};
      self->wait_for(a);
      late = publish(system, "late", system.spawn(greeter)); // the node has stopped its workers
    },
    [&](std::optional<std::string> threw) { over.set_value(std::move(threw)); });
  published.get_future().wait();
  EXPECT_TRUE(stops());
  EXPECT_EQ(over.get_future().get(), std::nullopt);
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().code, errc::closed);
}

TEST_F(node_run, a_function_that_has_returned_is_over_when_what_it_has_published_is) {
  n->run(
    [&](caf::actor_system& system) {
      ASSERT_TRUE(publish(system, "greeter", system.spawn(greeter)));
      published.set_value();
    },
    [&](std::optional<std::string> threw) { over.set_value(std::move(threw)); });
  published.get_future().wait();
  EXPECT_TRUE(stops());
  EXPECT_EQ(over.get_future().get(), std::nullopt);
}

} // namespace
} // namespace ockam
