// SPDX-License-Identifier: Apache-2.0
// Channels and their listeners in another configuration, while the node runs: all of it or nothing.
#include "sim/channels/channel_fixture.hpp"

#include <gtest/gtest.h>

namespace ockam::sim {
namespace {

class channel_reload : public testing::Test {
 protected:
  /// Hex that is no identity: that is seen only where it is used.
  static constexpr const char* garbage = "0011";

  channel_reload() {
    config = config_of("n", "", {{"secure-channel-listener", "more", {}}, {"secure-channel", "c", {{"to", "/service/api"}}}});
    config.services.push_back({"s", "echo", {}});
    fresh = config;
    fresh.services.back().type = "uppercase";
  }

  /// The section that is wrong, or nothing; what the node has is what it had then.
  std::string wrong_section() {
    node n{net, config, standard_services(), somebody()};
    EXPECT_TRUE(n.failures().empty());
    const auto* before = n.board().find(address{"more"});
    auto failures = n.reload(fresh);
    if (failures.empty())
      return {};
    EXPECT_EQ(failures.size(), 1u);
    EXPECT_EQ(n.board().find(address{"s"})->type, "echo");
    EXPECT_EQ(n.board().find(address{"more"}), before);
    EXPECT_TRUE(n.board().find(address{"api"}));
    return failures[0].section;
  }

  network net;
  node_config config, fresh;
};

TEST_F(channel_reload, a_changed_listener_that_cannot_begin_changes_nothing) {
  fresh.items[0].keys = {{"authority", garbage}};
  EXPECT_EQ(wrong_section(), "[secure-channel-listener more]");
}

TEST_F(channel_reload, a_changed_channel_that_cannot_begin_changes_nothing) {
  fresh.items[1].keys["credential"] = garbage;
  EXPECT_EQ(wrong_section(), "[secure-channel c]");
}

TEST_F(channel_reload, the_listener_that_every_node_has_stays_when_something_else_is_wrong) {
  fresh.items.push_back({"secure-channel-listener", "api", {{"max-channels", "7"}}});
  fresh.items[0].keys = {{"authority", garbage}};
  EXPECT_EQ(wrong_section(), "[secure-channel-listener more]");
}

TEST_F(channel_reload, what_is_right_takes_effect) {
  fresh.items[0].keys = {{"max-channels", "7"}};
  fresh.items.push_back({"secure-channel-listener", "api", {{"max-channels", "7"}}});
  EXPECT_EQ(wrong_section(), "");
}

TEST_F(channel_reload, a_changed_relay_that_cannot_begin_changes_nothing) {
  config.items.push_back({"relay", "r", {{"at", "/ip4/127.0.0.1/tcp/4999"}}});
  fresh.items.push_back({"relay", "r", {{"at", "/ip4/127.0.0.1/tcp/4999"}, {"authorized", "I0000000000000000000000000000000000000000000000000000000000000000"}}});
  EXPECT_EQ(wrong_section(), "[relay r]");
}

} // namespace
} // namespace ockam::sim
