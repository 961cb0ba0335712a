// SPDX-License-Identifier: Apache-2.0
// Messages of a declared interface between actors of several nodes.
#include "runtime/workers/actor_publisher.hpp"
#include "runtime/workers/remote_actor.hpp"

#include "sim/support/asking.hpp"

#include <caf/event_based_actor.hpp>
#include <caf/scoped_actor.hpp>
#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>
#include <gtest/gtest.h>

#include <map>

namespace typed_messages_test {

using add_atom = caf::atom_constant<caf::atom("add")>;
using div_atom = caf::atom_constant<caf::atom("div")>;
using note_atom = caf::atom_constant<caf::atom("note")>;

struct point {
  std::int32_t x = 0;
  double y = 0;
  std::string name;
};
template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, point& p) {
  return f(caf::meta::type_name("point"), p.x, p.y, p.name);
}

struct tree {
  std::vector<tree> below;
};
template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, tree& t) {
  return f(t.below);
}

} // namespace typed_messages_test

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(typed_messages_test::point)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(typed_messages_test::tree)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(std::vector<typed_messages_test::point>)

namespace ockam::sim {
namespace {

using namespace std::chrono_literals;
using namespace typed_messages_test;

using calculator =
  caf::typed_actor<caf::replies_to<add_atom, std::int32_t, std::int32_t>::with<std::int32_t>,
                   caf::replies_to<div_atom, std::int32_t, std::int32_t>::with<std::int32_t, std::int32_t>,
                   caf::replies_to<point>::with<point>, caf::replies_to<tree>::with<std::uint64_t>,
                   caf::reacts_to<note_atom, std::string>>;
/// Of an earlier version: it lacks `div`, and adds other numbers.
using older = caf::typed_actor<caf::replies_to<add_atom, std::int64_t, std::int64_t>::with<std::int64_t>>;

std::uint64_t size_of(const tree& t) {
  std::uint64_t n = 1;
  for (const auto& b : t.below)
    n += size_of(b);
  return n;
}

struct notes {
  std::vector<std::string> all;
};

calculator::behavior_type calculate(calculator::stateful_pointer<notes> self) {
  return {
    [](add_atom, std::int32_t a, std::int32_t b) { return a + b; },
    [](div_atom, std::int32_t a, std::int32_t b) -> caf::result<std::int32_t, std::int32_t> {
      if (b == 0)
        return caf::make_error(caf::sec::invalid_argument, std::string{"division by zero"});
      return {a / b, a % b};
    },
    [](point p) {
      return point{p.x + 1, -p.y, "not " + p.name};
    },
    [](const tree& t) { return size_of(t); },
    [self](note_atom, const std::string& text) { self->state.all.push_back(text); },
  };
}

class typed_messages : public testing::Test, protected asking {
 protected:
  typed_messages() { net.run(); }

  caf::actor_system& system(node& of) {
    caf::actor_system* found = nullptr;
    start(
      of,
      [&found](caf::event_based_actor* self) -> caf::behavior {
        found = &self->home_system();
        return {[](const ockam::request&) {}};
      },
      "probe" + std::to_string(++probes_));
    return *found;
  }
  template <class F>
  void start(node& at, F actor, const std::string& name) {
    auto type = actor_service("test", std::move(actor));
    auto o = service_on_pool();
    o.consumer_of = {at.context().flows.services};
    ASSERT_TRUE(start_service(net, at, name, [make = type.make] { return make({}); }, o));
  }
  result<void> publish_at(node& at, const std::string& name, const auto& actor) {
    result<void> outcome = error{errc::internal, "it has not ended", {}};
    publish(system(at), name, actor, [&](result<void> r) { outcome = std::move(r); });
    net.run();
    return outcome;
  }
  /// What comes of a request of an actor at `from`, as text.
  template <class... Answer, class Handle, class... Ts>
  std::string asked(node& from, const Handle& h, Ts... xs) {
    auto out = outcome_ = std::make_shared<std::string>("nothing");
    system(from).spawn([=](caf::event_based_actor* self) {
      self->request(h, caf::infinite, xs...)
        .then([=](const Answer&... all) { *out = caf::deep_to_string(std::tie(all...)); },
              [=](const caf::error& e) { *out = std::string{to_string(error_of(e).code)} + ": " + error_of(e).cause; });
    });
    net.run();
    return *out;
  }

