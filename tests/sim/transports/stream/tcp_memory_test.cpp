// SPDX-License-Identifier: Apache-2.0
// Bounded memory (docs/architecture.md, Memory and credit): budgets, pauses that end, no destination that
// keeps a whole budget, stall, loan.
#include "sim/support/node.hpp"
#include "sim/support/talker.hpp"

#include <gtest/gtest.h>

namespace ockam::sim {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t one_read = 256u << 10; // by how much a budget may be exceeded: one read buffer

class tcp_memory : public testing::Test {
 protected:
  void expect_all_returned(node& n) {
    net.run();
    EXPECT_EQ(n.budget().used(), 0u);
    EXPECT_EQ(n.board().queued(), 0u);
  }
  network net;
};

//   talker ══ n1: echo
TEST_F(tcp_memory, a_peer_that_reads_nothing_is_paused_and_goes_on_when_it_reads) {
  node n1{net};
  talker t{net, n1.listen()};
  constexpr std::size_t count = 200, size = 40'000; // 8 MB
  for (std::size_t i = 0; i < count; ++i)
    t.end.send(frame({"echo"}, {"me"}, numbered(i, size)));
  net.run();
  EXPECT_LE(n1.budget().used(), limits{}.link_budget + one_read);
  EXPECT_GT(t.end.unread(), 5'000'000u) << "the node has stopped reading";
  EXPECT_GE(n1.link().pauses, 1u);
  t.drain();
  ASSERT_EQ(t.frames.size(), count);
  for (std::size_t i = 0; i < count; ++i)
    ASSERT_EQ(t.frames[i].body, numbered(i, size));
  EXPECT_EQ(n1.link().dropped.total(), 0u);
  expect_all_returned(n1);
}

//   talker (reads nothing) ══ n1: echo ══ bystander
TEST_F(tcp_memory, a_peer_that_reads_nothing_is_not_noticed_by_others) {
  node n1{net};
  auto at = n1.listen();
  talker deaf{net, at}, other{net, at};
  for (std::size_t i = 0; i < 200; ++i)
    deaf.end.send(frame({"echo"}, {"me"}, std::string(40'000, 'x')));
  net.run();
  for (std::size_t i = 0; i < 50; ++i) {
    other.end.send(frame({"echo"}, {"me"}, numbered(i, 5'000)));
    other.drain();
    ASSERT_EQ(other.frames.size(), i + 1);
  }
  net.advance(5s); // replies that wait for the deaf one are dropped by now
  other.end.send(frame({"echo"}, {"me"}, "again"));
  other.drain();
  EXPECT_EQ(other.frames.back().body, "again");
}

TEST_F(tcp_memory, a_peer_that_reads_nothing_for_30_s_is_closed) {
  node n1{net};
  talker deaf{net, n1.listen()};
  for (std::size_t i = 0; i < 200; ++i)
    deaf.end.send(frame({"echo"}, {"me"}, std::string(40'000, 'x')));
  net.advance(29s);
  EXPECT_FALSE(deaf.end.closed_by_peer());
  net.advance(4s);
  EXPECT_TRUE(deaf.end.closed_by_peer());
  EXPECT_EQ(n1.board().refused()[refusal::write_timeout], 1u);
  EXPECT_GT(n1.board().dropped()[drop_reason::congested], 0u);
  expect_all_returned(n1);
}

TEST_F(tcp_memory, a_peer_that_reads_slowly_is_not_stalled) {
  node n1{net};
  talker slow{net, n1.listen()};
  slow.end.window(4'000);
  constexpr std::size_t count = 100;
  for (std::size_t i = 0; i < count; ++i)
    slow.end.send(frame({"echo"}, {"me"}, numbered(i, 1'000)));
  for (int i = 0; i < 60 && slow.frames.size() < count; ++i) {
    net.advance(1'500ms); // a bit less than `stall` between two reads
    slow.take();
  }
  ASSERT_EQ(slow.frames.size(), count);
  EXPECT_EQ(n1.link().dropped.total(), 0u);
  expect_all_returned(n1);
}

//   sender ══ n1: hop, echo ══ deaf
TEST_F(tcp_memory, a_deaf_destination_takes_no_sender_hostage) {
  node n1{net};
  auto at = n1.listen();
  n1.start("hop");
  talker deaf{net, at};
  deaf.drain();
  address to_deaf{n1.link().worker_address};
  talker sender{net, at};
  for (std::size_t i = 0; i < 400; ++i)
    sender.end.send(frame({"hop", to_deaf, "x"}, {"me"}, std::string(20'000, 'd'))); // 8 MB
  sender.end.send(frame({"echo"}, {"me"}, "for me"));
  net.advance(1s);
  sender.take();
  EXPECT_TRUE(sender.frames.empty()) << "held up first";
  net.advance(3s); // `stall`
  sender.drain();
  ASSERT_EQ(sender.frames.size(), 1u);
  EXPECT_EQ(sender.frames[0].body, "for me");
  EXPECT_GT(n1.board().dropped()[drop_reason::congested] + n1.board().dropped()[drop_reason::stream_broken], 300u);
  // What waits is dropped once it has waited for two seconds without progress.
  net.advance(4'100ms);
  for (const auto& l : n1.tcp().links())
    EXPECT_LE(l.queued_bytes, 300'000u) << l.socket_address;
  deaf.drain();
  EXPECT_GT(deaf.frames.size(), 10u); // what was on its way already
  expect_all_returned(n1);
}

//   sender ══ n1: hop, echo ══ 8 deaf ones
TEST_F(tcp_memory, many_deaf_destinations_free_their_sender_after_the_stall) {
  node n1{net};
  auto at = n1.listen();
  n1.start("hop");
  std::vector<std::unique_ptr<talker>> deaf;
  for (int i = 0; i < 8; ++i) {
    deaf.push_back(std::make_unique<talker>(net, at));
    deaf.back()->drain();
  }
  std::vector<address> links;
  for (const auto& l : n1.tcp().links())
    links.emplace_back(l.worker_address);
  talker sender{net, at};
  for (std::size_t i = 0; i < 50; ++i)
    for (const auto& l : links)
      sender.end.send(frame({"hop", l, "x"}, {"me"}, std::string(20'000, 'd')));
  sender.end.send(frame({"echo"}, {"me"}, "for me"));
  sender.drain();
  net.advance(5s);
  sender.drain();
  ASSERT_EQ(sender.frames.size(), 1u) << "held by eight peers that do not read, none of them its own";
  EXPECT_LE(n1.budget().used(), 8 * (limits{}.link_budget / 4 + 80'000));
  for (auto& d : deaf)
    d->drain();
  expect_all_returned(n1);
}

//   20 peers (read nothing) ══ n1: echo, with 4 MiB for all
TEST_F(tcp_memory, the_budget_of_the_node_shrinks_those_of_its_links) {
  limits small;
  small.node_budget = 4u << 20;
  node n1{net, "n1", small};
  auto at = n1.listen();
  std::vector<std::unique_ptr<talker>> peers;
  for (int i = 0; i < 20; ++i) {
    peers.push_back(std::make_unique<talker>(net, at));
    for (std::size_t k = 0; k < 100; ++k)
      peers.back()->end.send(frame({"echo"}, {"me"}, numbered(k, 30'000))); // 3 MB each
  }
  net.run();
  EXPECT_LE(n1.budget().used(), small.node_budget + 20 * 50'000); // one frame each beyond it at most
  // All of it arrives once they read, although nobody tells a link that others have freed memory.
  for (int round = 0; round < 400; ++round) {
    bool done = true;
    for (auto& p : peers) {
      p->take();
      done = done && p->frames.size() + n1.board().dropped()[drop_reason::congested] >= 100;
    }
    net.advance(250ms);
    if (done)
      break;
  }
  for (auto& p : peers)
    EXPECT_EQ(p->frames.size(), 100u);
  EXPECT_EQ(n1.board().dropped()[drop_reason::congested], 0u);
  expect_all_returned(n1);
}

//   30 peers ══ n1, each in the middle of a frame larger than all memory
TEST_F(tcp_memory, large_frames_finish_one_after_the_other_in_a_full_node) {
  limits small;
  small.node_budget = 1u << 20;
  small.link_budget = 256u << 10;
  node n1{net, "n1", small};
  auto at = n1.listen();
  std::vector<std::unique_ptr<talker>> peers;
  for (int i = 0; i < 6; ++i) {
    peers.push_back(std::make_unique<talker>(net, at));
    peers.back()->end.send(frame({"echo"}, {"me"}, numbered(0, 600'000)));
  }
  for (int round = 0; round < 200; ++round) {
    net.advance(250ms);
    for (auto& p : peers)
      p->take();
  }
  for (auto& p : peers)
    EXPECT_EQ(p->frames.size(), 1u);
  expect_all_returned(n1);
}

//   filler (reads nothing) ══ n1 ══ first, second: each in the middle of a frame
TEST_F(tcp_memory, a_loan_ends_with_the_frame_however_small_it_is) {
  limits small;
  small.node_budget = 600'000;
  node n1{net, "n1", small};
  auto at = n1.listen();
  talker filler{net, at}, first{net, at}, second{net, at};
  filler.drain();
  first.drain();
  second.drain();
  // Three bytes of a length, and a part of a large frame: both links have a partial frame.
  auto tiny = raw_frame("\x83\x80\x80\x40");
  auto large = frame({"echo"}, {"me"}, std::string(400'000, 'l'));
  first.end.send(tiny.substr(0, 3));
  second.end.send(large.substr(0, 100'000));
  net.run();
  // Now the memory of the node fills: the first link gets the loan, ends its frame, and has nothing more to say.
  for (int i = 0; i < 40; ++i)
    filler.end.send(frame({"echo"}, {"me"}, std::string(60'000, 'f')));
  net.run();
  ASSERT_GE(n1.budget().used(), small.node_budget * 9 / 10);
  first.end.send(tiny.substr(3));
  net.advance(300ms);
  second.end.send(large.substr(100'000));
  net.advance(1s);
  EXPECT_EQ(second.end.unread(), 0u) << "the loan is free again";
}

} // namespace
} // namespace ockam::sim
