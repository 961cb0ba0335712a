// SPDX-License-Identifier: Apache-2.0
// Handles to what is at the other end of a route, as actors use them.
#include "runtime/workers/remote_actor.hpp"

#include "sim/support/asking.hpp"

#include <caf/event_based_actor.hpp>
#include <gtest/gtest.h>

#include <map>

namespace ockam::sim {
namespace {

using namespace std::chrono_literals;

/// Asks `to` what it is asked, and answers with what comes of it.
caf::behavior relay(caf::event_based_actor* self, const route& to, std::chrono::milliseconds patience) {
  auto far = remote(self, to, patience);
  return {[self, far](const ockam::request& r) {
    auto answer = self->make_response_promise<std::string>();
    self->request(far, caf::infinite, r).then(
      [answer](const ockam::reply& what) mutable { answer.deliver("it said " + what.text()); },
      [answer](const caf::error& e) mutable { answer.deliver(std::string{to_string(error_of(e).code)} + ": " + error_of(e).cause); });
    return answer;
  }};
}

class remote_actors : public testing::Test, protected asking {
 protected:
  void start(actor_factory spawn, const std::string& at = "service") {
    ASSERT_TRUE(start_service(net, n, at, [spawn] { return result<std::unique_ptr<worker>>{make_actor_worker(spawn)}; }));
  }

