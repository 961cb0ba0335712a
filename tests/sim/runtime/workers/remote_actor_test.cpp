// SPDX-License-Identifier: Apache-2.0
// Handles to what is at the other end of a route, as actors use them.
#include "runtime/workers/remote_actor.hpp"

#include "sim/support/asking.hpp"

#include <caf/event_based_actor.hpp>
#include <gtest/gtest.h>

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
    worker_options o;
    o.type = "test";
    o.thread = worker_thread::pool;
    o.budget = 1u << 20;
    bool started = false;
    n.reactor().post([&] {
      n.workers().start(address{at}, [spawn] { return result<std::unique_ptr<worker>>{make_actor_worker(spawn)}; }, o,
                        [&](result<void> r) { started = static_cast<bool>(r); });
    });
    net.run();
    ASSERT_TRUE(started);
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
  EXPECT_EQ(ask("x"), "exit_reason(kill), refused");
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
