// SPDX-License-Identifier: Apache-2.0
// What the switchboard tells of ends, and what those may know who ask.
#include "runtime/core/switchboard.hpp"

#include "runtime/core/provenance.hpp"

#include <gtest/gtest.h>

#include <stdexcept>
#include <string>
#include <vector>

namespace ockam {
namespace {

struct box final : receiver {
  bool throws = false;
  std::vector<message_ptr> got;
  void receive(message_ptr m) override {
    if (throws)
      throw std::runtime_error{"as you wish"};
    got.push_back(std::move(m));
  }
  void failed(std::string_view) noexcept override {}
};

struct told final : end_observer {
  std::vector<std::string> ends;
  bool stops = false;
  void ended(address_view name, const error& why) override {
    ends.push_back(std::string{name.name} + " " + std::string{to_string(why.code)} + " " + why.cause);
  }
  void stopping() override { stops = true; }
  std::size_t count_watchers(address_view) const override { return 0; }
};

class watched_ends : public testing::Test {
 protected:
  static constexpr std::uint32_t link = 7, listener = 8;

  watched_ends() { board.tell_of_ends(&observer); }
  void add(const std::string& name, std::vector<std::uint32_t> consumer_of = {}, bool watched = false) {
    worker_entry e;
    e.target = &who;
    e.consumer_of = std::move(consumer_of);
    e.watched = watched;
    ASSERT_TRUE(board.add(address{name}, std::move(e)));
  }
  static message_ptr from_link(const route& onward) {
    auto m = make_message(onward, address{"sender"}, payload{});
    provenance::let_in(*m, {link, listener, 0});
    return m;
  }
  void deliver(message_ptr m) {
    board.deliver(std::move(m));
    while (board.run_turn()) {
    }
  }
  drop_reason outlook(const std::string& name) { return board.outlook(*from_link({"x"}), address{name}); }

  switchboard board{"n1"};
  box who;
  told observer;
};

TEST_F(watched_ends, are_told_once_and_those_of_others_are_not) {
  add("quiet");
  add("watched", {}, true);
  board.remove(address{"quiet"});
  board.remove(address{"watched"}, {errc::ok, "done", {}});
  add("again", {}, true);
  board.succeeded(address{"again"}, {errc::service_failed, "words", {}});
  board.succeeded(address{"again"}, {errc::service_failed, "words", {}});
  board.remove(address{"again"});
  EXPECT_EQ(observer.ends, (std::vector<std::string>{"watched ok done", "again service-failed words"}));
}

TEST_F(watched_ends, of_a_receiver_that_throws_come_with_its_words_under_all_of_its_names) {
  add("one", {}, true);
  add("two", {}, true);
  who.throws = true;
  deliver(make_message({"one"}, address{"sender"}, payload{}));
  EXPECT_EQ(observer.ends.size(), 2u);
  EXPECT_NE(observer.ends[0].find("service-failed as you wish"), std::string::npos);
}

TEST_F(watched_ends, the_end_of_the_node_is_told) {
  board.take_answers_only();
  EXPECT_TRUE(observer.stops);
}

TEST_F(watched_ends, the_outlook_is_what_a_sender_would_be_told) {
  add("open", {listener});
  add("closed");
  EXPECT_EQ(outlook("open"), drop_reason::none);
  EXPECT_EQ(outlook("closed"), drop_reason::refused);
  EXPECT_EQ(outlook("absent"), drop_reason::refused) << "as one that is there";
  board.allow(listener, address{"allowed"});
  EXPECT_EQ(outlook("allowed"), drop_reason::unknown_worker) << "it would be theirs";
  auto passed_on = from_link({"x"});
  provenance::pass_on(*passed_on);
  EXPECT_EQ(board.outlook(*passed_on, address{"closed"}), drop_reason::none);
  EXPECT_EQ(board.outlook(*passed_on, address{"absent"}), drop_reason::unknown_worker);
}

TEST_F(watched_ends, who_may_reach_something_reaches_the_one_that_is_open_to_peers_and_others_do_not) {
  add("desk");
  board.open_to_peers(address{"desk"});
  deliver(from_link({"desk"}));
  EXPECT_EQ(who.got.size(), 0u);
  EXPECT_EQ(board.dropped()[drop_reason::refused], 1u);
  board.allow(listener, address{"anything"});
  deliver(from_link({"desk"}));
  EXPECT_EQ(who.got.size(), 1u);
  add("other");
  deliver(from_link({"other"}));
  EXPECT_EQ(who.got.size(), 1u);
}

} // namespace
} // namespace ockam
