// SPDX-License-Identifier: Apache-2.0
#include "runtime/workers/watchdog.hpp"

#include "runtime/workers/worker_host.hpp"

#include <caf/message_handler.hpp>
#include <gtest/gtest.h>

#include <cstdlib>
#include <future>
#include <thread>

namespace ockam {
namespace {

using namespace std::chrono_literals;

const std::string this_node = "n1";

/// A host that does nothing but have a name.
class idle_host final : public worker_host {
 public:
  explicit idle_host(const std::string& name, watchdog* dog = nullptr)
    : worker_host{address{name}, this_node, nullptr, dog, worker_thread::pool, {}} {}

  void deliver(message_ptr) override { must_not(); }
  std::uint64_t set_timer(std::chrono::milliseconds) override { return must_not(); }
  void cancel_timer(std::uint64_t) override { must_not(); }
  void stop() override { must_not(); }
  void compute(message_ptr, computation) override { must_not(); }
  bool is_computing_for(const message&) const override { return must_not() != 0; }
  caf::scheduled_actor& actor() noexcept override { std::abort(); }
  void handle_also(caf::message_handler) override { must_not(); }

 private:
  void end_message(message_ptr, drop_reason, std::string_view) override { must_not(); }
  void open_request(message_ptr, std::uint64_t, std::chrono::milliseconds) override { must_not(); }
  void tell(family_event) override { must_not(); }
  void post(unique_function<void()>) override { must_not(); }
  void run_posted(unique_function<void()>&) override { must_not(); }
  void tell_of_end(const error&) noexcept override { must_not(); }
  void begin_again_in(std::chrono::milliseconds) override { must_not(); }
  void finish(error) noexcept override { must_not(); }
  void abandon() noexcept override { must_not(); }
  static std::uint64_t must_not() {
    ADD_FAILURE() << "called";
    return 0;
  }
};

/// Until the dog has that many findings, which are then given; a look of its own is what is waited for.
std::vector<watchdog::finding> await(const watchdog& dog, std::size_t count) {
  auto deadline = watchdog::clock::now() + 10s;
  while (watchdog::clock::now() < deadline)
    if (auto found = dog.overdue(); found.size() == count)
      return found;
    else
      std::this_thread::yield();
  ADD_FAILURE() << "still not " << count << " findings";
  return {};
}

TEST(watchdog, finds_who_does_not_return_and_forgets_who_has) {
  watchdog dog{20ms};
  idle_host host{"slow"};
  {
    watchdog::scope busy{&dog, host, false};
    auto found = await(dog, 1);
    ASSERT_EQ(found.size(), 1u);
    EXPECT_EQ(found[0].worker, "0#slow");
    EXPECT_FALSE(found[0].on_pool);
    EXPECT_GE(watchdog::clock::now() - found[0].since, 20ms);
    EXPECT_EQ(host.stats().overruns, 1u);
  }
  await(dog, 0);
  EXPECT_EQ(host.stats().overruns, 1u);
}

TEST(watchdog, takes_many_short_calls_for_what_they_are) {
  watchdog dog{500ms};
  idle_host host{"busy"};
  // For longer than the dog allows one call.
  for (auto end = watchdog::clock::now() + 700ms; watchdog::clock::now() < end;) {
    watchdog::scope busy{&dog, host, false};
    ASSERT_TRUE(dog.overdue().empty());
  }
  EXPECT_EQ(host.stats().overruns, 0u);
}

TEST(watchdog, names_the_inner_of_two) {
  watchdog dog{20ms};
  idle_host outer{"outer"}, inner{"inner"};
  watchdog::scope first{&dog, outer, false};
  watchdog::scope second{&dog, inner, false};
  auto found = await(dog, 1);
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].worker, "0#inner");
}

TEST(watchdog, watches_each_thread) {
  watchdog dog{20ms};
  idle_host here{"here"}, there{"there"};
  std::promise<void> go;
  auto other = std::async(std::launch::async, [&, until = go.get_future()] {
    watchdog::scope busy{&dog, there, true};
    until.wait();
  });
  watchdog::scope busy{&dog, here, false};
  auto found = await(dog, 2);
  go.set_value();
  other.wait();
  ASSERT_EQ(found.size(), 2u);
  EXPECT_NE(found[0].on_pool, found[1].on_pool);
}

TEST(watchdog, is_not_needed) {
  idle_host host{"free"};
  watchdog::scope busy{nullptr, host, false};
  EXPECT_EQ(host.stats().overruns, 0u);
}

} // namespace
} // namespace ockam
