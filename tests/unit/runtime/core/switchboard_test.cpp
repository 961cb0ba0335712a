// SPDX-License-Identifier: Apache-2.0
#include "runtime/core/switchboard.hpp"

#include "runtime/core/provenance.hpp"

#include <gtest/gtest.h>

namespace ockam {
namespace {

/// Keeps what it gets, or does something with it.
struct box final : receiver {
  std::function<void(message_ptr)> act;
  std::vector<message_ptr> got;
  std::vector<std::string> failures;

  void receive(message_ptr m) override {
    if (act)
      return act(std::move(m));
    got.push_back(std::move(m));
  }
  void failed(std::string_view what) noexcept override { failures.emplace_back(what); }
};

class board_test : public testing::Test {
 protected:
  void add(const std::string& name, receiver& r, std::vector<std::uint32_t> consumer_of = {}) {
    worker_entry e;
    e.target = &r;
    e.type = "test";
    e.consumer_of = std::move(consumer_of);
    ASSERT_TRUE(board.add(address{name}, std::move(e)));
  }
  static message_ptr message_to(const route& onward, bool report = false) {
    auto m = make_message(onward, address{"sender"}, payload{});
    if (report)
      m->header.flags(route_header::flag_report);
    return m;
  }
  void run() {
    while (board.run_turn()) {
    }
  }
  std::uint64_t dropped(drop_reason r) { return board.dropped()[r]; }

  switchboard board{"n1"};
  box a, b, sender;
};

TEST_F(board_test, delivers_in_order_with_the_receivers_address_in_front) {
  add("a", a);
  for (int i = 0; i < 3; ++i) {
    auto m = message_to({"a", "rest"});
    m->header.hop_budget(static_cast<std::uint32_t>(10 + i));
    board.deliver(std::move(m));
  }
  EXPECT_TRUE(a.got.empty()) << "only queued so far";
  run();
  ASSERT_EQ(a.got.size(), 3u);
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(a.got[i]->header.hop_budget(), 9 + i);
    EXPECT_EQ(a.got[i]->header.onward(), (route{"a", "rest"}));
  }
  EXPECT_EQ(board.find(address{"a"})->messages_in, 3u);
}

TEST_F(board_test, a_name_is_taken_once_and_free_after_removal) {
  add("a", a);
  worker_entry e;
  e.target = &b;
  auto again = board.add(address{"a"}, e);
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code, errc::already_exists);
  EXPECT_TRUE(board.remove(address{"a"}));
  EXPECT_FALSE(board.remove(address{"a"}));
  add("a", b);
  board.deliver(message_to({"a"}));
  run();
  EXPECT_EQ(b.got.size(), 1u);
  EXPECT_FALSE(board.add(address{std::string(max_name_length + 1, 'n')}, e));
}

TEST_F(board_test, same_name_of_another_type_is_another_place) {
  add("a", a);
  board.deliver(message_to({{transport_type::tcp, "a"}}));
  board.deliver(message_to({}));
  run();
  EXPECT_TRUE(a.got.empty());
  EXPECT_EQ(dropped(drop_reason::bad_route), 2u);
}

TEST_F(board_test, a_route_of_a_thousand_hops_needs_no_deeper_stack_and_a_loop_ends) {
  std::size_t depth = 0, deepest = 0, hops = 0;
  a.act = [&](message_ptr m) {
    deepest = std::max(deepest, ++depth);
    ++hops;
    m->header.pop_onward();
    m->header.push_onward(address{"a"}); // for ever
    board.deliver(std::move(m));
    --depth;
  };
  add("a", a);
  board.deliver(message_to({"a"}));
  int turns = 1;
  while (board.run_turn())
    ++turns;
  EXPECT_EQ(deepest, 1u);
  EXPECT_EQ(hops, route_header::default_hop_budget);
  EXPECT_EQ(dropped(drop_reason::hop_budget), 1u);
  EXPECT_GE(turns, 2) << "a turn is bounded, sockets get theirs in between";
}

