// SPDX-License-Identifier: Apache-2.0
// The budget of a worker: what it keeps, sends and requests is its own affair.
#include "sim/support/node.hpp"
#include "sim/support/wire.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <optional>

namespace ockam::sim {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t budget = 256u << 10;
const std::string large(20'000, 'x');

/// Does what the test wants.
class puppet final : public worker {
 public:
  explicit puppet(puppet*& self) { self = this; }
  void on_start() override { box = my_postbox(); }
  void on_message(message_ptr m) override { kept.push_back(std::move(m)); }
  using worker::forward;
  using worker::reply;
  using worker::request;
  using worker::send;
  std::vector<message_ptr> kept;
  std::optional<postbox> box;
};

//   peer ══ n1: keeper (budget 256 KiB), echo, other workers
class budget_of : public testing::TestWithParam<worker_thread> {
 protected:
  puppet& start(const std::string& name, std::size_t limit = budget) {
    puppet* self = nullptr;
    worker_options o;
    o.type = "test";
    o.thread = GetParam();
    o.budget = limit;
    o.consumer_of = {n1.context().flows.services};
    EXPECT_TRUE(n1.workers().start(address{name}, std::make_unique<puppet>(self), std::move(o)));
    net.run();
    return *self;
  }
  /// `f` as code of that worker.
  void act(puppet& who, unique_function<void()> f) {
    EXPECT_TRUE(who.box->post(std::move(f)));
    net.run();
  }
  worker_memory memory_of(const std::string& name) { return n1.workers().show(address{name})->memory; }
  std::uint64_t congested() { return n1.board().dropped()[drop_reason::congested]; }

  network net;
  node n1{net};
};

INSTANTIATE_TEST_SUITE_P(both, budget_of, testing::Values(worker_thread::socket, worker_thread::pool),
                         [](auto& i) { return i.param == worker_thread::pool ? "pool" : "socket"; });

TEST_P(budget_of, a_worker_that_keeps_messages_holds_up_no_link) {
  auto& keeper = start("keeper");
  auto peer = net.dial(n1.listen());
  peer.send(preamble);
  for (int i = 0; i < 100; ++i)
    peer.send(frame({"keeper"}, {"me"}, large));
  net.run();
  EXPECT_EQ(keeper.kept.size(), 12u) << "256 KiB of them";
  EXPECT_EQ(keeper.kept.size() + congested(), 100u);
  EXPECT_LE(memory_of("keeper").used, budget);
  EXPECT_EQ(memory_of("keeper").limit, budget);
  peer.send(frame({"echo"}, {"me"}, "still read"));
  net.run();
  EXPECT_NE(peer.receive().find("still read"), std::string::npos);
  keeper.kept.clear();
  EXPECT_EQ(memory_of("keeper").used, 0u);
  EXPECT_EQ(n1.budget().used(), 0u);
}

TEST_P(budget_of, what_does_not_fit_is_reported_with_the_limit) {
  auto& keeper = start("keeper");
  auto box = std::make_unique<mailbox>();
  auto& got = box->got;
  n1.start("me", std::move(box));
  while (congested() == 0)
    n1.send({"keeper"}, large, "me", true);
  ASSERT_EQ(got.size(), 1u);
  const auto* r = got[0]->header.get_report();
  ASSERT_NE(r, nullptr);
  EXPECT_EQ(r->reason, drop_reason::congested);
  EXPECT_NE(r->detail.find("budget of 256KiB"), std::string::npos) << r->detail;
  keeper.kept.pop_back();
  n1.send({"keeper"}, "there is room again", "me", true);
  EXPECT_EQ(keeper.kept.back()->body.text(), "there is room again");
}

TEST_P(budget_of, an_answer_after_a_while_goes_to_its_sender) {
  auto& keeper = start("keeper");
  auto peer = net.dial(n1.listen());
  peer.send(preamble);
  peer.send(frame({"keeper"}, {"me"}, large));
  net.run();
  ASSERT_EQ(keeper.kept.size(), 1u);
  act(keeper, [&] { keeper.reply(std::move(keeper.kept[0])); });
  EXPECT_NE(peer.receive().find(large), std::string::npos);
  EXPECT_EQ(n1.budget().used(), 0u);
}

TEST_P(budget_of, one_that_floods_leaves_the_others_theirs) {
  auto& flooder = start("flooder");
  auto& keeper = start("keeper", 64u << 20);
  auto& other = start("other");
  bool told = false;
  act(flooder, [&] {
    for (int i = 0; i < 100; ++i)
      flooder.send({"keeper"}, payload{large});
    other.box->post([&] { other.request({"echo"}, payload{"x"}, 1s, [&](result<message_ptr> r) { told = static_cast<bool>(r); }); });
  });
  EXPECT_GE(congested(), 88u) << "what is over the flooder's budget";
  EXPECT_EQ(keeper.kept.size() + congested(), 100u);
  EXPECT_TRUE(told);
  keeper.kept.clear();
}

TEST_P(budget_of, what_another_worker_keeps_is_no_longer_charged_to_who_sent_it) {
  auto& sender = start("sender");
  auto& keeper = start("keeper", 64u << 20);
  for (int round = 0; round < 30; ++round) {
    act(sender, [&] {
      for (int i = 0; i < 3; ++i) // as much as waits in a mailbox
        sender.send({"keeper"}, payload{large});
    });
    EXPECT_EQ(memory_of("sender").used, 0u);
  }
  EXPECT_EQ(keeper.kept.size(), 90u);
  EXPECT_EQ(congested(), 0u);
}

TEST_P(budget_of, a_request_that_does_not_fit_fails_and_says_so) {
  auto& asker = start("asker");
  start("silent", 64u << 20);
  std::vector<errc> outcomes;
  bool at_once = false, calling = true;
  act(asker, [&] {
    for (int i = 0; i < 20; ++i)
      asker.request({"silent"}, payload{large}, 1h, [&](result<message_ptr> r) {
        at_once |= calling;
        outcomes.push_back(r.error().code);
      });
    calling = false;
  });
  EXPECT_EQ(std::count(outcomes.begin(), outcomes.end(), errc::limit_reached), 8);
  EXPECT_FALSE(at_once) << "a handler is called later";
  EXPECT_GE(congested(), 8u);
}

TEST_P(budget_of, requests_under_way_are_bounded) {
  auto& asker = start("asker", 64u << 20);
  start("silent", 64u << 20);
  std::size_t refused = 0;
  act(asker, [&] {
    for (std::size_t i = 0; i < 10'010; ++i)
      asker.request({"silent"}, {}, 1h, [&](result<message_ptr> r) { refused += r.error().code == errc::limit_reached; });
  });
  EXPECT_EQ(refused, 10u);
}

TEST_P(budget_of, a_worker_that_ends_gives_back_what_it_kept) {
  start("keeper");
  n1.send({"keeper"}, large);
  EXPECT_GT(n1.budget().used(), large.size());
  ASSERT_TRUE(n1.workers().stop(address{"keeper"}));
  net.run();
  EXPECT_EQ(n1.budget().used(), 0u);
}

TEST_P(budget_of, the_grown_answer_is_charged_to_who_asked) {
  class grower final : public worker {
    void on_message(message_ptr m) override { reply(std::move(m), payload{std::string(1u << 20, 'y')}); }
  };
  n1.start("grower", std::make_unique<grower>(), GetParam());
  auto box = std::make_unique<mailbox>();
  auto& got = box->got;
  n1.start("me", std::move(box));
  n1.send({"grower"}, "x", "me");
  ASSERT_EQ(got.size(), 1u);
  EXPECT_GE(got[0]->held.bytes(), 1u << 20);
  EXPECT_EQ(n1.budget().used(), got[0]->held.bytes());
}

TEST(budget_of_stock_services, there_is_none) {
  network net;
  node n1{net};
  EXPECT_EQ(n1.workers().show(address{"echo"})->memory.limit, 0u);
  EXPECT_EQ(n1.workers().show(address{"uppercase"})->memory.limit, 0u);
}

} // namespace
} // namespace ockam::sim
