// SPDX-License-Identifier: Apache-2.0
#include "runtime/core/timer_queue.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <iterator>
#include <map>
#include <memory>
#include <numeric>
#include <optional>
#include <random>
#include <vector>

namespace ockam {
namespace {

class timers : public testing::Test {
 protected:
  static timer_queue::clock::time_point at(int ms) { return timer_queue::clock::time_point{std::chrono::milliseconds{ms}}; }
  void add(int ms, int name) {
    q.add(at(ms), [this, name] { fired.push_back(name); });
  }
  timer_queue q;
  std::vector<int> fired;
};

TEST_F(timers, fire_in_order_of_their_deadline_when_due) {
  add(30, 3);
  add(10, 1);
  add(20, 2);
  EXPECT_EQ(*q.next(), at(10));
  q.run(at(20));
  EXPECT_EQ(fired, (std::vector<int>{1, 2}));
  q.run(at(100));
  EXPECT_EQ(fired, (std::vector<int>{1, 2, 3}));
  EXPECT_FALSE(q.next());
}

TEST_F(timers, may_be_cancelled_also_by_one_another) {
  auto later = q.add(at(20), [this] { fired.push_back(2); });
  q.add(at(10), [this, later] { q.cancel(later); });
  q.run(at(30));
  EXPECT_TRUE(fired.empty());
  q.cancel(later);
  q.cancel(12345);
  EXPECT_EQ(q.size(), 0u);
}

TEST_F(timers, added_while_firing_wait_for_the_next_call) {
  q.add(at(10), [this] {
    fired.push_back(1);
    add(10, 2);
  });
  q.run(at(10));
  EXPECT_EQ(fired, std::vector<int>{1}) << "or one that adds itself would never end";
  q.run(at(10));
  EXPECT_EQ(fired, (std::vector<int>{1, 2}));
}

TEST_F(timers, of_one_deadline_fire_as_they_were_added) {
  for (int i = 0; i < 20; ++i)
    add(10, i);
  q.run(at(10));
  std::vector<int> all(20);
  std::iota(all.begin(), all.end(), 0);
  EXPECT_EQ(fired, all);
}

TEST_F(timers, that_are_over_are_not_taken_for_later_ones) {
  auto first = q.add(at(10), [] {});
  q.cancel(first);
  add(10, 1); // at the same place
  q.cancel(first);
  EXPECT_EQ(q.size(), 1u);
  q.run(at(10));
  EXPECT_EQ(fired, std::vector<int>{1});
}

TEST_F(timers, may_end_others_as_what_they_hold_is_destroyed) {
  struct cancels {
    timer_queue& q;
    timer_queue::id other;
    ~cancels() { q.cancel(other); }
  };
  auto other = q.add(at(20), [this] { fired.push_back(2); });
  auto one = q.add(at(10), [held = std::make_shared<cancels>(q, other)] {});
  q.cancel(one);
  EXPECT_EQ(q.size(), 0u);
}

TEST_F(timers, fire_as_an_ordered_map_has_them_whatever_is_added_and_cancelled) {
  std::mt19937 random{1};
  auto below = [&](std::size_t n) { return random() % n; };
  std::multimap<int, int> model; // deadline to name
  std::map<int, timer_queue::id> ids;
  int now = 0;
  for (int name = 0; name < 20'000; ++name) {
    auto when = now + static_cast<int>(below(300));
    ids[name] = q.add(at(when), [this, name] { fired.push_back(name); });
    model.emplace(when, name);
    if (below(4) != 0) {
      auto it = std::next(model.begin(), static_cast<std::ptrdiff_t>(below(std::min<std::size_t>(model.size(), 40))));
      q.cancel(ids[it->second]);
      model.erase(it);
    }
    if (below(50) == 0) {
      now += static_cast<int>(below(100));
      fired.clear();
      q.run(at(now));
      std::vector<int> want;
      for (auto it = model.begin(); it != model.end() && it->first <= now; it = model.erase(it))
        want.push_back(it->second);
      ASSERT_EQ(fired, want) << name;
    }
    ASSERT_EQ(q.size(), model.size()) << name;
    ASSERT_EQ(q.next(), model.empty() ? std::nullopt : std::optional{at(model.begin()->first)}) << name;
  }
}

} // namespace
} // namespace ockam