TEST_F(board_test, a_peer_reaches_only_consumers_of_its_flow) {
  auto link = board.flows().create(), listener = board.flows().create(), other = board.flows().create();
  add("by-link", a, {link});
  add("by-listener", b, {listener});
  add("closed", sender, {other});
  auto from_peer = [&](const char* to) {
    auto m = message_to({to});
    provenance::let_in(*m, {link, listener});
    board.deliver(std::move(m));
  };
  from_peer("by-link");
  from_peer("by-listener");
  from_peer("closed");
  run();
  EXPECT_EQ(a.got.size(), 1u);
  EXPECT_EQ(b.got.size(), 1u);
  EXPECT_TRUE(sender.got.empty());
  EXPECT_EQ(dropped(drop_reason::refused), 1u);
  ASSERT_TRUE(board.add_consumer(link, address{"closed"}));
  from_peer("closed");
  board.deliver(message_to({"closed"})); // and local senders always
  run();
  EXPECT_EQ(sender.got.size(), 2u);
  EXPECT_FALSE(board.add_consumer(link, address{"nothere"}));
}

TEST_F(board_test, a_name_that_is_allowed_stays_so_for_workers_to_come) {
  auto link = board.flows().create(), listener = board.flows().create();
  EXPECT_FALSE(board.allow(listener, address{"later"}));
  auto from_peer = [&] {
    auto m = message_to({"later"});
    provenance::let_in(*m, {link, listener});
    board.deliver(std::move(m));
    run();
  };
  add("later", a);
  from_peer();
  EXPECT_EQ(a.got.size(), 1u);
  EXPECT_TRUE(board.remove(address{"later"}));
  add("later", a);
  from_peer();
  EXPECT_EQ(a.got.size(), 2u);
  EXPECT_TRUE(board.allow(listener, address{"later"}));
}

TEST_F(board_test, who_asked_is_told_where_and_why) {
  add("sender", sender);
  board.deliver(message_to({"nothere", "x"}));
  board.deliver(message_to({"nothere", "x"}, true));
  run();
  ASSERT_EQ(sender.got.size(), 1u);
  const auto* r = sender.got[0]->header.get_report();
  ASSERT_NE(r, nullptr);
  EXPECT_EQ(r->reason, drop_reason::unknown_worker);
  EXPECT_EQ(r->hop, address{"nothere"});
  EXPECT_EQ(r->node, "n1");
  EXPECT_TRUE(sender.got[0]->header.return_empty());
  EXPECT_TRUE(sender.got[0]->body.empty());
  EXPECT_EQ(dropped(drop_reason::unknown_worker), 2u);
}

TEST_F(board_test, a_report_causes_no_report) {
  board.deliver(message_to({"nothere"}, true)); // and there is no "sender" either
  run();
  EXPECT_EQ(dropped(drop_reason::unknown_worker), 2u);
  EXPECT_EQ(board.queued(), 0u);
}

TEST_F(board_test, messages_of_a_link_that_has_ended_cause_no_report) {
  add("sender", sender);
  auto flow = board.flows().create();
  auto m = message_to({"nothere"}, true);
  provenance::let_in(*m, {flow});
  board.deliver(std::move(m));
  board.remove_flow(flow);
  run();
  EXPECT_TRUE(sender.got.empty());
}

TEST_F(board_test, names_that_were_allowed_to_links_that_are_gone_are_forgotten) {
  auto stays = board.flows().create(), first = board.flows().create();
  board.allow(stays, address{"kept"});
  board.allow(first, address{"of-first"});
  board.allow(first, address{"kept"});
  board.remove_flow(first);
  for (int i = 0; i < 10'000; ++i) { // each link has names of its own, as those of channels are
    auto link = board.flows().create();
    board.allow(link, address{"x" + std::to_string(i)});
    board.remove_flow(link);
  }
  EXPECT_LE(board.allowed_to(first).size(), 1u) << "what a link that stays has as well may keep it";
  EXPECT_EQ(board.allowed_to(stays), std::vector{address{"kept"}});
}

TEST_F(board_test, what_is_revoked_is_closed_for_workers_that_are_there_and_for_those_to_come) {
  auto link = board.flows().create(), listener = board.flows().create(), other = board.flows().create();
  add("here", a);
  board.allow(listener, address{"here"});
  board.allow(other, address{"here"});
  board.allow(listener, address{"later"});
  EXPECT_EQ(board.allowed_to(listener).size(), 2u);
  board.revoke(listener);
  add("later", b);
  for (auto name : {"here", "later"}) {
    auto m = message_to({name});
    provenance::let_in(*m, {link, listener});
    board.deliver(std::move(m));
  }
  run();
  EXPECT_TRUE(a.got.empty());
  EXPECT_TRUE(b.got.empty());
  EXPECT_EQ(dropped(drop_reason::refused), 2u);
  EXPECT_EQ(board.find(address{"here"})->consumer_of, std::vector<std::uint32_t>{other}) << "what others allow stays";
}

