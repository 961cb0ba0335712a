// SPDX-License-Identifier: Apache-2.0
#include "fixtures.hpp"

#include <functional>

namespace ockam::identities::test {
namespace {

/// Identities that somebody else has made, with the identifiers that they must have.
std::vector<std::pair<bytes, std::string>> others() {
  std::vector<std::pair<bytes, std::string>> out;
  auto add = [&](const nlohmann::json& j, const char* history) {
    out.emplace_back(unhex(j[history]), j["identifier"].get<std::string>());
  };
  auto v = recording("vectors"), recorded = recording("identities");
  add(v["ed25519_history"], "history");
  add(v["p256_history"], "history");
  for (const auto& h : v["more_histories"])
    add(h, "history");
  for (const char* made_by : {"command_line", "library"})
    for (const auto& i : recorded[made_by])
      add(i, "change_history");
  return out;
}

TEST(identity, of_the_reference_verifies_and_has_its_identifier) {
  for (const auto& [history, id] : others()) {
    auto who = must(identity::import(history));
    EXPECT_EQ(to_string(who.id()), id);
    EXPECT_EQ(hex(who.exported()), hex(history)) << "shown to others as it came";
    EXPECT_TRUE(static_cast<bool>(identity::import(history, &who.id())));
  }
}

TEST(identity, of_the_reference_says_what_it_was_recorded_to_say) {
  const auto recordings = recording("identities");
  for (const auto& recorded : recordings.at("library")) {
    auto who = must(identity::import(unhex(recorded["change_history"])));
    ASSERT_EQ(who.changes().size(), recorded["changes"].size());
    for (std::size_t i = 0; i < who.changes().size(); ++i) {
      const auto& is = who.changes()[i];
      const auto& be = recorded["changes"][i];
      EXPECT_EQ(hex(is.hash), be["hash"]);
      EXPECT_EQ(to_string(is.data.key.type), be["key_type"]);
      EXPECT_EQ(hex(is.data.key.bytes()), be["primary_public_key"]);
      EXPECT_EQ(is.data.revokes_purpose_keys, be["revoke_all_purpose_keys"]);
      EXPECT_EQ(is.data.valid_from, be["attestations_valid_from"]);
      EXPECT_EQ(is.data.valid_until, be["attestations_valid_until"]);
    }
  }
}

TEST(identity, does_not_verify_with_any_byte_altered) {
  for (const auto& [history, id] : others()) {
    auto expected = must(parse_identifier(id));
    auto good = must(identity::import(history));
    for (std::size_t i = 0; i < history.size(); ++i) {
      auto altered = history;
      altered[i] ^= std::byte{1};
      auto who = identity::import(altered, &expected);
      // The first byte says how many changes there are; with fewer it is an older history, and known as that.
      bool shorter = i == 0 && who && compare(good, *who) == comparison::older;
      EXPECT_TRUE(!who || shorter) << "byte " << i << " of " << id;
    }
  }
}

TEST(identity, does_not_verify_when_it_is_cut_off) {
  auto history = unhex(recording("vectors")["ed25519_history"]["history"]);
  for (std::size_t n = 0; n < history.size(); ++n)
    ASSERT_FALSE(identity::import(bytes_view{history}.first(n))) << n;
  EXPECT_FALSE(identity::import(unhex("80"))) << "no change at all";
  EXPECT_FALSE(identity::import(unhex("9fff")));
}

TEST(identity, is_not_another_one) {
  auto v = recording("vectors");
  auto other = must(parse_identifier(v["p256_history"]["identifier"].get<std::string>()));
  EXPECT_EQ(identity::import(unhex(v["ed25519_history"]["history"]), &other).error().code, errc::not_authentic);
}

TEST(identity, of_a_known_key_has_the_bytes_of_the_vectors) {
  auto v = recording("vectors");
  scripted_random random{{bytes(32, std::byte{0x11}), bytes(32, std::byte{0x22})}};
  memory_vault keys{random};
  auto a = must(create_identity(keys, key_type::ed25519, t0));
  EXPECT_EQ(hex(a.exported()), v["identity_a"]["changehistory"]);
  EXPECT_EQ(to_string(a.id()), v["identity_a"]["sha_256_id"]);
  auto b = must(rotate(keys, a, key_type::ed25519, t0 + 100, default_key_lifetime, true));
  EXPECT_EQ(hex(b.latest().hash), v["rotation"]["hash"]);
  EXPECT_EQ(hex(b.exported()),
            "82" + hex(bytes_view{a.exported()}.subspan(1)) + v["rotation"]["change"].get<std::string>());
  EXPECT_EQ(b.id(), a.id());
}

TEST(identity, can_be_rotated_between_kinds_of_keys) {
  memory_vault keys;
  auto who = must(create_identity(keys, key_type::p256, t0));
  for (auto type : {key_type::ed25519, key_type::p256, key_type::p256}) {
    auto before = who;
    who = must(rotate(keys, before, type, t0 + 1));
    must(keys.remove(before.latest().data.key));
    EXPECT_EQ(compare(before, who), comparison::newer);
  }
  EXPECT_TRUE(static_cast<bool>(identity::import(who.exported(), &who.id())));
}

TEST(identity, rotated_while_the_clock_is_behind_is_still_one_that_others_take) {
  memory_vault keys;
  auto who = must(rotate(keys, must(create_identity(keys, key_type::ed25519, t0)), key_type::ed25519, t0 - 1000));
  EXPECT_EQ(who.latest().data.valid_from, t0);
}

TEST(identity, cannot_be_rotated_without_its_key_and_leaves_no_other_behind) {
  somebody a{7};
  scripted_random random;
  memory_vault empty{random};
  auto rotated = rotate(empty, a.who, key_type::ed25519, t0);
  ASSERT_FALSE(rotated);
  EXPECT_EQ(rotated.error().code, errc::not_found);
  verifying_key drawn = must(public_key_of(key_type::ed25519, secret::copy_of(bytes(32, std::byte{1}))));
  EXPECT_EQ(empty.remove(drawn).error().code, errc::not_found) << "the key that it drew";
}

TEST(identity, has_a_bound_on_its_changes) {
  memory_vault keys;
  auto who = must(create_identity(keys, key_type::ed25519, t0));
  while (who.changes().size() < change_history::max_changes)
    who = must(rotate(keys, who, key_type::ed25519, t0));
  EXPECT_EQ(rotate(keys, who, key_type::ed25519, t0).error().code, errc::limit_reached);
  auto longer = who.history();
  longer.changes.push_back(longer.changes.back());
  EXPECT_FALSE(decode_history(encode(longer)));
}

TEST(histories, are_compared) {
  memory_vault keys;
  auto a = must(create_identity(keys, key_type::ed25519, t0));
  auto b = must(rotate(keys, a, key_type::ed25519, t0)), c = must(rotate(keys, b, key_type::ed25519, t0));
  auto fork = must(rotate(keys, a, key_type::ed25519, t0 + 1));
  EXPECT_EQ(compare(a, a), comparison::same);
  EXPECT_EQ(compare(a, c), comparison::newer);
  EXPECT_EQ(compare(c, b), comparison::older);
  EXPECT_EQ(compare(b, fork), comparison::conflict);
  EXPECT_EQ(compare(c, fork), comparison::conflict);
  EXPECT_EQ(compare(a, must(create_identity(keys, key_type::ed25519, t0))), comparison::conflict);
}

TEST(known_identities, do_not_take_an_older_history_or_a_fork) {
  memory_vault keys;
  memory_identities known;
  auto a = must(create_identity(keys, key_type::ed25519, t0));
  auto b = must(rotate(keys, a, key_type::ed25519, t0)), fork = must(rotate(keys, a, key_type::ed25519, t0 + 1));
  must(known.learn(a));
  must(known.learn(b));
  must(known.learn(b));
  EXPECT_EQ(known.learn(a).error().code, errc::not_authentic);
  EXPECT_EQ(known.learn(fork).error().code, errc::not_authentic);
  EXPECT_EQ(compare(must(known.find(a.id())).value(), b), comparison::same);
}

TEST(known_identities, cannot_be_filled_by_strangers) {
  memory_vault keys;
  memory_identities known{1};
  auto fresh = [&] { return must(create_identity(keys, key_type::ed25519, t0)); };
  for (int i = 0; i < 10; ++i) {
    auto stranger = fresh();
    must(known.learn(stranger));
    EXPECT_FALSE(must(known.find(stranger.id())).has_value());
  }
  auto first = must(rotate(keys, fresh(), key_type::ed25519, t0)),
       second = must(rotate(keys, fresh(), key_type::ed25519, t0));
  must(known.learn(first));
  EXPECT_EQ(known.learn(second).error().code, errc::limit_reached);
  must(known.keep(second));
  must(known.learn(must(rotate(keys, first, key_type::ed25519, t0))));
}

TEST(known_identities, whom_the_operator_names_has_room_whatever_strangers_take) {
  memory_vault keys;
  auto rotated = [&] { return must(rotate(keys, must(create_identity(keys, key_type::ed25519, t0)), key_type::ed25519, t0)); };
  auto stranger = rotated(), named = rotated(), late = rotated();
  memory_identities known{1};
  known.always_room_for(std::vector{named.id()});
  must(known.learn(stranger));
  EXPECT_EQ(known.learn(late).error().code, errc::limit_reached);
  must(known.learn(named));
  known.always_room_for(std::vector{stranger.id()});
  must(known.learn(late)); // in the place of one that is no stranger any more
  EXPECT_EQ(known.learn(rotated()).error().code, errc::limit_reached);
}

TEST(known_identities, strangers_are_bounded_by_what_they_take_as_well) {
  memory_vault keys;
  auto rotated = [&] { return must(rotate(keys, must(create_identity(keys, key_type::ed25519, t0)), key_type::ed25519, t0)); };
  auto first = rotated(), second = rotated();
  memory_identities known{10, first.exported().size() + second.exported().size()};
  must(known.learn(first));
  auto longer = must(rotate(keys, first, key_type::ed25519, t0));
  must(known.learn(longer));
  EXPECT_EQ(known.learn(second).error().code, errc::limit_reached);
  EXPECT_EQ(known.learn(must(rotate(keys, longer, key_type::ed25519, t0))).error().code, errc::limit_reached) << "also who is known";
  known.always_room_for(std::vector{first.id()});
  must(known.learn(second));
}

TEST(known_identities, of_whom_the_operator_names_the_newer_history_stays) {
  memory_vault keys;
  auto a = must(create_identity(keys, key_type::ed25519, t0));
  auto b = must(rotate(keys, a, key_type::ed25519, t0)), fork = must(rotate(keys, a, key_type::ed25519, t0 + 1));
  memory_identities known;
  must(known.learn(b));
  must(known.keep(a));
  EXPECT_EQ(compare(must(known.find(a.id())).value(), b), comparison::same);
  EXPECT_EQ(known.keep(fork).error().code, errc::not_authentic);
}

TEST(known_identities, who_has_nothing_new_to_say_does_not_wait_for_what_is_written) {
  class slow final : public memory_identities {
   public:
    std::function<void()> meanwhile;

   private:
    result<void> record(const identity&) override {
      if (meanwhile)
        meanwhile();
      return {};
    }
  };
  memory_vault keys;
  auto a = must(create_identity(keys, key_type::ed25519, t0)), other = must(create_identity(keys, key_type::ed25519, t0));
  slow known;
  bool is_done = false;
  known.meanwhile = [&] { // on the same thread, which would wait for ever
    must(known.learn(other));
    EXPECT_FALSE(must(known.find(a.id())).has_value());
    is_done = true;
  };
  must(known.learn(must(rotate(keys, a, key_type::ed25519, t0))));
  EXPECT_TRUE(is_done);
}

TEST(change_history, is_bounded_in_bytes) {
  auto of = [](std::size_t changes, std::size_t each) {
    change_history h;
    h.changes.assign(changes, change{{bytes(each, std::byte{1}), {}}, signature{}});
    return encode(h);
  };
  EXPECT_TRUE(decode_history(of(1, change_history::max_change)));
  EXPECT_EQ(decode_history(of(1, change_history::max_change + 1)).error().code, errc::malformed);
  EXPECT_TRUE(decode_history(of(60, 900)));
  EXPECT_EQ(decode_history(of(70, 900)).error().code, errc::malformed) << "of all";
}

TEST(change_history, of_as_many_changes_as_may_be_takes_half_of_what_it_may) {
  memory_vault keys;
  auto who = must(create_identity(keys, key_type::p256, t0));
  while (who.changes().size() < change_history::max_changes)
    who = must(rotate(keys, who, key_type::p256, t0));
  EXPECT_LT(who.exported().size(), change_history::max_size / 2 + 2'000);
  must(identity::import(who.exported()));
}

TEST(identifier, is_read_in_either_case_and_with_blanks) {
  auto text = recording("vectors")["ed25519_history"]["identifier"].get<std::string>();
  auto id = must(parse_identifier(text));
  EXPECT_EQ(to_string(id), text);
  auto upper = text;
  std::transform(upper.begin(), upper.end(), upper.begin(),
                 [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  EXPECT_EQ(must(parse_identifier(" \t" + upper + "\n")), id);
  for (const std::string& bad : {std::string{}, std::string{"  "}, std::string{"I"}, text.substr(1),
                                 "i" + text.substr(1), text + "00", text.substr(0, 63), text.substr(0, 64) + "g"})
    EXPECT_EQ(parse_identifier(bad).error().code, errc::invalid_argument) << bad;
}

} // namespace
} // namespace ockam::identities::test