  route there(const std::string& name) { return {*n.connect(other.listen()), address{name}}; }

  node other{net, "n2"};
  std::shared_ptr<std::string> outcome_; ///< of what was asked last, also later

 private:
  int probes_ = 0;
};

TEST_F(typed_messages, are_answered_by_an_actor_of_another_node) {
  start(other, calculate, "calc");
  auto far = remote_as<calculator>(system(n), there("calc"));
  EXPECT_EQ(asked<std::int32_t>(n, far, add_atom::value, 20, 22), "(42)");
  EXPECT_EQ((asked<std::int32_t, std::int32_t>(n, far, div_atom::value, 20, 6)), "(3, 2)");
  EXPECT_EQ(asked<std::uint64_t>(n, far, tree{{tree{}, tree{{tree{}}}}}), "(4)");
  EXPECT_EQ(n.budget().used(), 0u);
  EXPECT_EQ(other.budget().used(), 0u);
}

TEST_F(typed_messages, errors_come_with_their_code_and_their_words) {
  start(other, calculate, "calc");
  auto far = remote_as<calculator>(system(n), there("calc"));
  EXPECT_EQ((asked<std::int32_t, std::int32_t>(n, far, div_atom::value, 1, 0)), "internal: division by zero");
  caf::error got_error;
  system(n).spawn([&](caf::event_based_actor* self) {
    self->request(far, caf::infinite, div_atom::value, 1, 0)
      .then([](std::int32_t, std::int32_t) {}, [&](const caf::error& e) { got_error = e; });
  });
  net.run();
  EXPECT_EQ(got_error, caf::sec::invalid_argument) << "as if the actor were here";
  auto nobody = remote_as<calculator>(system(n), route{"nobody"});
  EXPECT_EQ(asked<std::int32_t>(n, nobody, add_atom::value, 1, 2),
            "undeliverable: there is no worker at 0#nobody on node n1");
}

TEST_F(typed_messages, errors_of_the_other_end_are_printable_and_never_those_of_the_way) {
  using liar = caf::typed_actor<caf::replies_to<int>::with<int>>;
  start(
    other,
    [](liar::pointer) -> liar::behavior_type {
      return {[](int) -> caf::result<int> { return to_caf({errc::undeliverable, "there is \x1b[31m no worker", {}}); }};
    },
    "liar");
  EXPECT_EQ(asked<int>(n, remote_as<liar>(system(n), there("liar")), 1),
            "service-failed: there is \\x1b[31m no worker");
}

TEST_F(typed_messages, structs_come_as_they_are_and_sends_arrive) {
  struct seen {
    std::vector<std::string> notes;
    point last;
  };
  auto all = std::make_shared<seen>();
  using keeper = caf::typed_actor<caf::reacts_to<note_atom, std::string>, caf::replies_to<point>::with<point>>;
  start(
    other,
    [all](keeper::pointer) -> keeper::behavior_type {
      return {[all](note_atom, const std::string& t) { all->notes.push_back(t); },
              [all](const point& p) { return all->last = p; }};
    },
    "keeper");
  auto far = remote_as<keeper>(system(n), there("keeper"));
  system(n).spawn([&](caf::event_based_actor* self) {
    for (auto text : {"a", "b", "c"})
      self->send(far, note_atom::value, std::string{text});
  });
  net.run();
  EXPECT_EQ(all->notes, (std::vector<std::string>{"a", "b", "c"}));
  EXPECT_EQ(asked<point>(n, far, point{1, 2.5, "p"}), "(point(1, 2.500000, \"p\"))");
  EXPECT_EQ(all->last.name, "p");
  EXPECT_EQ(asked<>(n, far, note_atom::value, std::string{"d"}), "()") << "a request that is answered with nothing";
  EXPECT_EQ(other.budget().used(), 0u);
}

TEST_F(typed_messages, large_replies_come_too) {
  using echoing = caf::typed_actor<caf::replies_to<std::string>::with<std::string>>;
  start(
    other, [](echoing::pointer) -> echoing::behavior_type { return {[](const std::string& s) { return s; }}; },
    "echoing");
  auto far = remote_as<echoing>(system(n), there("echoing"));
  std::string large(200'000, 'x');
  EXPECT_EQ(asked<std::string>(n, far, large), "(\"" + large + "\")");
  EXPECT_EQ(n.budget().used(), 0u);
}

TEST_F(typed_messages, delegating_answers_whoever_asked) {
  start(other, calculate, "calc");
  auto far = remote_as<calculator>(system(n), there("calc"));
  auto near = system(n).spawn([far](caf::event_based_actor* self) -> caf::behavior {
    return {[=](std::int32_t a) { return self->delegate(far, add_atom::value, a, a); }};
  });
  EXPECT_EQ(asked<std::int32_t>(n, near, 21), "(42)");
}

TEST_F(typed_messages, another_interface_is_an_error_that_names_the_difference) {
  start(other, calculate, "calc");
  auto calc = there("calc");
  auto far = remote_as<older>(system(n), calc);
  EXPECT_EQ(asked<std::int64_t>(n, far, add_atom::value, std::int64_t{1}, std::int64_t{2}),
            "unsupported: the other end has no (add, int64, int64) -> (int64)");
  using shorter = caf::typed_actor<caf::replies_to<add_atom, std::int32_t, std::int32_t>::with<std::int32_t>>;
  auto part = remote_as<shorter>(system(n), calc);
  EXPECT_EQ(asked<std::int32_t>(n, part, add_atom::value, 1, 2),
            "unsupported: the other end has another interface, with (div, int32, int32) -> (int32, int32)")
    << "which is not wrong, but not the same";
  EXPECT_EQ(other.workers().show(address{"calc"})->failed, 2u);
}

TEST_F(typed_messages, the_order_in_which_an_interface_is_declared_does_not_matter) {
  using one = caf::typed_actor<caf::replies_to<bool>::with<bool>, caf::replies_to<int>::with<int>>;
  using two = caf::typed_actor<caf::replies_to<int>::with<int>, caf::replies_to<bool>::with<bool>>;
  EXPECT_EQ(format_of<one>().hash(), format_of<two>().hash());
  EXPECT_NE(format_of<one>().hash(), format_of<older>().hash());
  EXPECT_EQ(format_of<one>().text(), "(bool) -> (bool)\n(int32) -> (int32)");
}

/// As docs/protocol.md shows them.
TEST_F(typed_messages, the_bytes_are_those_of_the_protocol) {
  using sums = caf::typed_actor<caf::replies_to<add_atom, std::int32_t, std::int32_t>::with<std::int32_t>>;
  auto hex = [](const payload& p) {
    std::string out;
    for (auto b : p.bytes())
      out += (out.empty() ? "" : " ")
             + std::string{"0123456789abcdef"[std::to_integer<int>(b >> 4)],
                           "0123456789abcdef"[std::to_integer<int>(b & std::byte{15})]};
    return out;
  };
  auto ask = caf::make_message(add_atom::value, std::int32_t{20}, std::int32_t{22});
  message_format::request out;
  ASSERT_FALSE(format_of<sums>().write_request(ask, true, out));
  EXPECT_EQ(hex(out.body), "01 01 c8 84 d5 c1 a1 83 e1 23 00 00 00 00 14 00 00 00 16");
  auto say = caf::make_message(std::int32_t{42});
  EXPECT_EQ(hex(*format_of<sums>().write_reply(say, 0).body), "01 00 00 00 00 00 2a");
}

TEST_F(typed_messages, who_answers_by_other_rules_is_not_believed) {
  auto far = remote_as<calculator>(system(n), there("echo"));
  EXPECT_EQ(asked<std::int32_t>(n, far, add_atom::value, 1, 2),
            "malformed: what came back is no answer of this interface");
  n.start("silent", std::make_unique<mailbox>());
  auto slow = remote_as<calculator>(system(n), route{"silent"}, 500ms);
  EXPECT_EQ(asked<std::int32_t>(n, slow, add_atom::value, 1, 2), "nothing");
  net.advance(500ms);
  EXPECT_EQ(*outcome_, "timed-out: no reply in time");
}

/// A request of the interface as it travels.
template <class... Ts>
std::string request_bytes(Ts... xs) {
  auto m = caf::make_message(xs...);
  message_format::request out;
  EXPECT_FALSE(format_of<calculator>().write_request(m, true, out));
  return std::string{out.body.text()};
}

class bad_typed_messages : public typed_messages {
 protected:
  void SetUp() override { start(n, calculate, "calc"); }
  std::string say(const std::string& payload) {
    got.clear();
    n.send({"calc"}, payload, "me", true);
    return said();
  }
};

TEST_F(bad_typed_messages, are_refused_with_a_word_and_the_service_goes_on) {
  auto good = request_bytes(add_atom::value, 20, 22);
  const std::string refusal = "the service at 0#calc on node n1 answered with an error: this is no message of the "
                              "interface of this service, which is ";
  auto is_refused = [&](const std::string& bytes) { return say(bytes).starts_with(refusal); };
  EXPECT_TRUE(is_refused("hello"));
  for (std::size_t i = 0; i < good.size(); ++i)
    EXPECT_TRUE(is_refused(good.substr(0, i))) << "cut off at " << i;
  EXPECT_TRUE(is_refused(good + "x")) << "with a byte too much";
  auto other_message = good;
  other_message[10] = 100;
  EXPECT_TRUE(is_refused(other_message)) << "a message that is not there";
  auto other_version = good;
  other_version[0] = 2;
  EXPECT_TRUE(is_refused(other_version));
  auto deep = request_bytes(tree{});
  EXPECT_TRUE(is_refused(deep.substr(0, deep.size() - 1) + std::string(10'000, '\1') + '\0'));
  EXPECT_EQ(say(good), "not text") << "an answer";
  got.clear();
  EXPECT_EQ(n.budget().used(), 0u);
}

TEST_F(bad_typed_messages, of_16_mib_are_charged_while_they_are_here) {
  auto large = request_bytes(note_atom::value, std::string(16u << 20, 'x'));
  EXPECT_EQ(say(large), "not text");
  got.clear();
  EXPECT_EQ(n.budget().used(), 0u);
}

TEST_F(bad_typed_messages, of_who_wants_no_answer_get_none) {
  caf::message m = caf::make_message(div_atom::value, 1, 0);
  message_format::request out;
  ASSERT_FALSE(format_of<calculator>().write_request(m, false, out));
  EXPECT_EQ(say(std::string{out.body.text()}), "nothing");
  EXPECT_EQ(n.budget().used(), 0u);
}

TEST_F(typed_messages, an_actor_that_never_answers_keeps_what_its_budget_allows) {
  using never = caf::typed_actor<caf::replies_to<std::string>::with<std::string>>;
  start(
    n,
    [](never::pointer self) -> never::behavior_type {
      return {
        [self](const std::string&) -> caf::result<std::string> { return self->make_response_promise<std::string>(); }};
    },
    "never");
  auto h = remote_as<never>(system(n), route{"never"});
  int errors = 0;
  system(n).spawn([&, h](caf::event_based_actor* self) {
    for (int i = 0; i < 100; ++i)
      self->request(h, caf::infinite, std::string(100'000, 'x'))
        .then([](const std::string&) {}, [&](const caf::error&) { ++errors; });
  });
  net.run();
  EXPECT_GT(errors, 50);
  EXPECT_LE(n.budget().used(), 2u << 20);
  net.advance(2min);
  EXPECT_EQ(errors, 100) << "the others had patience";
}

class publishing : public typed_messages {};

TEST_F(publishing, gives_an_actor_an_address_until_it_is_taken_back) {
  auto calc = system(other).spawn(calculate);
  ASSERT_TRUE(publish_at(other, "calc", calc));
  auto far = remote_as<calculator>(system(n), there("calc"));
  EXPECT_EQ(asked<std::int32_t>(n, far, add_atom::value, 20, 22), "(42)");
  EXPECT_EQ(publish_at(other, "calc", calc).error().code, errc::already_exists);
  EXPECT_EQ(publish_at(other, std::string(2000, 'x'), calc).error().code, errc::invalid_address);
  unpublish(system(other), "calc");
  net.run();
  EXPECT_EQ(asked<std::int32_t>(n, far, add_atom::value, 1, 2),
            "undeliverable: there is no worker at 0#calc on node n2");
  EXPECT_EQ(asked<std::int32_t>(other, calc, add_atom::value, 1, 2), "(3)") << "it lives on";
  ASSERT_TRUE(publish_at(other, "again", calc));
  caf::anon_send_exit(calc, caf::exit_reason::user_shutdown);
  net.run();
  EXPECT_FALSE(other.board().find(address{"again"})) << "it has ended";
}

/// Says how many want to hear of its end.
class observed : public caf::event_based_actor {
 public:
  using caf::event_based_actor::event_based_actor;
  caf::behavior make_behavior() override {
    return {[this](const ockam::request&) {
      int n = 0;
      std::lock_guard guard{mtx_};
      for (auto* a = attachables_head_.get(); a; a = a->next.get())
        ++n;
      return std::to_string(n);
    }};
  }
};

TEST_F(publishing, one_that_is_typed_and_idle_tells_the_words_of_its_exception_and_ends) {
  auto calc = system(n).spawn([](older::pointer) -> older::behavior_type {
    return {[](add_atom, std::int64_t, std::int64_t) -> std::int64_t { throw std::runtime_error{"no disk"}; }};
  });
  ASSERT_TRUE(publish_at(n, "sums", calc));
  EXPECT_EQ(asked<std::int64_t>(n, remote_as<older>(system(n), "/service/sums"), add_atom::value, std::int64_t{1}, std::int64_t{2}),
            "internal: no disk");
  EXPECT_FALSE(n.board().find(address{"sums"})) << "CAF's manners";
}

TEST_F(publishing, an_actor_without_a_name_is_listed_by_that_of_its_address) {
  ASSERT_TRUE(publish_at(n, "calc", system(n).spawn(calculate)));
  EXPECT_EQ(n.workers().show(address{"calc"})->kin.behavior, "calc");
}

TEST_F(publishing, again_and_again_leaves_nothing_at_the_actor) {
  auto actor = system(n).spawn<observed>();
  ASSERT_TRUE(publish_at(n, "name", actor));
  auto before = ask("x", {"name"});
  for (int i = 0; i < 50; ++i) {
    unpublish(system(n), "name");
    net.run();
    ASSERT_TRUE(publish_at(n, "name", actor));
  }
  EXPECT_EQ(ask("x", {"name"}), before);
}

TEST_F(publishing, an_actor_that_is_not_typed_speaks_text_or_what_interface_is_said) {
  auto any = system(n).spawn([](caf::event_based_actor*) -> caf::behavior {
    return {[](const ockam::request& r) { return "Hello, " + r.text(); },
            [](add_atom, std::int64_t a, std::int64_t b) { return a + b; }};
  });
  ASSERT_TRUE(publish_at(n, "text", any));
  EXPECT_EQ(ask("Ann", {"text"}), "Hello, Ann");
  ASSERT_TRUE(publish_at(n, "sums", caf::actor_cast<older>(any)));
  EXPECT_EQ(asked<std::int64_t>(n, remote_as<older>(system(n), "/service/sums"), add_atom::value, std::int64_t{1},
                                std::int64_t{2}),
            "(3)");
}

TEST_F(publishing, an_address_that_was_taken_by_another_meanwhile_stays_that_ones) {
  auto calc = system(other).spawn(calculate);
  ASSERT_TRUE(publish_at(other, "calc", calc));
  caf::anon_send_exit(calc, caf::exit_reason::user_shutdown);
  net.run();
  start(other, calculate, "calc");
  unpublish(system(other), "calc");
  net.run();
  auto far = remote_as<calculator>(system(n), there("calc"));
  EXPECT_EQ(asked<std::int32_t>(n, far, add_atom::value, 20, 22), "(42)");
}

TEST_F(publishing, is_told_of_once_also_when_the_node_stops) {
  auto calc = system(n).spawn(calculate);
  auto& sys = system(n);
  std::vector<result<void>> told;
  auto note = [&](result<void> r) { told.push_back(std::move(r)); };
  n.pool_runs(false);
  publish(sys, "calc", calc, note); // whose worker does not get to start
  net.run();
  EXPECT_TRUE(told.empty());
  n.stop();
  ASSERT_EQ(told.size(), 1u);
  EXPECT_EQ(told[0].error().code, errc::closed);
}

TEST_F(publishing, is_refused_by_a_node_that_stops) {
  auto& sys = system(n);
  std::vector<errc> told;
  auto calc = sys.spawn(calculate);
  auto late = sys.spawn([&, calc](caf::event_based_actor* self) -> caf::behavior {
    self->set_exit_handler([&, self, calc](caf::exit_msg&) {
      publish(self, "late", calc, [&](result<void> r) { told.push_back(r ? errc::ok : r.error().code); });
      told.push_back(publish(self, "later", calc).error().code);
      EXPECT_TRUE(published_actors(self).empty());
      self->quit();
    });
    return {[](const ockam::request&) {}};
  });
  ASSERT_TRUE(publish_at(n, "late", late));
  n.stop();
  late = nullptr;
  calc = nullptr;
  EXPECT_EQ(told, (std::vector<errc>{errc::closed, errc::invalid_argument}))
    << "the simulation has one thread, that of the sockets";
}

TEST_F(publishing, cannot_wait_on_the_socket_thread) {
  auto calc = system(n).spawn(calculate);
  EXPECT_EQ(publish(system(n), "calc", calc).error().code, errc::invalid_argument);
}

TEST_F(publishing, ends_with_the_node_and_so_does_the_actor) {
  auto calc = system(n).spawn(calculate);
  ASSERT_TRUE(publish_at(n, "calc", calc));
  auto weak = caf::actor_cast<caf::actor_addr>(calc);
  calc = nullptr;
  n.stop();
  EXPECT_FALSE(caf::actor_cast<caf::actor>(weak));
}

/// Has somebody else answer. An address for the handle itself would be gone when nobody is at its other end.
older::behavior_type pass_on(older::pointer self, const older& to) {
  return {[=](add_atom, std::int64_t a, std::int64_t b) { return self->delegate(to, add_atom::value, a, b); }};
}

TEST_F(publishing, a_handle_that_leads_to_itself_through_three_nodes_ends_in_an_error) {
  node third{net, "n3"};
  route to_other = there("loop"), to_third = {*other.connect(third.listen()), address{"loop"}},
        to_first = {*third.connect(n.listen()), address{"loop"}};
  ASSERT_TRUE(publish_at(n, "loop", system(n).spawn(pass_on, remote_as<older>(system(n), to_other))));
  ASSERT_TRUE(publish_at(other, "loop", system(other).spawn(pass_on, remote_as<older>(system(other), to_third))));
  ASSERT_TRUE(publish_at(third, "loop", system(third).spawn(pass_on, remote_as<older>(system(third), to_first))));
  EXPECT_EQ(asked<std::int64_t>(n, remote_as<older>(system(n), "/service/loop"), add_atom::value, std::int64_t{1},
                                std::int64_t{2}),
            "service-failed: the handle has 1000 requests under way");
  EXPECT_LE(n.budget().used(), 20u << 20);
}

} // namespace
} // namespace ockam::sim