TEST_F(board_test, a_report_is_charged_for_what_it_is) {
  memory budget{1u << 20};
  auto l = ledger::make(budget, 1u << 20, nullptr);
  auto m = message_to({"nothere"}, true);
  m->body = payload{std::string(100'000, 'x')};
  m->held = credit{*l, m->footprint()};
  std::size_t charged = 0;
  sender.act = [&](message_ptr told) {
    charged = l->used();
    EXPECT_EQ(charged, told->footprint());
    EXPECT_GT(charged, sizeof(message) + sizeof(report));
  };
  add("sender", sender);
  board.deliver(std::move(m));
  run();
  EXPECT_GT(charged, 0u);
  EXPECT_LT(charged, 4'000u);
  EXPECT_EQ(l->used(), 0u);
}

TEST_F(board_test, what_stands_for_a_lost_message_is_charged_as_well) {
  memory budget{1u << 20};
  auto l = ledger::make(budget, 1u << 20, nullptr);
  auto m = message_to({"a"}, true);
  m->held = credit{*l, m->footprint()};
  auto witness = make_witness(*m);
  ASSERT_TRUE(witness);
  m.reset();
  EXPECT_EQ(l->used(), witness->footprint());
}

TEST_F(board_test, one_that_throws_ends_and_nobody_else) {
  add("a", a);
  add("alias", a);
  add("b", b);
  a.act = [](message_ptr) { throw std::runtime_error{"boom"}; };
  board.deliver(message_to({"a"}));
  board.deliver(message_to({"b"}));
  board.deliver(message_to({"alias"}));
  run();
  EXPECT_EQ(a.failures, std::vector<std::string>{"boom"});
  EXPECT_EQ(b.got.size(), 1u);
  EXPECT_EQ(board.find(address{"a"}), nullptr);
  EXPECT_EQ(board.find(address{"alias"}), nullptr) << "its other names go too";
  EXPECT_EQ(dropped(drop_reason::worker_failed), 1u);
  EXPECT_EQ(dropped(drop_reason::unknown_worker), 1u);
}

TEST_F(board_test, one_may_remove_itself_and_throw) {
  add("a", a);
  a.act = [&](message_ptr) {
    board.remove(address{"a"});
    throw 7;
  };
  board.deliver(message_to({"a"}));
  run();
  EXPECT_EQ(a.failures.size(), 1u);
}

struct output final : flushable {
  std::function<void()> act;
  int flushed = 0;
  void flush() override {
    ++flushed;
    if (act)
      act();
  }
};

TEST_F(board_test, flushes_once_a_turn_and_what_gets_dirty_meanwhile_in_the_next) {
  output o;
  board.flush_later(o);
  board.flush_later(o);
  EXPECT_FALSE(board.run_turn());
  EXPECT_EQ(o.flushed, 1);
  EXPECT_FALSE(board.run_turn());
  EXPECT_EQ(o.flushed, 1);
  o.act = [&] {
    o.act = nullptr;
    board.flush_later(o);
  };
  board.flush_later(o);
  EXPECT_TRUE(board.run_turn()) << "there is more";
  EXPECT_FALSE(board.run_turn());
  EXPECT_EQ(o.flushed, 3);
}

TEST_F(board_test, one_that_is_gone_is_not_flushed) {
  auto first = std::make_unique<output>(), second = std::make_unique<output>(), third = std::make_unique<output>();
  first->act = [&] { // the end of another while all are being flushed
    board.forget(*second);
    second.reset();
  };
  board.flush_later(*first);
  board.flush_later(*second);
  board.flush_later(*third);
  board.forget(*third);
  third.reset();
  board.run_turn();
  EXPECT_EQ(first->flushed, 1);
  board.forget(*first);
}

TEST_F(board_test, what_is_queued_at_the_end_gives_its_credit_back) {
  memory m{1000};
  auto l = ledger::make(m, 500, nullptr);
  {
    switchboard short_lived{"n"};
    auto msg = message_to({"a"});
    msg->held = credit{*l, 100};
    short_lived.deliver(std::move(msg));
    EXPECT_EQ(m.used(), 100u);
  }
  EXPECT_EQ(m.used(), 0u);
}

} // namespace
} // namespace ockam
