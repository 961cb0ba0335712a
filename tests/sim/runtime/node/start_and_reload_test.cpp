// SPDX-License-Identifier: Apache-2.0
// The start of a node from a configuration, and another configuration while it runs: the real assembly.
#include "services/services.hpp"
#include "sim/support/node.hpp"
#include "sim/support/wire.hpp"

#include <gtest/gtest.h>

namespace ockam::sim {
namespace {

using namespace std::chrono_literals;

/// Starts on the pool, so not at once; or refuses to.
class reluctant final : public worker {
 public:
  explicit reluctant(const service_options& o) : fails_{o.text("fails", "no") == "yes"} {}
  void on_start() override {
    if (fails_)
      throw std::runtime_error{"it does not want to"};
  }
  void on_message(message_ptr m) override { reply(std::move(m)); }

 private:
  bool fails_;
};

//   n1 (configured) ── tcp ── n2
class configured_node : public testing::Test {
 protected:
  configured_node() {
    types.assign(standard_services().begin(), standard_services().end());
    types.push_back(service<reluctant>("reluctant"));
    config.name = "n1";
    config.services = {{"greeter", "echo", {}}, {"slow", "reluctant", {}}};
    config.listeners = {listener("public", "127.0.0.1:4000")};
  }

  static listener_config listener(std::string name, std::string at, std::vector<std::string> allow = {}) {
    listener_config l;
    l.name = std::move(name);
    l.transport = "tcp";
    l.address = std::move(at);
    l.allow = std::move(allow);
    return l;
  }
  static connection_config connection(std::string name, std::string to) {
    connection_config c;
    c.name = std::move(name);
    c.transport = "tcp";
    c.address = std::move(to);
    return c;
  }

