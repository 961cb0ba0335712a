// SPDX-License-Identifier: Apache-2.0
#include "channels/node_identity.hpp"

#include "identity/file_vault.hpp"
#include "identity/private_file.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>

namespace ockam::channels {
namespace {

namespace ids = identities;
constexpr ids::timestamp now = 1'700'000'000;

class node_identities : public testing::Test {
 protected:
  node_identities() {
    std::string name = std::filesystem::temp_directory_path() / "ockam-identity-XXXXXX";
    folder_ = ::mkdtemp(name.data());
    config_ = {folder_ + "/vault", folder_ + "/history", {}};
  }
  ~node_identities() override { std::filesystem::remove_all(folder_); }

  std::string folder_;
  identity_config config_;
};

TEST_F(node_identities, the_first_start_makes_one_and_the_next_has_it_again) {
  auto first = node_identity::load(config_, now);
  ASSERT_TRUE(first) << first.error().cause;
  auto second = node_identity::load(config_, now + 60);
  ASSERT_TRUE(second) << second.error().cause;
  EXPECT_EQ((*first)->name(), (*second)->name());
}

TEST_F(node_identities, static_keys_of_channels_are_not_kept_in_the_vault) {
  ASSERT_TRUE(node_identity::load(config_, now));
  auto size = std::filesystem::file_size(config_.vault);
  for (int i = 0; i < 3; ++i)
    ASSERT_TRUE(node_identity::load(config_, now));
  EXPECT_EQ(std::filesystem::file_size(config_.vault), size);
}

TEST_F(node_identities, a_history_whose_key_the_vault_has_not_is_refused) {
  ASSERT_TRUE(node_identity::load(config_, now));
  std::filesystem::remove(config_.vault);
  auto r = node_identity::load(config_, now);
  ASSERT_FALSE(r);
  EXPECT_EQ(r.error().code, errc::not_found);
  EXPECT_NE(r.error().cause.find(config_.vault), std::string::npos) << r.error().cause;
}

TEST_F(node_identities, a_sealed_vault_opens_with_the_passphrase_of_the_file_alone) {
  config_.passphrase_file = folder_ + "/passphrase";
  std::string_view text = "correct horse\n";
  ASSERT_TRUE(ids::private_file::replace(config_.passphrase_file, std::as_bytes(std::span{text})));
  auto first = node_identity::load(config_, now);
  ASSERT_TRUE(first) << first.error().cause;
  auto again = node_identity::load(config_, now);
  ASSERT_TRUE(again) << again.error().cause;
  EXPECT_EQ((*first)->name(), (*again)->name());
  text = "wrong horse\n";
  ASSERT_TRUE(ids::private_file::replace(config_.passphrase_file, std::as_bytes(std::span{text})));
  EXPECT_FALSE(node_identity::load(config_, now));
  config_.passphrase_file.clear();
  EXPECT_FALSE(node_identity::load(config_, now));
}

TEST_F(node_identities, the_static_key_is_made_anew_after_a_week_and_that_before_still_agrees) {
  auto who = node_identity::load(config_, now);
  ASSERT_TRUE(who);
  auto first = (*who)->own(now), same = (*who)->own(now + 86'400), later = (*who)->own(now + 8 * 86'400);
  ASSERT_TRUE(first && same && later);
  EXPECT_EQ(first->static_key, same->static_key);
  EXPECT_NE(first->static_key, later->static_key);
  EXPECT_TRUE(first->keys->agree(first->static_key, later->static_key));
}

TEST_F(node_identities, a_rotated_key_is_taken_up_and_an_older_or_another_history_is_not) {
  auto who = node_identity::load(config_, now);
  ASSERT_TRUE(who);
  auto nothing = (*who)->refresh(now);
  ASSERT_TRUE(nothing);
  EXPECT_FALSE(*nothing) << "nothing is new";
  auto before = ids::history_file::read(config_.history);
  auto keys = ids::file_vault::open(config_.vault, nullptr);
  ASSERT_TRUE(before && keys);
  auto after = ids::rotate(**keys, *before, ids::key_type::ed25519, now);
  ASSERT_TRUE(after && ids::history_file::write(config_.history, *after));
  ASSERT_TRUE((*keys)->remove(before->latest().data.key));
  auto first = (*who)->own(now);
  auto told = (*who)->refresh(now);
  ASSERT_TRUE(told) << told.error().cause;
  ASSERT_TRUE(*told);
  auto then = (*who)->own(now);
  ASSERT_TRUE(first && then);
  EXPECT_EQ(then->proof.history.changes.size(), 2u);
  EXPECT_NE(first->static_key, then->static_key) << "the one before was attested by the key before";
  EXPECT_TRUE(first->keys->agree(first->static_key, then->static_key)) << "handshakes under way end";
  ASSERT_TRUE(ids::history_file::write(config_.history, *before));
  EXPECT_EQ((*who)->refresh(now).error().code, errc::not_authentic);
  EXPECT_EQ((*who)->own(now)->proof.history.changes.size(), 2u);
  auto other = ids::create_identity(**keys, ids::key_type::ed25519, now);
  ASSERT_TRUE(other && ids::history_file::write(config_.history, *other));
  EXPECT_EQ((*who)->refresh(now).error().code, errc::not_authentic);
}

TEST_F(node_identities, one_for_later_opens_nothing_before_it_is_needed_and_makes_none) {
  auto known = std::make_shared<ids::memory_identities>();
  auto who = node_identity::later(config_, known);
  EXPECT_EQ(who->name(), "");
  EXPECT_EQ(who->own(now).error().code, errc::not_found);
  EXPECT_FALSE(std::filesystem::exists(config_.history));
  auto made = node_identity::load(config_, now);
  ASSERT_TRUE(made);
  ASSERT_TRUE(who->own(now));
  EXPECT_EQ(who->name(), (*made)->name());
}

} // namespace
} // namespace ockam::channels
