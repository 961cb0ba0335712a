// SPDX-License-Identifier: Apache-2.0
// Workers that workers start: where they are, what they have, and that they end with who has started them.
#include "runtime/workers/family_tree.hpp"
#include "runtime/workers/worker_host.hpp"
#include "sim/support/node.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace ockam::sim {
namespace {

using namespace std::chrono_literals;

/// Starts `NAME` at the message "NAME", and does what other messages say. What came of it is in its diary.
class boss final : public worker {
 public:
  struct notes {
    std::vector<std::string> diary;
    int lives = 0;
    std::string first_child; ///< that it starts by itself
  };
  boss(notes& n, worker_thread where) : notes_{n}, where_{where} {}

  void on_start() override {
    ++notes_.lives;
    if (!notes_.first_child.empty())
      have(notes_.first_child);
  }
  void on_message(message_ptr m) override {
    std::string text{m->body.text()};
    if (text == "die")
      throw std::runtime_error{"told to"};
    if (text == "leave")
      return stop();
    if (text == "fail")
      return worker_host::of(*this).fail_after_call("told to fail");
    if (text.starts_with("stop "))
      return worker_host::of(*this).stop_child(address{text.substr(5)});
    if (text.starts_with("to "))
      return send({address{text.substr(3)}}, payload{std::string_view{"hello"}});
    have(text);
  }

 private:
  void have(const std::string& name) {
    child_order o;
    o.name = name;
    if (name == "echo" || name == "plugin") {
      o.type = name;
    } else {
      o.kind.options.type = "test";
      o.kind.options.thread = name == "slow" ? worker_thread::pool : where_;
      o.kind.make = [w = where_]() -> result<std::unique_ptr<worker>> {
        return std::unique_ptr<worker>{std::make_unique<boss>(spare(), w)};
      };
    }
    worker_host::of(*this).start_child(std::move(o), [this](result<address> at) {
      notes_.diary.push_back(at ? at->name : std::string{to_string(at.error().code)});
    });
  }
  static notes& spare() {
    static notes n;
    return n;
  }

  notes& notes_;
  worker_thread where_;
};

class children_on : public testing::TestWithParam<worker_thread> {
 protected:
  worker_options options(restart_policy restart = restart_policy::never) const {
    worker_options o;
    o.type = "test";
    o.thread = GetParam();
    o.restart = restart;
    return o;
  }
  worker_factory factory() {
    return [this] { return result<std::unique_ptr<worker>>{std::make_unique<boss>(notes, GetParam())}; };
  }
  void start(worker_options o) {
    n1.workers().start(address{"b"}, factory(), std::move(o), [](result<void> ok) { EXPECT_TRUE(ok); });
    net.run();
  }
  std::vector<std::string> below() {
    std::vector<std::string> out;
    n1.board().each([&](const address& a, const worker_entry&) {
      if (a.name.starts_with("b."))
        out.push_back(a.name);
    });
    std::sort(out.begin(), out.end());
    return out;
  }