  network net;
  std::vector<service_type> types;
  node_config config;
};

/// What a peer hears that asks for `to` and for a report.
std::string ask(network& net, client& peer, const std::string& to) {
  peer.send(frame({address{to}}, {"me"}, "x", true));
  net.run();
  auto in = peer.receive();
  if (in.starts_with(preamble))
    in.erase(0, 1);
  auto got = take_frames(in);
  return got.size() != 1 ? "nothing" : got.front().body == "x" ? "answered" : "refused";
}

std::string ask(network& net, const std::string& at, const std::string& to) {
  auto peer = net.dial(at);
  peer.send(preamble);
  return ask(net, peer, to);
}

TEST_F(configured_node, starts_services_listeners_and_connections) {
  node n2{net, "n2"};
  auto at = n2.listen();
  config.connections = {connection("to-n2", at)};
  node n1{net, config, types};
  EXPECT_TRUE(n1.failures().empty());
  ASSERT_EQ(n1.listeners().size(), 1u);
  EXPECT_EQ(n1.listeners().front().socket_address, "127.0.0.1:4000");
  for (auto name : {"greeter", "slow", "echo", "uppercase", "hop", "to-n2"})
    EXPECT_TRUE(n1.board().find(address{name})) << name;
  EXPECT_EQ(n1.link().state, "up");
}

TEST_F(configured_node, a_service_that_cannot_start_ends_the_first_start_before_listeners_open) {
  config.services.push_back({"broken", "reluctant", {{"fails", "yes"}}});
  node n1{net, config, types};
  ASSERT_EQ(n1.failures().size(), 1u);
  EXPECT_EQ(n1.failures().front().section, "[service broken]");
  EXPECT_NE(n1.failures().front().why.cause.find("it does not want to"), std::string::npos);
  EXPECT_TRUE(n1.listeners().empty());
}

TEST_F(configured_node, a_listener_whose_port_is_taken_ends_the_first_start) {
  node other{net, "other"};
  other.listen("127.0.0.1:4000");
  node n1{net, config, types};
  ASSERT_EQ(n1.failures().size(), 1u);
  EXPECT_EQ(n1.failures().front().section, "[tcp-listener public]");
  EXPECT_EQ(n1.failures().front().why.code, errc::address_in_use);
}

TEST_F(configured_node, reload_ends_what_is_gone_and_begins_what_is_new) {
  node n1{net, config, types};
  auto fresh = config;
  fresh.services = {{"greeter", "echo", {}}, {"shout", "uppercase", {}}};
  fresh.listeners = {listener("private", "127.0.0.1:4001")};
  EXPECT_TRUE(n1.reload(fresh).empty());
  EXPECT_FALSE(n1.board().find(address{"slow"}));
  EXPECT_TRUE(n1.board().find(address{"shout"}));
  ASSERT_EQ(n1.listeners().size(), 1u);
  EXPECT_EQ(n1.listeners().front().socket_address, "127.0.0.1:4001");
}

TEST_F(configured_node, a_reload_with_problems_names_all_of_them_and_changes_nothing) {
  node n1{net, config, types};
  node other{net, "other"};
  other.listen("127.0.0.1:4001");
  auto fresh = config;
  fresh.listeners = {listener("second", "127.0.0.1:4001"), listener("third", "127.0.0.1:4002")};
  fresh.services = {{"broken", "reluctant", {{"fails", "yes"}}}, {"fine", "echo", {}}, {"greeter", "uppercase", {}}, {"echo", "uppercase", {}}};
  fresh.connections = {connection("slow", "127.0.0.1:4001"), connection("uppercase", "127.0.0.1:4001")};
  fresh.routing.dial = dial_policy::never;
  auto failures = n1.reload(fresh);
  ASSERT_EQ(failures.size(), 3u);
  EXPECT_EQ(failures[0].section, "[tcp-connection uppercase]") << "the other name becomes free";
  EXPECT_EQ(failures[1].section, "[service broken]");
  EXPECT_EQ(failures[2].section, "[tcp-listener second]");
  EXPECT_EQ(n1.listeners().size(), 1u);
  EXPECT_EQ(n1.tcp().listeners().size(), 1u) << "what was opened beside is closed again";
  EXPECT_EQ(ask(net, "127.0.0.1:4000", "greeter"), "answered");
  EXPECT_EQ(n1.board().find(address{"greeter"})->type, "echo");
  EXPECT_EQ(n1.board().find(address{"echo"})->type, "echo");
  EXPECT_TRUE(n1.board().find(address{"slow"}));
  EXPECT_FALSE(n1.board().find(address{"fine"}));
  EXPECT_EQ(n1.routing().dial, dial_policy::listed);
  other.stop();
  fresh.services.front().options["fails"] = "no";
  fresh.connections.pop_back();
  EXPECT_TRUE(n1.reload(fresh).empty());
  EXPECT_EQ(n1.listeners().size(), 2u);
  EXPECT_EQ(n1.board().find(address{"greeter"})->type, "uppercase");
  EXPECT_EQ(n1.board().find(address{"echo"})->type, "uppercase");
  for (auto name : {"broken", "fine", "slow"})
    EXPECT_TRUE(n1.board().find(address{name})) << name;
}

TEST_F(configured_node, a_changed_service_that_cannot_start_leaves_the_one_before_with_its_state) {
  node n1{net, config, types};
  EXPECT_EQ(ask(net, "127.0.0.1:4000", "slow"), "answered");
  auto fresh = config;
  fresh.services[1].options["fails"] = "yes";
  ASSERT_EQ(n1.reload(fresh).size(), 1u);
  EXPECT_EQ(ask(net, "127.0.0.1:4000", "slow"), "answered");
  EXPECT_EQ(n1.board().find(address{"slow"})->messages_in, 2u) << "it is the same one";
}

TEST_F(configured_node, listeners_change_places) {
  config.listeners = {listener("a", "127.0.0.1:4000", {"greeter"}), listener("b", "127.0.0.1:4001", {"slow"})};
  node n1{net, config, types};
  auto peer = net.dial("127.0.0.1:4000");
  peer.send(preamble);
  EXPECT_EQ(ask(net, peer, "greeter"), "answered");
  std::swap(config.listeners[0].address, config.listeners[1].address);
  EXPECT_TRUE(n1.reload(config).empty());
  EXPECT_EQ(ask(net, peer, "greeter"), "answered") << "the link goes with its listener";
  EXPECT_EQ(ask(net, "127.0.0.1:4001", "greeter"), "answered");
  EXPECT_EQ(ask(net, "127.0.0.1:4001", "slow"), "refused");
  EXPECT_EQ(ask(net, "127.0.0.1:4000", "slow"), "answered");
  EXPECT_EQ(n1.tcp().listeners().size(), 2u);
}

TEST_F(configured_node, a_listener_that_cannot_take_its_new_place_has_its_old_one_again) {
  config.listeners = {listener("a", "127.0.0.1:4000", {"greeter"})};
  node n1{net, config, types};
  auto peer = net.dial("127.0.0.1:4000");
  peer.send(preamble);
  EXPECT_EQ(ask(net, peer, "greeter"), "answered");
  auto fresh = config;
  fresh.listeners[0].options["max-connections"] = "none"; // a check would have said it; here the transport does
  EXPECT_EQ(n1.reload(fresh).size(), 1u);
  EXPECT_EQ(ask(net, peer, "greeter"), "answered");
  EXPECT_EQ(ask(net, "127.0.0.1:4000", "greeter"), "answered");
}

TEST_F(configured_node, what_was_ended_by_hand_stays_so_over_a_reload) {
  node n1{net, config, types};
  EXPECT_TRUE(n1.workers().stop(address{"greeter"}));
  EXPECT_TRUE(n1.workers().stop(address{"uppercase"}));
  config.services.push_back({"more", "echo", {}});
  EXPECT_TRUE(n1.reload(config).empty());
  EXPECT_FALSE(n1.board().find(address{"greeter"}));
  EXPECT_FALSE(n1.board().find(address{"uppercase"}));
  EXPECT_TRUE(n1.board().find(address{"more"}));
}

TEST_F(configured_node, a_service_of_the_configuration_takes_the_place_of_a_standard_one_and_gives_it_back) {
  config.services = {{"echo", "uppercase", {}}};
  node n1{net, config, types};
  EXPECT_EQ(n1.board().find(address{"echo"})->type, "uppercase");
  auto fresh = config;
  fresh.services.clear();
  EXPECT_TRUE(n1.reload(fresh).empty());
  EXPECT_EQ(n1.board().find(address{"echo"})->type, "echo");
}

TEST_F(configured_node, a_configuration_that_comes_while_one_takes_effect_is_taken_up_after_it) {
  node n1{net, config, types};
  auto second = config;
  second.services.push_back({"more", "reluctant", {}}); // on the pool: it has not started when this returns
  auto third = second;
  third.services.pop_back();
  std::vector<int> order;
  n1.reactor().post([&] {
    auto& r = n1.reloading();
    r.apply(second, reloader::on_failure::stay, [&](const auto&) {
      EXPECT_TRUE(n1.board().find(address{"more"}));
      order.push_back(2);
    });
    r.apply(third, reloader::on_failure::stay, [&](const auto&) { order.push_back(3); });
    EXPECT_TRUE(order.empty());
  });
  net.run();
  EXPECT_EQ(order, (std::vector{2, 3}));
  EXPECT_FALSE(n1.board().find(address{"more"}));
}

TEST_F(configured_node, the_first_listener_of_the_file_admits_services_also_after_a_reload) {
  auto a = listener("a", "127.0.0.1:4000"), b = listener("b", "127.0.0.1:4001");
  config.listeners = {a};
  node n1{net, config, types};
  EXPECT_EQ(ask(net, a.address, "echo"), "answered");
  auto old = net.dial(a.address);
  old.send(preamble);
  EXPECT_EQ(ask(net, old, "echo"), "answered");
  config.listeners = {b, a};
  EXPECT_TRUE(n1.reload(config).empty());
  EXPECT_EQ(ask(net, b.address, "echo"), "answered");
  EXPECT_EQ(ask(net, a.address, "echo"), "refused");
  EXPECT_EQ(ask(net, old, "echo"), "refused") << "a link that is open loses what its listener admits no more";
  config.listeners = {a, b};
  EXPECT_TRUE(n1.reload(config).empty());
  EXPECT_EQ(ask(net, old, "echo"), "answered") << "and gets what it admits again";
  EXPECT_EQ(ask(net, b.address, "echo"), "refused");
}

TEST_F(configured_node, a_listener_of_any_transport_is_the_first_if_it_stands_first) {
  auto only = listener("only", "/run/n1.sock"), second = listener("second", "127.0.0.1:4000");
  only.transport = "uds";
  config.listeners = {only, second};
  node n1{net, config, types};
  EXPECT_EQ(ask(net, only.address, "echo"), "answered");
  EXPECT_EQ(ask(net, second.address, "echo"), "refused");
}

TEST_F(configured_node, what_allow_no_longer_says_is_closed_to_open_links_at_once) {
  config.listeners = {listener("a", "127.0.0.1:4000", {"echo", "greeter"})};
  node n1{net, config, types};
  auto peer = net.dial("127.0.0.1:4000");
  peer.send(preamble);
  EXPECT_EQ(ask(net, peer, "greeter"), "answered");
  config.listeners = {listener("a", "127.0.0.1:4000", {"echo", "slow"})};
  EXPECT_TRUE(n1.reload(config).empty());
  EXPECT_EQ(ask(net, peer, "greeter"), "refused");
  EXPECT_EQ(ask(net, peer, "echo"), "answered");
  EXPECT_EQ(ask(net, peer, "slow"), "answered");
}

TEST_F(configured_node, a_listener_that_moves_keeps_its_links_with_what_it_admits_now) {
  config.listeners = {listener("a", "127.0.0.1:4000", {"echo", "greeter"})};
  node n1{net, config, types};
  auto peer = net.dial("127.0.0.1:4000");
  peer.send(preamble);
  EXPECT_EQ(ask(net, peer, "greeter"), "answered");
  config.listeners = {listener("a", "127.0.0.1:4001", {"echo", "slow"})};
  EXPECT_TRUE(n1.reload(config).empty());
  EXPECT_EQ(ask(net, peer, "greeter"), "refused");
  EXPECT_EQ(ask(net, peer, "echo"), "answered");
  EXPECT_EQ(ask(net, peer, "slow"), "answered");
  node other{net, "other"};
  other.listen("127.0.0.1:4002");
  config.listeners = {listener("a", "127.0.0.1:4002", {"echo"})};
  EXPECT_EQ(n1.reload(config).size(), 1u);
  EXPECT_EQ(ask(net, peer, "echo"), "answered") << "that place is taken: it stays where it was";
  EXPECT_EQ(ask(net, "127.0.0.1:4001", "slow"), "answered");
}

TEST_F(configured_node, a_listener_that_is_gone_leaves_its_links_nothing_but_answers) {
  config.listeners = {listener("a", "127.0.0.1:4000", {"echo", "services"})};
  node n1{net, config, types};
  auto peer = net.dial("127.0.0.1:4000");
  peer.send(preamble);
  EXPECT_EQ(ask(net, peer, "echo"), "answered");
  config.listeners = {};
  EXPECT_TRUE(n1.reload(config).empty());
  ASSERT_EQ(n1.connections(), 1u);
  EXPECT_EQ(ask(net, peer, "echo"), "refused");
}

} // namespace
} // namespace ockam::sim
