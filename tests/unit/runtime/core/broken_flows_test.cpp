// SPDX-License-Identifier: Apache-2.0
#include "runtime/core/broken_flows.hpp"

#include "runtime/core/provenance.hpp"
#include "runtime/core/switchboard.hpp"

#include <gtest/gtest.h>

namespace ockam {
namespace {

using namespace std::chrono_literals;

/// Keeps what it gets.
class keeper final : public receiver {
 public:
  void receive(message_ptr m) override { got.push_back(std::move(m)); }
  void failed(std::string_view) noexcept override {}
  std::vector<message_ptr> got;
};

//   peer ══ link A ── hop ── link B ══ …
class a_passage : public testing::Test {
 protected:
  a_passage() {
    worker_entry b;
    b.target = &link_b;
    b.type = "tcp-link";
    b.producer = board.flows().create();
    EXPECT_TRUE(board.add(address{"B"}, std::move(b)));
    worker_entry s;
    s.target = &sender;
    s.type = "test";
    EXPECT_TRUE(board.add(address{"hop"}, std::move(s)));
  }

  /// What the hop has passed on, of a peer's `from`, for `to` behind B.
  message_ptr passed(const std::string& from, const std::string& to, std::uint32_t flags = 0) {
    auto m = std::make_unique<message>();
    for (auto name : {"hop", "A"})
      m->header.append_return(address{name});
    m->header.append_return(address{from});
    m->header.append_onward(address{"B"});
    m->header.append_onward(address{to});
    m->header.flags(flags);
    m->held = credit{*link_a, 100};
    provenance::let_in(*m, {77, 0, 0, nullptr});
    provenance::pass_on(*m);
    m->foreign = true;
    return m;
  }
  void run() {
    while (board.run_turn()) {
    }
  }

  memory all{1u << 20};
  ledger::owner link_a = ledger::make(all, 1u << 20, nullptr);
  switchboard board{"n1"};
  keeper link_b, sender;
};

TEST_F(a_passage, whose_message_was_dropped_carries_nothing_more_of_that_flow) {
  board.drop(passed("me", "outlet"), drop_reason::congested);
  board.deliver(passed("me", "outlet"));
  board.deliver(passed("you", "outlet"));
  board.deliver(passed("me", "echo"));
  run();
  EXPECT_EQ(link_b.got.size(), 2u) << "other senders and other destinations go on";
  EXPECT_EQ(board.dropped()[drop_reason::stream_broken], 1u);
}

TEST_F(a_passage, is_whole_while_nothing_of_it_was_dropped) {
  for (int i = 0; i < 100; ++i)
    board.deliver(passed("me", "outlet"));
  run();
  EXPECT_EQ(link_b.got.size(), 100u);
}

TEST_F(a_passage, of_this_implementation_is_no_stream_unless_it_says_so) {
  auto plain = [&] {
    auto m = passed("me", "outlet");
    m->foreign = false;
    return m;
  };
  board.drop(plain(), drop_reason::congested);
  board.deliver(plain());
  run();
  EXPECT_EQ(link_b.got.size(), 1u);
}

TEST_F(a_passage, is_not_broken_by_a_message_for_a_worker_that_is_not_there) {
  board.drop(passed("me", "outlet"), drop_reason::unknown_worker);
  board.deliver(passed("me", "outlet"));
  run();
  EXPECT_EQ(link_b.got.size(), 1u);
}

TEST_F(a_passage, does_not_include_replies) {
  auto reply = [&] {
    auto m = std::make_unique<message>();
    m->header.append_return(address{"echo"});
    m->header.append_onward(address{"B"});
    m->header.append_onward(address{"me"});
    m->held = credit{*link_a, 100};
    provenance::let_in(*m, {77, 0, 0, nullptr});
    provenance::pass_on(*m);
    m->foreign = true;
    return m;
  };
  board.drop(reply(), drop_reason::congested);
  board.deliver(reply());
  run();
  EXPECT_EQ(link_b.got.size(), 1u);
}

TEST_F(a_passage, of_a_marked_stream_tells_both_ends_once_and_carries_nothing_more) {
  for (int i = 0; i < 3; ++i)
    board.drop(passed("me", "outlet", route_header::flag_stream), drop_reason::unknown_worker);
  board.deliver(passed("me", "outlet", route_header::flag_stream));
  run();
  ASSERT_EQ(sender.got.size(), 1u) << "the report goes back by the hop";
  EXPECT_TRUE(sender.got[0]->header.get_report());
  ASSERT_EQ(link_b.got.size(), 1u) << "and one goes where the stream went";
  EXPECT_TRUE(link_b.got[0]->header.get_report());
  EXPECT_EQ(board.dropped()[drop_reason::stream_broken], 1u);
}

TEST(broken_flows, are_remembered_for_a_minute) {
  broken_flows b;
  broken_flows::clock::time_point now{1h};
  EXPECT_TRUE(b.add(1, now));
  EXPECT_FALSE(b.add(1, now));
  EXPECT_TRUE(b.has(1, now + 59s));
  EXPECT_FALSE(b.has(1, now + 60s));
  EXPECT_TRUE(b.empty());
}

TEST(broken_flows, are_so_many_at_most_and_the_oldest_goes_first) {
  broken_flows b;
  broken_flows::clock::time_point now{1h};
  for (std::uint64_t i = 0; i < broken_flows::most + 10; ++i)
    EXPECT_TRUE(b.add(i, now + i * 1us));
  EXPECT_EQ(b.size(), broken_flows::most);
  EXPECT_FALSE(b.has(9, now + 1s));
  EXPECT_TRUE(b.has(10, now + 1s));
}

} // namespace
} // namespace ockam
