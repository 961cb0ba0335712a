// SPDX-License-Identifier: Apache-2.0
// Actors that actors of a service start, as an operator sees them.
#include "runtime/workers/actor_children.hpp"
#include "runtime/workers/actor_service.hpp"

#include "sim/support/asking.hpp"

#include <caf/stateful_actor.hpp>
#include <gtest/gtest.h>

namespace ockam::sim {
namespace {

struct named {
  const char* name = "adder";
};

caf::behavior leaf(caf::stateful_actor<named>* self) {
  return {[self](const std::string&) { self->quit(); }};
}

/// Has one below it.
caf::behavior branch(caf::event_based_actor* self) {
  auto below = spawn_child(self, leaf);
  return {[self, below](const std::string& what) { self->send(below, what); }};
}

/// Has two children; "quit" ends the first of them, "leaf" what is below the second.
caf::behavior root(caf::stateful_actor<named>* self) {
  self->state.name = "root";
  auto first = spawn_child(self, leaf);
  auto second = spawn_child(self, branch);
  return {[=](const request& r) -> std::string {
    if (r.text() == "quit")
      self->send(first, std::string{"quit"});
    if (r.text() == "leaf")
      self->send(second, std::string{"quit"});
    return "done";
  }};
}

class actor_children : public testing::Test, protected asking {
 protected:
  actor_children() {
    EXPECT_TRUE(start_service(net, n, "service", [make = actor_service("test", root).make] { return make({}); }));
  }
  worker_kin kin() { return n.workers().kin_of(*n.board().find(address{"service"})); }
};

TEST_F(actor_children, are_shown_below_the_actor_that_has_started_them_by_their_names) {
  auto k = kin();
  EXPECT_EQ(k.children, 2u);
  ASSERT_EQ(k.actors.size(), 3u);
  EXPECT_EQ(k.actors[0].parent, k.actor);
  EXPECT_EQ(k.actors[1].parent, k.actor);
  EXPECT_EQ(k.actors[2].parent, k.actors[1].id) << "parents come before their children";
  EXPECT_EQ(k.actors[0].name, "adder");
  EXPECT_EQ(k.actors[1].name, "");
  EXPECT_EQ(k.actors[2].name, "adder");
}

TEST_F(actor_children, are_shown_until_they_end) {
  ask("quit");
  EXPECT_EQ(kin().children, 1u);
  EXPECT_EQ(kin().actors.size(), 2u);
  ask("leaf");
  EXPECT_EQ(kin().actors.size(), 1u);
}

TEST_F(actor_children, of_several_instances_are_shown_below_the_actor_of_each) {
  auto o = service_on_pool();
  o.instances = 3;
  EXPECT_TRUE(start_service(net, n, "several", [make = actor_service("test", root).make] { return make({}); }, o));
  auto k = n.workers().kin_of(*n.board().find(address{"several"}));
  EXPECT_EQ(k.actor, 0u);
  EXPECT_EQ(k.children, 6u);
  ASSERT_EQ(k.actors.size(), 12u);
  for (std::size_t i = 0; i < 12; i += 4) {
    EXPECT_EQ(k.actors[i].parent, 0u);
    EXPECT_EQ(k.actors[i].name, "adder") << "as it was spawned";
    EXPECT_EQ(k.actors[i + 1].parent, k.actors[i].id);
    EXPECT_EQ(k.actors[i + 3].parent, k.actors[i + 2].id);
  }
  EXPECT_FALSE(k.more_actors);
}

TEST(table_of_actor_children, is_bounded_and_shows_no_more_than_a_list_bears) {
  actors::children all;
  for (std::uint64_t i = 2; i < actors::children::most + 2; ++i)
    ASSERT_TRUE(all.add({i, 1, {}}));
  EXPECT_FALSE(all.add({1'000'000, 1, {}}));
  EXPECT_EQ(all.below(1).size(), actors::children::most_shown + 1) << "there are more";
  all.remove(1, 7);
  all.remove(1, 7);
  all.remove(99, 7);
  EXPECT_TRUE(all.add({1'000'000, 1, {}}));
  EXPECT_FALSE(all.add({1'000'001, 1, {}}));
}

} // namespace
} // namespace ockam::sim
