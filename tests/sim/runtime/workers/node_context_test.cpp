// SPDX-License-Identifier: Apache-2.0
// What services of the runtime may do beside sending messages: names of their own, sockets, other workers.
#include "services/services.hpp"
#include "sim/support/node.hpp"
#include "sim/support/wire.hpp"

#include <gtest/gtest.h>

namespace ockam::sim {
namespace {

/// Tells under which name each message reached it.
class many_names final : public worker {
 public:
  explicit many_names(std::vector<std::string>& heard) : heard_{heard} {}
  void on_message(message_ptr m) override { heard_.emplace_back(m->header.next().name); }

 private:
  std::vector<std::string>& heard_;
};

class aliases : public testing::Test {
 protected:
  aliases() {
    n1.start("first", std::make_unique<many_names>(first));
    n1.start("second", std::make_unique<many_names>(second));
  }

  network net;
  std::vector<std::string> first, second;
  node n1{net};
};

TEST_F(aliases, a_worker_is_reached_by_each_of_its_names_and_sees_which) {
  ASSERT_TRUE(n1.workers().alias(address{"other"}, address{"first"}));
  n1.send({"first"}, "a");
  n1.send({"other"}, "b");
  EXPECT_EQ(first, (std::vector<std::string>{"first", "other"}));
}

TEST_F(aliases, an_alias_has_consumers_and_a_count_of_its_own) {
  ASSERT_TRUE(n1.workers().alias(address{"other"}, address{"first"}, {7}));
  n1.send({"other"}, "a");
  EXPECT_EQ(n1.board().find(address{"other"})->consumer_of, std::vector<std::uint32_t>{7});
  EXPECT_EQ(n1.board().find(address{"other"})->messages_in, 1u);
  EXPECT_EQ(n1.board().find(address{"first"})->messages_in, 0u);
}

TEST_F(aliases, a_moved_alias_keeps_its_consumers_and_its_count) {
  ASSERT_TRUE(n1.workers().alias(address{"other"}, address{"first"}, {7}));
  n1.send({"other"}, "a");
  ASSERT_TRUE(n1.workers().alias(address{"other"}, address{"second"}));
  n1.send({"other"}, "b");
  EXPECT_EQ(first.size(), 1u);
  EXPECT_EQ(second.size(), 1u);
  EXPECT_EQ(n1.board().find(address{"other"})->consumer_of, std::vector<std::uint32_t>{7});
  EXPECT_EQ(n1.board().find(address{"other"})->messages_in, 2u);
  ASSERT_TRUE(n1.workers().stop(address{"first"}));
  EXPECT_TRUE(n1.board().find(address{"other"})) << "it is not the first one's any more";
}

TEST_F(aliases, an_alias_ends_with_the_worker_that_has_it) {
  ASSERT_TRUE(n1.workers().alias(address{"other"}, address{"first"}));
  ASSERT_TRUE(n1.workers().stop(address{"first"}));
  EXPECT_FALSE(n1.board().find(address{"other"}));
}

TEST_F(aliases, the_name_of_a_worker_is_no_alias) {
  auto taken = n1.workers().alias(address{"second"}, address{"first"});
  ASSERT_FALSE(taken);
  EXPECT_EQ(taken.error().code, errc::already_exists);
  EXPECT_FALSE(n1.workers().remove_alias(address{"second"}));
  auto nobody = n1.workers().alias(address{"other"}, address{"nobody"});
  ASSERT_FALSE(nobody);
  EXPECT_EQ(nobody.error().code, errc::not_found);
}

/// A service that needs its surroundings: listens on a socket, starts a worker for each connection, and has
/// a flow control id of its own.
class doorbell final : public worker, private net::acceptor_events {
 public:
  explicit doorbell(const node_context& c) : context_{c} {}

  void on_start() override {
    flow_ = context_.board.flows().create();
    auto at = parse_endpoint("127.0.0.1:9000");
    auto a = context_.reactor.listen(*at, *this);
    if (!a)
      throw std::runtime_error{a.error().cause};
    acceptor_ = std::move(*a);
  }
  void on_message(message_ptr m) override { drop(std::move(m), drop_reason::bad_route); }
  void on_stop() noexcept override {
    acceptor_.reset();
    context_.board.remove_flow(flow_);
  }

 private:
  void on_accept(net::stream_ptr) override {
    worker_options o;
    o.type = "visitor";
    o.consumer_of = {flow_};
    (void)context_.workers.start(address{"visitor"}, std::make_unique<mailbox>(), std::move(o));
  }
  void on_out_of_descriptors() override {}

  const node_context& context_;
  net::acceptor_ptr acceptor_;
  std::uint32_t flow_ = 0;
};

service_type doorbell_type() {
  service_type t;
  t.name = "doorbell";
  t.thread = worker_thread::socket;
  t.make_in = [](const node_context& c, const service_options&) {
    return result<std::unique_ptr<worker>>{std::make_unique<doorbell>(c)};
  };
  return t;
}

TEST(node_context, lets_a_service_open_sockets_start_workers_and_own_flow_control_ids) {
  network net;
  std::vector<service_type> types{doorbell_type()};
  node_config config;
  config.name = "n1";
  config.services = {{"doorbell", "doorbell", {}}};
  node n1{net, config, types};
  ASSERT_TRUE(n1.failures().empty());
  auto visitor = net.dial("127.0.0.1:9000");
  net.run();
  auto* there = n1.board().find(address{"visitor"});
  ASSERT_TRUE(there);
  ASSERT_EQ(there->consumer_of.size(), 1u);
  EXPECT_FALSE(n1.board().flows().text(there->consumer_of.front()).empty());
  ASSERT_TRUE(n1.workers().stop(address{"doorbell"}));
  net.run();
  EXPECT_TRUE(n1.board().flows().text(there->consumer_of.front()).empty());
}

TEST(node_context, a_service_that_needs_it_runs_on_the_socket_thread_only) {
  network net;
  std::vector<service_type> types{doorbell_type()};
  node_config config;
  config.name = "n1";
  config.services = {{"doorbell", "doorbell", {{"thread", "pool"}}}};
  node n1{net, config, types};
  ASSERT_EQ(n1.failures().size(), 1u);
  EXPECT_EQ(n1.failures().front().why.code, errc::invalid_argument);
}

} // namespace
} // namespace ockam::sim