  network net;
  boss::notes notes;
  node n1{net};
};

using names = std::vector<std::string>;

INSTANTIATE_TEST_SUITE_P(both, children_on, testing::Values(worker_thread::socket, worker_thread::pool),
                         [](auto& i) { return i.param == worker_thread::pool ? "pool" : "socket"; });

TEST_P(children_on, are_below_the_address_of_who_starts_them_and_are_shown) {
  start(options());
  n1.send({"b"}, "w");
  n1.send({"b"}, "");
  n1.send({"b"}, "echo");
  EXPECT_EQ(notes.diary, (names{"b.w", "b.1", "b.echo"}));
  EXPECT_EQ(below(), (names{"b.1", "b.echo", "b.w"}));
  EXPECT_EQ(n1.workers().show(address{"b"})->kin.children, 3u);
  EXPECT_EQ(n1.workers().show(address{"b.w"})->kin.parent, "b");
  n1.send({"b.w"}, "deep");
  EXPECT_EQ(n1.workers().show(address{"b.w.deep"})->kin.parent, "b.w");
}

TEST_P(children_on, end_with_their_parent_however_it_ends) {
  for (auto* how : {"stop", "die", "leave", "fail"}) {
    start(options());
    n1.send({"b"}, "w");
    n1.send({"b.w"}, "deep");
    ASSERT_EQ(below(), (names{"b.w", "b.w.deep"})) << how;
    if (std::string_view{how} == "stop")
      ASSERT_TRUE(n1.workers().stop(address{"b"}));
    else
      n1.send({"b"}, how);
    net.run();
    EXPECT_EQ(below(), names{}) << how;
    EXPECT_EQ(n1.board().find(address{"b"}), nullptr) << how;
  }
}

TEST_P(children_on, end_between_two_lives_of_their_parent_and_their_names_are_free) {
  notes.first_child = "w";
  start(options(restart_policy::on_failure));
  n1.send({"b"}, "other");
  ASSERT_EQ(below(), (names{"b.other", "b.w"}));
  n1.send({"b"}, "fail");
  net.advance(1s);
  EXPECT_EQ(notes.lives, 2);
  EXPECT_EQ(below(), names{"b.w"}) << "that of the new life";
  EXPECT_EQ(notes.diary, (names{"b.w", "b.other", "b.w"}));
}

TEST_P(children_on, are_not_left_when_the_parent_ends_while_they_start) {
  start(options());
  n1.pool_runs(false);
  n1.send({"b"}, "slow");
  EXPECT_EQ(below(), GetParam() == worker_thread::pool ? names{} : names{"b.slow"}) << "asked for, or begun";
  ASSERT_TRUE(n1.workers().stop(address{"b"}));
  EXPECT_EQ(below(), names{});
  n1.pool_runs(true);
  net.run();
  EXPECT_EQ(below(), names{});
  for (const auto& told : notes.diary) // one on the socket thread is there until its actor has ended
    EXPECT_EQ(told, "closed");
}

TEST_P(children_on, are_stopped_by_their_parent_and_by_nobody_elses) {
  start(options());
  n1.send({"b"}, "w");
  n1.send({"b.w"}, "deep");
  n1.send({"b"}, "stop b.w.deep");
  n1.send({"b"}, "stop echo");
  EXPECT_EQ(below(), (names{"b.w", "b.w.deep"}));
  EXPECT_NE(n1.board().find(address{"echo"}), nullptr);
  n1.send({"b"}, "stop b.w");
  EXPECT_EQ(below(), names{});
}

TEST_P(children_on, that_cannot_be_are_an_error_and_leave_nothing) {
  start(options());
  for (auto* name : {"a.b", "a/b", "plugin"})
    n1.send({"b"}, name);
  n1.send({"b"}, "w");
  n1.send({"b"}, "w");
  EXPECT_EQ(notes.diary, (names{"invalid-argument", "invalid-argument", "permission-denied", "b.w", "already-exists"}));
  EXPECT_EQ(below(), names{"b.w"});
  EXPECT_EQ(n1.workers().show(address{"b"})->kin.children, 1u);
}

TEST_P(children_on, of_one_that_takes_the_place_of_another_begin_when_it_does) {
  notes.first_child = "w";
  start(options());
  std::unique_ptr<successor> next;
  n1.workers().prepare(address{"b"}, factory(), options(), [&](result<std::unique_ptr<successor>> s) {
    ASSERT_TRUE(s);
    next = std::move(*s);
  });
  net.run();
  ASSERT_TRUE(next);
  EXPECT_EQ(notes.diary, names{"b.w"}) << "the name is that of the other one's child";
  ASSERT_TRUE(next->take_over());
  net.run();
  EXPECT_EQ(notes.diary, (names{"b.w", "b.w"}));
  EXPECT_EQ(below(), names{"b.w"});
  EXPECT_EQ(n1.workers().show(address{"b"})->kin.children, 1u);
}

TEST_P(children_on, have_the_account_of_their_parent_and_its_rules) {
  auto o = options();
  o.budget = 1u << 20;
  access_control rules;
  rules.from.emplace().identities.emplace_back("uid=1000");
  rules.from->local = true;
  rules.onward.emplace().local = true;
  o.access = std::make_shared<const access_control>(rules);
  start(std::move(o));
  n1.send({"b"}, "w");
  const auto* child = n1.board().find(address{"b.w"});
  ASSERT_TRUE(child);
  EXPECT_TRUE(child->access->onward->local);
  EXPECT_EQ(child->consumer_of, std::vector<std::uint32_t>{}) << "peers do not reach it";
  EXPECT_EQ(n1.workers().memory_of(*child).limit, 1u << 20);
}

TEST_P(children_on, take_what_their_parent_sends_also_where_that_takes_nothing_from_workers) {
  auto o = options();
  access_control rules;
  rules.from.emplace().identities.emplace_back("uid=1000");
  o.access = std::make_shared<const access_control>(rules);
  notes.first_child = "w";
  start(std::move(o));
  const auto* child = n1.board().find(address{"b.w"});
  ASSERT_TRUE(child);
  EXPECT_TRUE(child->access->from->local);
  EXPECT_EQ(child->access->from->identities, rules.from->identities);
}

TEST_P(children_on, are_a_thousand_at_most) {
  start(options());
  for (int i = 0; i < 1010; ++i)
    n1.send({"b"}, "");
  EXPECT_EQ(below().size(), family_tree::most_descendants);
  EXPECT_EQ(notes.diary.back(), "limit-reached");
  n1.send({"b"}, "stop b.7");
  n1.send({"b"}, "w");
  EXPECT_EQ(notes.diary.back(), "b.w");
}

} // namespace
} // namespace ockam::sim
