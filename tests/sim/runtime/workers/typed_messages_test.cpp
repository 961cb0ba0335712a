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
    worker_options o;
    o.type = "test";
    o.thread = worker_thread::pool;
    o.budget = 1u << 20;
    o.consumer_of = {at.context().flows.services};
    bool started = false;
    at.reactor().post([&] {
      at.workers().start(
        address{name}, [make = type.make] { return make({}); }, o,
        [&](result<void> r) { started = static_cast<bool>(r); });
    });
    net.run();
    ASSERT_TRUE(started);
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
    auto out = std::make_shared<std::string>("nothing");
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

} // namespace
} // namespace ockam::sim
