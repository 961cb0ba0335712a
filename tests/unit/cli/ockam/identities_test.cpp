// SPDX-License-Identifier: Apache-2.0
#include "cli/ockam/identities.hpp"

#include "cli/state/files.hpp"

#include <gtest/gtest.h>

#include <cstdlib>

namespace ockam::cli {
namespace {

// As the reference has printed them.
const std::string history = "81825837830101583285f682008158208f852b0459141a8a11f2611afe139c071340e291fc070d3edf483a3a41"
                            "71e7ddf41a6b0467161a7dd06a168200815840"
                            "fd486155533b4d743d4a546f4058c653bb2b2ace275d2f78ccfb16dfe7eeb30f4f054c0d3a09c9c14b0fee7241"
                            "e7fd802bf535a6bd7f86b92671e09e94c8b80a";
const std::string identifier = "I28ded89c604725ed1369da226c3afe96f0674af7f4766003bb3ae47b5e70d06b";

TEST(identities, a_history_is_shown_as_the_reference_shows_it) {
  auto who = read_identity({"alice", identifier, history, "default"});
  ASSERT_TRUE(who) << who.error().cause;
  EXPECT_EQ(changes_page(*who),
            "Identifier: " + identifier
              + "\n  Change[0]:"
                "\n    identifier:              28ded89c604725ed1369da226c3afe96f0674af7f4766003bb3ae47b5e70d06b"
                "\n    primary_public_key:      EdDSACurve25519: "
                "8f852b0459141a8a11f2611afe139c071340e291fc070d3edf483a3a4171e7dd"
                "\n    revoke_all_purpose_keys: false");
  auto data = changes_view(*who);
  EXPECT_EQ(data["identifier"], identifier);
  EXPECT_EQ(data["changes"].size(), 1u);
  EXPECT_EQ(data["changes"][0]["revoke_all_purpose_keys"], false);
}

TEST(identities, a_row_that_does_not_hold_is_no_identity) {
  auto other = identifier;
  other.back() = 'c';
  auto bent = history;
  bent.back() = 'b';
  for (const auto& row :
       {state::identity_row{"alice", other, history, {}}, state::identity_row{"alice", identifier, bent, {}},
        state::identity_row{"alice", "alice", history, {}}, state::identity_row{"alice", identifier, "", {}}}) {
    auto who = read_identity(row);
    ASSERT_FALSE(who);
    EXPECT_EQ(who.error().code, errc::corrupt_state);
    EXPECT_FALSE(who.error().hint.empty());
  }
}

TEST(identities, a_vault_is_called_what_a_file_can_be_called) {
  for (const auto* good : {"", "v1", "bad name", "..", "ü"})
    EXPECT_TRUE(check_vault_name(good)) << good;
  for (const auto& bad : {std::string{"a/b"}, std::string{"/"}, std::string{"a\nb"}, std::string{"\x1b[31m"},
                          std::string{"a\0b", 3}, std::string(201, 'x')})
    EXPECT_EQ(check_vault_name(bad).error().code, errc::invalid_argument);
}

TEST(identities, names_in_a_list_are_printable) {
  EXPECT_EQ(listed({}), "");
  EXPECT_EQ(listed({"a", "b\x1b"}), "a, b\\x1b");
}

TEST(identities, only_those_of_a_vault_use_it) {
  std::vector<state::identity_row> all{
    {"a", "Ia", "", "v"}, {"b", "Ib", "", {}}, {"c", "Ic", "", ""}, {"d", "Id", "", "v"}};
  EXPECT_EQ(identities_in(all, "v"), (std::vector<std::string>{"a", "d"}));
  EXPECT_EQ(identities_in(all, ""), std::vector<std::string>{"c"}) << "an empty name is not none";
}

class identity_of_a_node : public testing::Test {
 protected:
  static std::filesystem::path fresh_directory() {
    std::string pattern = "/tmp/ok-unit-XXXXXX";
    return ::mkdtemp(pattern.data());
  }
  ~identity_of_a_node() override { std::filesystem::remove_all(h.root()); }

  void node(const std::string& name, const std::string& ini) {
    ASSERT_TRUE(h.create_node_dir(name));
    ASSERT_TRUE(state::replace_file(h.config_file(name), ini));
  }

  state::home h{fresh_directory()};
  const state::identity_row alice{"alice", identifier, history, "default"};
};

TEST_F(identity_of_a_node, is_what_its_file_says) {
  node("n1", "[node]\nname = n1\n[identity]\nvault = /v\nhistory = " + h.history_file(identifier).string() + "\n");
  node("n2", "[node]\nname = n2\n");
  node("n3", "[identity]\nhistory = /elsewhere/of-mine\n");
  node("n4", "no configuration at all");
  EXPECT_EQ(identifier_of_node(h, "n1"), identifier);
  for (const auto* name : {"n2", "n3", "n4", "nothere"})
    EXPECT_FALSE(identifier_of_node(h, name)) << name;
  EXPECT_EQ(nodes_of(h, alice), std::vector<std::string>{"n1"});
}

TEST_F(identity_of_a_node, has_its_history_in_a_private_file_that_is_written_when_it_changes) {
  ASSERT_TRUE(write_history_file(h, alice));
  auto file = h.history_file(identifier);
  EXPECT_EQ(state::read_file(file), history + "\n");
  EXPECT_EQ(std::filesystem::status(file).permissions(), std::filesystem::perms{0600});
  auto before = std::filesystem::last_write_time(file);
  ASSERT_TRUE(write_history_file(h, alice));
  EXPECT_EQ(std::filesystem::last_write_time(file), before) << "it says so already: that needs no room";
  auto rotated = alice;
  rotated.history = "82";
  ASSERT_TRUE(write_history_file(h, rotated));
  EXPECT_EQ(state::read_file(file), "82\n");
}

} // namespace
} // namespace ockam::cli
