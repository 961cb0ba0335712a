// SPDX-License-Identifier: Apache-2.0
#include "runtime/workers/watch_desk.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <set>
#include <thread>
#include <vector>

namespace ockam {
namespace {

watch_order order_of(const char* name) {
  return {{name}, nullptr, [](const error&) {}};
}

TEST(watch_desk, wakes_once_until_somebody_looks) {
  int woken = 0;
  watch_desk desk{[&] { ++woken; }};
  auto first = desk.watch(order_of("a"));
  desk.watch(order_of("b"));
  EXPECT_EQ(woken, 1);
  auto orders = desk.take();
  EXPECT_EQ(orders.fresh.size(), 2u);
  EXPECT_EQ(orders.fresh.begin()->second.to, (route{"a"}));
  desk.unwatch(first);
  EXPECT_EQ(woken, 2);
  EXPECT_EQ(desk.take().gone, std::vector<watch_id>{first});
}

TEST(watch_desk, what_is_taken_back_before_anybody_looks_leaves_nothing) {
  watch_desk desk{[] {}};
  for (int i = 0; i < 1'000; ++i)
    desk.unwatch(desk.watch(order_of("a")));
  auto orders = desk.take();
  EXPECT_TRUE(orders.fresh.empty());
  EXPECT_TRUE(orders.gone.empty());
}

TEST(watch_desk, what_an_order_holds_may_come_back_to_the_desk_when_it_goes) {
  watch_desk desk{[] {}};
  auto earlier = desk.watch(order_of("a"));
  (void)desk.take();
  auto held = std::shared_ptr<int>{new int{0}, [&](int* p) {
                                     desk.unwatch(earlier);
                                     delete p;
                                   }};
  desk.unwatch(desk.watch({{"b"}, nullptr, [held = std::move(held)](const error&) {}}));
  EXPECT_EQ(desk.take().gone, std::vector<watch_id>{earlier});
}

TEST(watch_desk, gives_out_what_waits_when_it_closes_and_takes_nothing_more) {
  int woken = 0;
  watch_desk desk{[&] { ++woken; }};
  auto earlier = desk.watch(order_of("a"));
  EXPECT_EQ(desk.close().fresh.size(), 1u);
  EXPECT_EQ(desk.watch(order_of("b")), 0u);
  desk.unwatch(earlier);
  auto orders = desk.take();
  EXPECT_TRUE(orders.fresh.empty() && orders.gone.empty());
  EXPECT_EQ(woken, 1);
}

TEST(watch_desk, loses_nothing_between_threads) {
  std::atomic<int> woken{0};
  watch_desk desk{[&] { ++woken; }};
  constexpr int each = 5'000;
  std::atomic<bool> over{false};
  std::set<watch_id> there;
  auto look = [&] {
    auto orders = desk.take();
    for (auto& [id, o] : orders.fresh)
      EXPECT_TRUE(there.insert(id).second);
    for (auto id : orders.gone)
      EXPECT_EQ(there.erase(id), 1u);
  };
  std::thread looks{[&] {
    while (!over)
      look();
  }};
  std::vector<std::thread> all;
  for (int t = 0; t < 3; ++t)
    all.emplace_back([&] {
      for (int i = 0; i < each; ++i) {
        auto id = desk.watch(order_of("a"));
        if (i % 2 == 0)
          desk.unwatch(id);
      }
    });
  for (auto& t : all)
    t.join();
  over = true;
  looks.join();
  look();
  EXPECT_EQ(there.size(), 3u * each / 2);
  EXPECT_GT(woken, 0);
}

} // namespace
} // namespace ockam
