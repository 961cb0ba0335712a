// SPDX-License-Identifier: Apache-2.0
#include "operation/readiness.hpp"

#include "operation/snapshot_json.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace ockam::operation {
namespace {

link_info link(bool lasting, std::string state) {
  link_info l;
  l.transport = "tcp";
  l.worker_address = "west";
  l.lasting = lasting;
  l.state = std::move(state);
  l.last_error = "connection refused";
  return l;
}

TEST(Readiness, IsGivenWhenThereIsNothingToWaitFor) {
  EXPECT_TRUE(what_is_not_ready({}).empty());
  node_snapshot s;
  s.links = {link(true, "up"), link(false, "handshake")};
  s.items.emplace_back("tcp-outlet", item_info{"outlet", {{"to", "127.0.0.1:5432"}}});
  s.items.emplace_back("tcp-inlet", item_info{"db", {{"state", "up"}}});
  EXPECT_TRUE(what_is_not_ready(s).empty());
}

TEST(Readiness, NamesWhatDoesNotWorkAndWhy) {
  node_snapshot s;
  s.late.push_back({"tcp", "lan", "10.9.9.9:4000", "no interface has it"});
  s.links = {link(true, "waiting")};
  s.items.emplace_back("tcp-inlet", item_info{"db", {{"state", "down"}, {"reason", "no worker at 0#outlet"}}});
  auto missing = what_is_not_ready(s);
  ASSERT_EQ(missing.size(), 3u);
  EXPECT_EQ(missing[0].kind, "tcp-listener");
  EXPECT_EQ(missing[0].reason, "no interface has it");
  EXPECT_EQ(missing[1].name, "west");
  EXPECT_EQ(missing[1].reason, "connection refused");
  EXPECT_EQ(missing[2].state, "down");
  auto j = nlohmann::json::parse(readiness_json(missing));
  EXPECT_FALSE(j["ready"].get<bool>());
  EXPECT_EQ(j["not_ready"][2]["reason"], "no worker at 0#outlet");
}

// The connection of a relay has a name that nobody has given it; the relay says the same in words.
TEST(Readiness, NamesARelayAndNotTheConnectionThatItKeeps) {
  node_snapshot s;
  s.links = {link(true, "waiting")};
  s.items.emplace_back("relay", item_info{"db", {{"state", "down"}, {"reason", "connection refused"}, {"connection", "west"}}});
  auto missing = what_is_not_ready(s);
  ASSERT_EQ(missing.size(), 1u);
  EXPECT_EQ(missing[0].kind, "relay");
  EXPECT_EQ(missing[0].reason, "connection refused");
}

TEST(SnapshotJson, BearsTextsThatAreNoUtf8) {
  node_snapshot s;
  s.name = "n1";
  auto l = link(true, "up");
  l.peer = "\xff\xfe<script>";
  s.links.push_back(l);
  auto j = nlohmann::json::parse(show_json(s));
  EXPECT_EQ(j["name"], "n1");
  EXPECT_EQ(j["links"][0]["reconnects"], 0);
  EXPECT_EQ(j["links"][0]["name"], "west");
  EXPECT_NE(j["links"][0]["node"].get<std::string>().find("<script>"), std::string::npos);
}

TEST(SnapshotJson, HasNamesOfLinksThatSomebodyHasNamed) {
  node_snapshot s;
  s.links = {link(true, "up"), link(false, "up"), link(true, "up")};
  s.links[1].worker_address = "0123456789abcdef0123456789abcdef";
  s.links[2].worker_address = "fedcba9876543210fedcba9876543210";
  s.items.emplace_back("relay", item_info{"db", {{"state", "up"}, {"connection", s.links[2].worker_address}}});
  auto j = nlohmann::json::parse(show_json(s));
  EXPECT_EQ(j["links"][0]["name"], "west");
  EXPECT_FALSE(j["links"][1].contains("name"));
  EXPECT_EQ(j["links"][2]["name"], "relay db");
}

} // namespace
} // namespace ockam::operation