  node other{net, "n2"};
};

TEST_F(remote_actors, a_request_goes_along_the_route_and_its_reply_comes_back) {
  auto link = n.connect(other.listen());
  ASSERT_TRUE(link);
  start(spawning(relay, route{*link, address{"uppercase"}}, 1min));
  EXPECT_EQ(ask("ann"), "it said ANN");
  EXPECT_EQ(ask("bob"), "it said BOB");
  got.clear();
  EXPECT_EQ(n.budget().used(), 0u);
}

TEST_F(remote_actors, what_goes_wrong_is_an_error_with_its_reason) {
  auto link = n.connect(other.listen());
  ASSERT_TRUE(link);
  start(spawning(relay, route{"nobody"}, 1min));
  EXPECT_EQ(ask("x"), "undeliverable: there is no worker at 0#nobody on node n1");
  other.start("silent", std::make_unique<mailbox>());
  start(spawning(relay, route{*link, address{"silent"}}, 500ms), "slow");
  n.send({"slow"}, "\x01" "x", "me", true);
  EXPECT_EQ(said(), "undeliverable: there is no worker at 0#nobody on node n1") << "still waits";
  net.advance(500ms);
  EXPECT_EQ(said(), "timed-out: no reply in time");
}

TEST_F(remote_actors, delegating_to_a_route_answers_whoever_asked) {
  start(spawning([](caf::event_based_actor* self) -> caf::behavior {
    auto far = remote(self, route{"uppercase"});
    return {[self, far](const ockam::request& r) { return self->delegate(far, r); }};
  }));
  EXPECT_EQ(ask("ann"), "ANN") << "a reply is passed on as what it is";
}

TEST_F(remote_actors, what_is_sent_without_a_request_arrives) {
  std::vector<message_ptr>* inbox = nullptr;
  {
    auto w = std::make_unique<mailbox>();
    inbox = &w->got;
    n.start("sink", std::move(w));
  }
  start(spawning([](caf::event_based_actor* self) -> caf::behavior {
    self->send(remote(self, route{"sink"}), text("hello"));
    self->send(remote(self, "/service/sink"), std::string{"world"});
    EXPECT_THROW(remote(self, "no route"), std::invalid_argument);
    return {[](const ockam::request&) {}};
  }));
  ASSERT_EQ(inbox->size(), 2u);
  EXPECT_EQ((*inbox)[0]->text(), "hello");
  EXPECT_EQ((*inbox)[1]->text(), "world");
}

TEST_F(remote_actors, other_messages_are_refused_and_handles_end_when_told_to) {
  start(spawning([](caf::event_based_actor* self) -> caf::behavior {
    auto far = remote(self, route{"uppercase"});
    self->monitor(far);
    auto ended = std::make_shared<std::string>("up");
    self->set_down_handler([ended](caf::down_msg& down) { *ended = caf::to_string(down.reason); });
    return {[self, far, ended](const ockam::request& r) {
      auto answer = self->make_response_promise<std::string>();
      if (r.text() == "end")
        self->send_exit(far, caf::exit_reason::kill);
      self->request(far, caf::infinite, 5).then([](int) {}, [answer, ended](const caf::error& e) mutable {
        answer.deliver(*ended + (e == caf::sec::unexpected_message ? ", refused" : ", odd"));
      });
      return answer;
    }};
  }));
  EXPECT_EQ(ask("x"), "up, refused");
  ask("end");
  EXPECT_EQ(ask("x"), "exit_reason(kill), odd") << "nothing is looked at any more";
}

TEST_F(remote_actors, a_handle_that_has_ended_bounces_what_is_said_to_it) {
  std::vector<message_ptr>* inbox = nullptr;
  {
    auto w = std::make_unique<mailbox>();
    inbox = &w->got;
    n.start("sink", std::move(w));
  }
  start(spawning([](caf::event_based_actor* self) -> caf::behavior {
    auto far = remote(self, route{"sink"});
    return {[self, far](const ockam::request& r) {
      auto answer = self->make_response_promise<std::string>();
      self->send_exit(far, caf::exit_reason::kill);
      self->send(far, std::string{"lost"});
      self->request(far, caf::infinite, r)
        .then([](const ockam::reply&) {},
              [answer](const caf::error& e) mutable {
                answer.deliver(std::string{e == caf::sec::request_receiver_down ? "down" : "odd"});
              });
      return answer;
    }};
  }));
  EXPECT_EQ(ask("x"), "down");
  EXPECT_TRUE(inbox->empty());
  EXPECT_EQ(n.workers().show(address{"_internal.actors"})->counters.at("lost-sends"), 1u);
}

TEST_F(remote_actors, a_send_that_cannot_be_passed_on_is_counted) {
  start(spawning([](caf::event_based_actor* self) -> caf::behavior {
    auto far = remote(self, route{"uppercase"});
    self->send(far, 5); // no payload
    for (int i = 0; i < 6; ++i)
      self->send(far, std::string(1u << 20, 'x')); // more than waits
    return {[](const ockam::request&) {}};
  }));
  EXPECT_GE(n.workers().show(address{"_internal.actors"})->counters.at("lost-sends"), 3u);
}

TEST_F(remote_actors, a_route_that_no_message_can_have_makes_no_handle_and_does_no_harm_to_others) {
  start(spawning([](caf::event_based_actor* self) -> caf::behavior {
    EXPECT_THROW(remote(self, route(max_route_hops + 1, address{"uppercase"})), std::invalid_argument);
    EXPECT_THROW(remote(self, route{address{std::string(max_name_length + 1, 'x')}}), std::invalid_argument);
    return relay(self, route{"uppercase"}, 1min);
  }));
  EXPECT_EQ(ask("ann"), "it said ANN");
}

/// Asks `to` with as many bytes as it is told, and answers with what comes of it.
caf::behavior asks_with_bytes(caf::event_based_actor* self, const route& to) {
  auto far = remote(self, to);
  return {[self, far](const ockam::request& r) {
    auto answer = self->make_response_promise<std::string>();
    self->request(far, caf::infinite, bytes(std::vector<std::uint8_t>(std::stoul(r.text()))))
      .then([answer](const ockam::reply& what) mutable { answer.deliver(what.text()); },
            [answer](const caf::error& e) mutable {
              answer.deliver(std::string{to_string(error_of(e).code)} + " (" + std::to_string(e.code()) + "): " + error_of(e).cause);
            });
    return answer;
  }};
}

TEST_F(remote_actors, one_message_may_be_as_large_as_a_frame_and_no_larger) {
  start(spawning([](caf::event_based_actor*) -> caf::behavior {
          return {[](const ockam::request& r) { return std::to_string(r.bytes().size()); }};
        }),
        "length");
  start(spawning(asks_with_bytes, route{"length"}));
  for (const auto* size : {"4194304", "5242880", "16777216"})
    EXPECT_EQ(ask(size), size);
  EXPECT_EQ(ask("16777217"), "too-large (31): the message has 16777217 bytes, and max-frame of the node is 16MiB");
  got.clear();
  EXPECT_EQ(n.budget().used(), 0u);
}

TEST_F(remote_actors, who_sends_more_than_the_handles_of_a_node_may_have_is_told_whose_limit_that_is) {
  n.start("silent", std::make_unique<mailbox>());
  start(spawning(asks_with_bytes, route{"silent"}));
  EXPECT_EQ(ask("10485760"), "nothing");
  EXPECT_EQ(ask("10485760"), "limit-reached (26): the handles of this node have used up their budget of 16MiB with what they have sent");
}

TEST_F(remote_actors, reasons_of_reports_are_told_apart_by_code) {
  auto link = n.connect(other.listen());
  ASSERT_TRUE(link);
  start(spawning(asks_with_bytes, route{*link, address{"nobody"}}), "to-nobody");
  EXPECT_EQ(ask("1", {"to-nobody"}), "undeliverable (129): there is no worker at 0#nobody on node n2");
  ASSERT_TRUE(other.workers().start(address{"secret"}, std::make_unique<mailbox>(), {}));
  start(spawning(asks_with_bytes, route{*link, address{"secret"}}), "to-secret");
  EXPECT_EQ(ask("1", {"to-secret"}), "undeliverable (131): node n2 does not let this peer reach 0#secret");
  start(spawning([](caf::event_based_actor* self) -> caf::behavior {
          return {[self](const ockam::request&) { return self->make_response_promise<std::string>(); }};
        }),
        "keeps");
  start(spawning(asks_with_bytes, route{"keeps"}), "to-keeps"); // whose budget is 1 MiB
  EXPECT_EQ(ask("700000", {"to-keeps"}), "nothing");
  EXPECT_EQ(ask("700000", {"to-keeps"}).substr(0, 20), "undeliverable (133):") << said();
}

/// Asks `far` so many times, and counts what comes back by its words.
caf::behavior asker(caf::event_based_actor* self, const caf::actor& far, int times, std::map<std::string, int>* said) {
  for (int i = 0; i < times; ++i)
    self->request(far, caf::infinite, std::string{"x"})
      .then([said](const ockam::reply& r) { ++(*said)[r.text()]; },
            [said](const caf::error& e) { ++(*said)[error_of(e).cause]; });
  return {[](const ockam::request&) {}};
}

TEST_F(remote_actors, one_handle_that_leads_to_nowhere_leaves_the_others_their_requests) {
  n.start("silent", std::make_unique<mailbox>());
  std::map<std::string, int> of_hole, of_other;
  caf::actor_system* system = nullptr;
  start(spawning([&](caf::event_based_actor* self) -> caf::behavior {
    system = &self->home_system();
    return {[](const ockam::request&) {}};
  }));
  system->spawn(asker, remote(*system, route{"silent"}), 12'000, &of_hole);
  net.run();
  EXPECT_EQ(of_hole, (std::map<std::string, int>{{"the handle has 1000 requests under way", 11'000}}));
  system->spawn(asker, remote(*system, route{"uppercase"}), 5, &of_other);
  net.run();
  EXPECT_EQ(of_other, (std::map<std::string, int>{{"X", 5}}));
  net.advance(2min);
  EXPECT_EQ(of_hole["no reply in time"], 1'000);
}

TEST_F(remote_actors, what_is_under_way_when_the_node_stops_is_answered_and_what_is_asked_then_as_well) {
  n.start("silent", std::make_unique<mailbox>());
  std::map<std::string, int> answers;
  start(spawning([&](caf::event_based_actor* self) -> caf::behavior {
    auto far = remote(self, route{"silent"});
    self->set_exit_handler([self, &answers](caf::exit_msg&) {
      self->request(remote(self, route{"silent"}), caf::infinite, std::string{"late"})
        .then([](const ockam::reply&) {},
              [self, &answers](const caf::error& e) {
                ++answers["late: " + error_of(e).cause];
                if (answers.size() == 2)
                  self->quit();
              });
    });
    self->request(far, caf::infinite, std::string{"x"})
      .then([](const ockam::reply&) {},
            [self, &answers](const caf::error& e) {
              ++answers[error_of(e).cause];
              if (answers.size() == 2)
                self->quit();
            });
    return {[](const ockam::request&) {}};
  }));
  EXPECT_TRUE(answers.empty());
  n.stop();
  EXPECT_EQ(answers, (std::map<std::string, int>{{"the node stops", 1}, {"late: the node stops", 1}}));
}

TEST_F(remote_actors, ten_thousand_handles_take_little_and_go_with_their_last_reference) {
  start(spawning([](caf::event_based_actor* self) -> caf::behavior {
    auto many = std::make_shared<std::vector<caf::actor>>();
    return {[self, many](const ockam::request& r) {
      if (r.text() == "make")
        for (int i = 0; i < 10'000; ++i)
          many->push_back(remote(self, route{"uppercase"}));
      else
        many->clear();
      return std::to_string(many->size());
    }};
  }));
  EXPECT_EQ(ask("make"), "10000");
  EXPECT_EQ(ask("drop"), "0");
}

} // namespace
} // namespace ockam::sim
