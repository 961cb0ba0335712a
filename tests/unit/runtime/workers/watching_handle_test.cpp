// SPDX-License-Identifier: Apache-2.0
// Handles that are monitored, let go and told of ends by several threads at a time. What the desk is asked is answered
// by a thread of the test, in place of a node.
#include "runtime/workers/watching_handle.hpp"

#include "runtime/workers/watch_desk.hpp"

#include <caf/actor_config.hpp>
#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/event_based_actor.hpp>
#include <caf/make_actor.hpp>
#include <caf/scoped_actor.hpp>
#include <caf/system_messages.hpp>
#include <gtest/gtest.h>

#include <atomic>
#include <map>
#include <thread>
#include <vector>

namespace ockam {
namespace {

class handle final : public watching_handle {
 public:
  using watching_handle::watching_handle;
  void enqueue(caf::mailbox_element_ptr m, caf::execution_unit* unit) override {
    if (m->content().match_elements<caf::exit_msg>())
      on_exit_message(m->content().get_as<caf::exit_msg>(0), unit);
  }
};

/// In place of a node: knows what is watched, and says that it has ended.
class ends {
 public:
  explicit ends(watch_desk& desk) : desk_{desk} {}
  void look() {
    auto orders = desk_.take();
    watched_.merge(orders.fresh);
    for (auto id : orders.gone)
      watched_.erase(id);
  }
  void end_one() {
    if (watched_.empty())
      return;
    auto first = watched_.extract(watched_.begin());
    first.mapped().then({errc::service_failed, "as you wish", {}});
  }
  std::size_t watched() const { return watched_.size(); }

 private:
  watch_desk& desk_;
  std::map<watch_id, watch_order> watched_;
};

class watching_handles : public testing::Test {
 protected:
  watching_handles() { watch_desk::set(system, desk); }
  ~watching_handles() override { watch_desk::set(system, nullptr); }
  caf::actor make() {
    caf::actor_config c;
    return caf::make_actor<handle, caf::actor>(system.next_actor_id(), system.node(), &system, c,
                                               std::make_shared<const route>(route{"a"}));
  }

  caf::actor_system_config cfg;
  caf::actor_system system{cfg};
  std::shared_ptr<watch_desk> desk = std::make_shared<watch_desk>([] {});
};

TEST_F(watching_handles, every_monitor_is_told_once_whatever_happens_at_the_same_time) {
  constexpr int rounds = 2'000, threads = 3;
  auto far = make();
  std::atomic<int> running{threads};
  std::vector<std::thread> all;
  for (int t = 0; t < threads; ++t)
    all.emplace_back([&] {
      caf::scoped_actor self{system};
      for (int i = 0; i < rounds; ++i) {
        self->monitor(far);
        int downs = 0;
        self->receive([&](const caf::down_msg& down) {
          ++downs;
          EXPECT_EQ(down.source, far.address());
        });
        EXPECT_EQ(downs, 1);
      }
      --running;
    });
  ends node{*desk};
  while (running > 0) {
    node.look();
    node.end_one();
  }
  for (auto& t : all)
    t.join();
  node.look();
  EXPECT_EQ(node.watched(), 0u) << "nobody monitors it any more";
}

TEST_F(watching_handles, what_is_let_go_is_watched_no_more_whatever_happens_at_the_same_time) {
  constexpr int rounds = 2'000, threads = 3;
  auto far = make();
  std::atomic<int> running{threads};
  std::vector<std::thread> all;
  for (int t = 0; t < threads; ++t)
    all.emplace_back([&, t] {
      caf::scoped_actor self{system};
      for (int i = 0; i < rounds; ++i) {
        auto own = make(); // ends with the round
        self->monitor(own);
        self->monitor(far);
        if (t == 0)
          self->demonitor(own);
        self->demonitor(far);
      }
      --running;
    });
  ends node{*desk};
  for (int i = 0; running > 0; ++i) {
    node.look();
    if (i % 2 == 0)
      node.end_one();
  }
  for (auto& t : all)
    t.join();
  node.look();
  EXPECT_EQ(node.watched(), 0u);
}

TEST_F(watching_handles, where_nobody_tells_of_ends_any_more_a_monitor_and_a_link_are_told_so) {
  auto far = make();
  for (bool is_there : {true, false}) {
    is_there ? void(desk->close()) : watch_desk::set(system, nullptr);
    caf::scoped_actor self{system};
    for (int i = 0; i < 3; ++i) {
      self->monitor(far);
      self->receive([&](const caf::down_msg& down) { EXPECT_EQ(down.source, far.address()); });
      auto linked = system.spawn([far](caf::event_based_actor* a) -> caf::behavior {
        a->link_to(far);
        return {[](int) {}};
      });
      self->wait_for(linked);
    }
  }
}

TEST_F(watching_handles, two_that_are_linked_to_each_other_wait_for_nobody) {
  ends node{*desk};
  std::vector<std::thread> all;
  auto one = make(), two = make();
  for (int t = 0; t < 2; ++t)
    all.emplace_back([&, t] {
      auto* from = static_cast<caf::monitorable_actor*>(caf::actor_cast<caf::abstract_actor*>(t == 0 ? one : two));
      for (int i = 0; i < 2'000; ++i) {
        from->link_to(t == 0 ? two : one);
        from->unlink_from(t == 0 ? two : one);
      }
    });
  for (auto& t : all)
    t.join();
  node.look();
  EXPECT_LE(node.watched(), 2u);
}

} // namespace
} // namespace ockam
