// SPDX-License-Identifier: Apache-2.0
// Some thousands of short schedules, and whether the simulation itself sees what it is there for. That it finds
// faults in nodes is tested by putting them back: known_faults.cmake.
#include "simulate/schedule.hpp"

#include "simulate/flows.hpp"

#include <gtest/gtest.h>

#include <charconv>
#include <cstdlib>

namespace ockam::simulate {
namespace {

using namespace std::chrono_literals;

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr std::uint64_t usual = 15;
#else
constexpr std::uint64_t usual = 150;
#endif

/// How many schedules a test runs; OCKAM_SCHEDULES says another number.
std::uint64_t schedules() {
  std::uint64_t n = usual;
  if (const char* text = std::getenv("OCKAM_SCHEDULES"))
    std::from_chars(text, text + std::char_traits<char>::length(text), n);
  return n;
}

// Several tests, so that they run side by side.
class schedules_from : public testing::TestWithParam<std::uint64_t> {};
INSTANTIATE_TEST_SUITE_P(seeds, schedules_from, testing::Range<std::uint64_t>(0, 16));

TEST_P(schedules_from, keep_every_promise) {
  for (auto seed = GetParam() * 10'000 + 1; seed <= GetParam() * 10'000 + schedules(); ++seed) {
    auto o = run(seed, {});
    ASSERT_FALSE(o.failure) << "schedule " << seed << " breaks " << to_string(o.failure->what) << " after " << o.failure->at.count()
                            << " ms: " << o.failure->how << "\nreplay: dev/simulate --commit $(git rev-parse HEAD) --seed " << seed
                            << " --trace";
    EXPECT_GT(o.sent, 0u) << seed;
  }
}

TEST(schedule, equal_seeds_give_equal_runs_and_others_do_not) {
  std::uint64_t last = 0;
  for (std::uint64_t seed : {3, 1'000, 77'777}) {
    std::vector<std::string> first, second;
    options o;
    o.trace = [&](const std::string& line) { first.push_back(line); };
    auto a = run(seed, o);
    o.trace = [&](const std::string& line) { second.push_back(line); };
    auto b = run(seed, o);
    EXPECT_EQ(first, second);
    EXPECT_EQ(a.fingerprint, b.fingerprint) << seed;
    EXPECT_NE(a.fingerprint, last);
    EXPECT_GT(first.size(), 10u);
    last = a.fingerprint;
  }
}

// -- the checks themselves, where no node breaks what they check ----------------------------------------

class arrivals : public testing::Test {
 protected:
  void send(int n) {
    for (int i = 0; i < n; ++i)
      (void)all.next_payload(f, 20);
  }
  void arrive(int number, const route& back = {"x"}) {
    all.arrived(std::to_string(f.number) + ":" + std::to_string(number) + ":", back);
  }
  std::optional<invariant> broken() const {
    return seen.failure() ? std::optional{seen.failure()->what} : std::nullopt;
  }
  journal seen{{invariant::order, invariant::no_holes, invariant::accounting}, {}};
  flows all{seen};
  flow& f = all.open("one to two");
};

TEST_F(arrivals, may_have_gaps_but_not_go_backwards) {
  send(10);
  for (auto n : {0, 1, 5, 9})
    arrive(n);
  EXPECT_FALSE(broken());
  arrive(8);
  EXPECT_EQ(broken(), invariant::order);
}

TEST_F(arrivals, may_not_come_twice) {
  send(2);
  arrive(0);
  arrive(0);
  EXPECT_EQ(broken(), invariant::order);
}

TEST_F(arrivals, of_two_paths_are_in_order_each) {
  send(10);
  arrive(5, {"new link"});
  arrive(2, {"old link"});
  arrive(6, {"new link"});
  arrive(3, {"old link"});
  EXPECT_FALSE(broken());
}

TEST_F(arrivals, of_a_stream_are_a_prefix) {
  f.is_stream = true;
  send(10);
  for (auto n : {0, 1, 2})
    arrive(n);
  EXPECT_FALSE(broken());
  arrive(4);
  EXPECT_EQ(broken(), invariant::no_holes);
}

TEST_F(arrivals, that_nobody_has_sent_are_noticed) {
  send(1);
  arrive(1);
  EXPECT_EQ(broken(), invariant::accounting);
}

TEST(journal, records_the_first_violation_of_what_is_checked) {
  journal j{{invariant::order}, {}};
  j.violated(invariant::memory, "not asked for");
  EXPECT_FALSE(j.failure());
  j.violated(invariant::order, "first");
  j.violated(invariant::order, "second");
  ASSERT_TRUE(j.failure());
  EXPECT_EQ(j.failure()->how, "first");
}

} // namespace
} // namespace ockam::simulate
