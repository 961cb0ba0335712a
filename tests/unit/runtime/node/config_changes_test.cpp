// SPDX-License-Identifier: Apache-2.0
#include "runtime/node/config_changes.hpp"

#include <gtest/gtest.h>

namespace ockam {
namespace {

node_config config() {
  node_config c;
  c.name = "n";
  c.listeners = {{"a", "tcp", "127.0.0.1:1", {}}, {"b", "udp", "127.0.0.1:2", {"echo"}}};
  c.connections = {{"peer", "tcp", "h:1", {}}};
  c.items = {{"relay", "r", {{"at", "/worker/peer"}}}};
  c.services = {{"up", "uppercase", {}}, {"h", "hop", {{"thread", "pool"}}}};
  return c;
}

TEST(config_changes, equal_configurations_differ_in_nothing) {
  EXPECT_TRUE(changes(config(), config()).none());
}

TEST(config_changes, the_log_level_is_not_the_nodes) {
  auto fresh = config();
  fresh.log.level = "debug";
  EXPECT_TRUE(changes(config(), fresh).none());
}

TEST(config_changes, an_item_that_writes_out_a_default_has_not_changed) {
  static constexpr std::array<key_descriptor, 2> of_relay{{{.name = "at"}, {.name = "allow", .type = key_type::list, .fallback = "echo, uppercase"}}};
  auto keys = [](std::string_view kind) { return kind == "relay" ? std::span<const key_descriptor>{of_relay} : std::span<const key_descriptor>{}; };
  auto fresh = config();
  fresh.items[0].keys["allow"] = "uppercase, echo";
  EXPECT_TRUE(changes(config(), fresh, keys).none());
  EXPECT_TRUE(changes(fresh, config(), keys).none());
  fresh.items[0].keys["allow"] = "echo";
  auto c = changes(config(), fresh, keys);
  EXPECT_EQ(c.items.gone.size(), 1u);
  EXPECT_EQ(c.items.come.size(), 1u);
  fresh = config();
  fresh.items[0].name = "other";
  EXPECT_FALSE(changes(config(), fresh, keys).none());
}

TEST(config_changes, a_changed_section_goes_and_comes) {
  auto fresh = config();
  fresh.listeners[0].address = "127.0.0.1:3";
  fresh.connections[0].retry.most = std::chrono::seconds{9};
  fresh.services[1].options["thread"] = "socket";
  fresh.items[0].keys["at"] = "/worker/other";
  auto c = changes(config(), fresh);
  ASSERT_EQ(c.listeners.gone.size(), 1u);
  EXPECT_EQ(c.listeners.gone[0].address, "127.0.0.1:1");
  ASSERT_EQ(c.listeners.come.size(), 1u);
  EXPECT_EQ(c.listeners.come[0].address, "127.0.0.1:3");
  EXPECT_EQ(c.connections.gone.size(), 1u);
  EXPECT_EQ(c.connections.come.size(), 1u);
  ASSERT_EQ(c.services.come.size(), 1u);
  EXPECT_EQ(c.services.come[0].name, "h");
  ASSERT_EQ(c.items.gone.size(), 1u);
  EXPECT_EQ(c.items.gone[0].keys.at("at"), "/worker/peer");
  ASSERT_EQ(c.items.come.size(), 1u);
  EXPECT_EQ(c.items.come[0].keys.at("at"), "/worker/other");
  EXPECT_TRUE(c.at_start.empty());
}

TEST(config_changes, a_listener_that_differs_in_allow_alone_goes_on) {
  auto fresh = config();
  fresh.listeners[1].allow = {"uppercase"};
  auto c = changes(config(), fresh);
  EXPECT_FALSE(c.none());
  EXPECT_TRUE(c.listeners.gone.empty());
  EXPECT_TRUE(c.listeners.come.empty());
  ASSERT_EQ(c.allows.gone.size(), 1u);
  EXPECT_EQ(c.allows.gone[0].allow, std::vector<std::string>{"echo"});
  ASSERT_EQ(c.allows.come.size(), 1u);
  EXPECT_EQ(c.allows.come[0].allow, std::vector<std::string>{"uppercase"});
}

TEST(config_changes, a_listener_whose_address_is_waited_for_no_longer_goes_on) {
  auto fresh = config();
  fresh.listeners[1].retry = false;
  auto c = changes(config(), fresh);
  EXPECT_FALSE(c.none());
  EXPECT_TRUE(c.listeners.come.empty());
  ASSERT_EQ(c.allows.come.size(), 1u);
  EXPECT_FALSE(c.allows.come[0].retry);
}

TEST(config_changes, what_a_silent_listener_admits_depends_on_its_place_in_the_file_alone) {
  auto c = config();
  c.listeners.push_back({"c", "tcp", "127.0.0.1:3", {}});
  resolve_allow(c);
  EXPECT_EQ(c.listeners[0].allow, std::vector<std::string>{"services"});
  EXPECT_EQ(c.listeners[1].allow, std::vector<std::string>{"echo"});
  EXPECT_TRUE(c.listeners[2].allow.empty());
  auto other = config();
  std::swap(other.listeners[0], other.listeners[1]);
  resolve_allow(other);
  EXPECT_TRUE(other.listeners[1].allow.empty()) << "not the first one";
}

TEST(config_changes, what_is_only_in_one_of_them) {
  auto fresh = config();
  fresh.services.pop_back();
  fresh.listeners.push_back({"a", "ws", "ws://127.0.0.1:4", {}}); // another kind may have the same name
  auto c = changes(config(), fresh);
  EXPECT_EQ(c.services.gone.size(), 1u);
  EXPECT_TRUE(c.services.come.empty());
  EXPECT_TRUE(c.listeners.gone.empty());
  EXPECT_EQ(c.listeners.come.size(), 1u);
}

TEST(config_changes, keys_of_the_node_wait_for_a_start_but_those_of_routing_do_not) {
  auto fresh = config();
  fresh.threads = 7;
  fresh.limit.max_frame = 1;
  fresh.log.file = "x";
  fresh.routing.dial_links = 3;
  auto c = changes(config(), fresh);
  EXPECT_TRUE(c.routing);
  EXPECT_EQ(c.at_start, (std::vector<std::string_view>{"threads", "log-file", "max-frame"}));
  fresh = config();
  fresh.routing.proxy = "http://127.0.0.1:3128";
  EXPECT_TRUE(changes(config(), fresh).routing);
}

} // namespace
} // namespace ockam
