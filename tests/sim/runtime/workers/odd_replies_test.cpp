// SPDX-License-Identifier: Apache-2.0
// What comes back to handles late, more than once, or to nobody.
#include "runtime/workers/actor_service.hpp"
#include "runtime/workers/remote_actor.hpp"

#include "sim/support/asking.hpp"

#include <caf/event_based_actor.hpp>
#include <caf/typed_actor.hpp>
#include <gtest/gtest.h>

namespace ockam::sim {
namespace {

using namespace std::chrono_literals;
using doubling = caf::typed_actor<caf::replies_to<std::int32_t>::with<std::int32_t>>;

/// Keeps what it is asked, and answers as the test says.
class odd_replier final : public worker {
 public:
  void on_message(message_ptr m) override { got.push_back(std::move(m)); }
  /// Each as often as this.
  void answer(int times, std::string_view bytes) {
    for (auto& m : std::exchange(got, {})) {
      auto back = m->return_route();
      for (int i = 1; i < times; ++i)
        send(back, payload{bytes});
      reply(std::move(m), payload{bytes});
      answered.push_back(std::move(back));
    }
  }
  void answer_again(std::string_view bytes) {
    for (const auto& r : answered)
      send(r, payload{bytes});
  }

  std::vector<message_ptr> got;
  std::vector<route> answered;
};

class odd_replies : public testing::Test, protected asking {
 protected:
  odd_replies() {
    auto w = std::make_unique<odd_replier>();
    far = w.get();
    other.start("far", std::move(w));
    auto link = n.connect(other.listen());
    EXPECT_TRUE(link);
    to = {*link, address{"far"}};
    worker_options o;
    o.type = "test";
    o.thread = worker_thread::pool;
    auto idle = actor_service("test", [this](caf::event_based_actor* self) -> caf::behavior {
      system = &self->home_system();
      return {[](const ockam::request&) {}};
    });
    n.reactor().post([&, make = idle.make] {
      n.workers().start(address{"idle"}, [make] { return make({}); }, o, [](result<void> r) { EXPECT_TRUE(r); });
    });
    net.run();
  }

  /// Asks by `h` once for each of `xs`, and puts down what comes back.
  template <class Answer, class Handle, class... Ts>
  void ask_by(const Handle& h, Ts... xs) {
    system->spawn([=, this](caf::event_based_actor* self) {
      auto one = [&](const auto& x) {
        self->request(h, caf::infinite, x)
          .then([this](const Answer& a) { outcomes.push_back(text_of(a)); },
                [this](const caf::error& e) { outcomes.push_back(std::string{to_string(error_of(e).code)}); });
      };
      (one(xs), ...);
    });
    net.run();
  }
  static std::string text_of(const ockam::reply& r) { return r.text(); }
  static std::string text_of(std::int32_t n) { return std::to_string(n); }
  /// Of the other node's worker.
  void far_does(auto what) {
    other.reactor().post([=, this] { what(*far); });
    net.run();
  }
  std::uint64_t sent_to_nobody() { return n.board().dropped()[drop_reason::unknown_worker]; }

  node other{net, "n2"};
  odd_replier* far = nullptr;
  route to;
  caf::actor_system* system = nullptr;
  std::vector<std::string> outcomes;
};

TEST_F(odd_replies, after_the_patience_of_the_handle_are_to_nobody) {
  ask_by<ockam::reply>(remote(*system, to, 1s), std::string{"x"});
  net.advance(2s);
  EXPECT_EQ(outcomes, (std::vector<std::string>{"timed-out"}));
  far_does([](odd_replier& f) { f.answer(1, "\x04late"); });
  EXPECT_EQ(outcomes.size(), 1u);
  EXPECT_EQ(sent_to_nobody(), 1u);
  EXPECT_EQ(n.budget().used(), 0u);
}

TEST_F(odd_replies, that_come_twice_answer_once) {
  ask_by<ockam::reply>(remote(*system, to, 1min), std::string{"x"});
  far_does([](odd_replier& f) { f.answer(3, "\x05twice"); });
  EXPECT_EQ(outcomes, (std::vector<std::string>{"twice"}));
  EXPECT_EQ(sent_to_nobody(), 2u);
}

TEST_F(odd_replies, to_what_was_answered_do_not_answer_what_is_asked_next) {
  auto h = remote(*system, to, 1min);
  ask_by<ockam::reply>(h, std::string{"x"});
  far_does([](odd_replier& f) { f.answer(1, "\x05" "first"); });
  ask_by<ockam::reply>(h, std::string{"y"});
  far_does([](odd_replier& f) { f.answer_again("\x05" "again"); });
  EXPECT_EQ(outcomes, (std::vector<std::string>{"first"})) << "the second still waits";
  far_does([](odd_replier& f) { f.answer(1, "\x06second"); });
  EXPECT_EQ(outcomes, (std::vector<std::string>{"first", "second"}));
}

TEST_F(odd_replies, for_an_actor_that_has_ended_are_to_nobody) {
  caf::actor asker = system->spawn([this](caf::event_based_actor* self) -> caf::behavior {
    self->request(remote(self, to, 1min), caf::infinite, std::string{"x"}).then([this](const ockam::reply&) {
      outcomes.push_back("it lives");
    });
    return {[self](int) { self->quit(); }};
  });
  net.run();
  caf::anon_send(asker, 1);
  asker = nullptr;
  net.run();
  far_does([](odd_replier& f) { f.answer(2, "\x04late"); });
  EXPECT_TRUE(outcomes.empty());
  EXPECT_EQ(n.budget().used(), 0u);
}

TEST_F(odd_replies, to_a_send_are_to_nobody) {
  auto h = remote(*system, to, 1min);
  caf::anon_send(h, std::string{"x"});
  net.run();
  far_does([](odd_replier& f) { f.answer(1, "\x04what"); });
  EXPECT_TRUE(outcomes.empty());
  ask_by<ockam::reply>(h, std::string{"y"});
  far_does([](odd_replier& f) { f.answer(1, "\x04good"); });
  EXPECT_EQ(outcomes, (std::vector<std::string>{"good"}));
}

TEST_F(odd_replies, of_typed_handles_are_no_different) {
  auto h = remote_as<doubling>(*system, to, 1s);
  ask_by<std::int32_t>(h, std::int32_t{1}, std::int32_t{2});
  std::string_view four{"\x01\x00\x00\x00\x00\x00\x04", 7};
  far_does([=](odd_replier& f) { f.answer(2, four); });
  EXPECT_EQ(outcomes, (std::vector<std::string>{"4", "4"}));
  EXPECT_EQ(sent_to_nobody(), 2u);
  ask_by<std::int32_t>(h, std::int32_t{3});
  far_does([=](odd_replier& f) { f.answer_again(four); });
  EXPECT_EQ(outcomes.size(), 2u);
  net.advance(2s);
  EXPECT_EQ(outcomes.back(), "timed-out");
  far_does([=](odd_replier& f) { f.answer(1, four); });
  EXPECT_EQ(outcomes.size(), 3u);
}

} // namespace
} // namespace ockam::sim
