// SPDX-License-Identifier: Apache-2.0
#include "runtime/workers/pool_threads.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <memory>
#include <semaphore>
#include <vector>

namespace ockam {
namespace {

using namespace std::chrono_literals;

/// A turn that does what the test says, and is wanted again as often as that says so.
class job final : public caf::resumable {
 public:
  explicit job(std::function<bool()> turn) : turn_{std::move(turn)} {}
  resume_result resume(caf::execution_unit*, size_t) override { return turn_() ? resume_later : awaiting_message; }
  void intrusive_ptr_add_ref_impl() override {}
  void intrusive_ptr_release_impl() override { ++released; }
  std::atomic<int> released{0};

 private:
  std::function<bool()> turn_;
};

struct pool_threads_test : testing::Test {
  job& start(pool_threads& pool, std::function<bool()> turn) {
    auto& j = jobs.emplace_back(std::make_unique<job>(std::move(turn)));
    pool.exec_later(j.get());
    return *j;
  }
  /// A turn that ends when the test says so.
  void start_stuck(pool_threads& pool) {
    start(pool, [this] {
      ++stuck;
      end.acquire();
      return false;
    });
  }
  bool runs(pool_threads& pool, std::chrono::milliseconds within = 20s) {
    auto done = std::make_shared<std::binary_semaphore>(0);
    start(pool, [done] {
      done->release();
      return false;
    });
    return done->try_acquire_for(within);
  }

  std::vector<std::unique_ptr<job>> jobs;
  std::atomic<std::size_t> stuck{0};
  std::counting_semaphore<1000> end{0};
};

TEST_F(pool_threads_test, there_is_no_thread_before_the_first_job) {
  pool_threads pool{2};
  EXPECT_EQ(pool.size(), 0u);
  EXPECT_TRUE(runs(pool));
  EXPECT_GE(pool.size(), 1u);
}

TEST_F(pool_threads_test, everything_runs_once_and_is_released) {
  std::atomic<int> ran{0};
  {
    pool_threads pool{3};
    for (int i = 0; i < 10'000; ++i)
      start(pool, [&] {
        ++ran;
        return false;
      });
  } // runs what waits
  EXPECT_EQ(ran, 10'000);
  for (auto& j : jobs)
    EXPECT_EQ(j->released, 1);
}

TEST_F(pool_threads_test, a_job_that_has_more_to_do_comes_again) {
  int turns = 0;
  {
    pool_threads pool{1};
    start(pool, [&] { return ++turns < 100; });
  }
  EXPECT_EQ(turns, 100);
  EXPECT_EQ(jobs[0]->released, 1);
}

TEST_F(pool_threads_test, turns_that_do_not_end_take_nobodys_place) {
  pool_threads pool{1};
  for (int i = 0; i < 5; ++i)
    start_stuck(pool);
  EXPECT_TRUE(runs(pool));
  EXPECT_EQ(stuck, 5u) << "and each of them has its own";
  EXPECT_TRUE(runs(pool)) << "again and again";
  end.release(5);
}

TEST_F(pool_threads_test, turns_that_are_late_are_counted) {
  pool_threads pool{1};
  EXPECT_EQ(pool.waiting_and_late(), (std::pair<std::size_t, std::size_t>{0, 0}));
  for (int i = 0; i < 5; ++i)
    start_stuck(pool);
  EXPECT_TRUE(runs(pool)) << "behind them";
  auto [waiting, late] = pool.waiting_and_late();
  EXPECT_EQ(waiting, 0u);
  EXPECT_EQ(late, 5u);
  end.release(5);
}

TEST_F(pool_threads_test, there_is_an_end_to_the_threads_of_such_turns) {
  pool_threads pool{1};
  constexpr auto most = pool_threads::most_late + 2; // its place, and who looked out
  for (std::size_t i = 0; i < most; ++i)
    start_stuck(pool);
  while (stuck < most)
    std::this_thread::yield();
  EXPECT_FALSE(runs(pool, 100ms));
  EXPECT_EQ(pool.size(), most);
  end.release(1);
  EXPECT_TRUE(runs(pool)) << "the one before it as well";
  end.release(most - 1);
}

} // namespace
} // namespace ockam
