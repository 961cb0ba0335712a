// SPDX-License-Identifier: Apache-2.0
#include "fixtures.hpp"

namespace ockam::identities::test {
namespace {

signed_data signed_in(bytes_view encoded) {
  cbor::reader in{encoded};
  return read_signed_data(in).value();
}

bytes encoded(const signed_data& s) {
  encoder out;
  encode(out, s);
  return out.take();
}

// -- attestations of purpose keys ----------------------------------------------------------------------

TEST(attestation, of_known_keys_has_the_bytes_of_the_vectors) {
  auto v = recording("vectors");
  scripted_random random{{bytes(32, std::byte{0x11})}};
  memory_vault keys{random};
  auto a = must(create_identity(keys, key_type::ed25519, t0));
  auto for_channels = must(keys.add_static(secret_of(v["noise_keys"]["s_r"])));
  EXPECT_EQ(hex(encoded(must(attest(keys, a, for_channels, t0)))), v["channel_attestation"]["attestation"]);
  auto for_credentials = must(keys.add(key_type::ed25519, secret::copy_of(bytes(32, std::byte{0x33}))));
  EXPECT_EQ(hex(encoded(must(attest(keys, a, for_credentials, t0)))), v["credential"]["attestation_c"]);
}

TEST(attestation, of_the_reference_verifies) {
  int checked = 0;
  auto recorded = recording("identities");
  for (const auto& i : recorded["command_line"]) {
    if (!i.contains("credential_key"))
      continue;
    const auto& key = i["credential_key"];
    auto who = must(identity::import(unhex(i["change_history"])));
    auto data = must(verify_attestation(signed_in(unhex(key["attestation_hex"])), who, key["created_at"]));
    EXPECT_EQ(hex(std::get<verifying_key>(data.key).bytes()), key["public_key"]);
    EXPECT_EQ(data.expires_at, key["expires_at"]);
    EXPECT_EQ(hex(encode(data)),
              hex(must(content_of(signed_in(unhex(key["attestation_hex"])).data, data_type::attestation))));
    ++checked;
  }
  EXPECT_EQ(checked, 3);
  // By keys that were rotated to P-256, and of P-256.
  for (const auto& s : recorded["library_signed"]) {
    if (s["what"].get<std::string>().find("attestation") == std::string::npos)
      continue;
    std::vector<identity> with_that_name;
    for (const auto& l : recorded["library"])
      if (l["identifier"] == s["identifier"])
        with_that_name.push_back(must(identity::import(unhex(l["change_history"]))));
    auto of = signed_in(unhex(s["hex"]));
    EXPECT_EQ(std::count_if(with_that_name.begin(), with_that_name.end(),
                            [&](const identity& who) {
                              return static_cast<bool>(verify_attestation(of, who, s["decoded"]["created_at"]));
                            }),
              1)
      << "only beside the history that it names the latest change of: " << s["what"];
  }
}

TEST(attestation, is_refused_for_each_rule_that_it_breaks) {
  somebody a{1}, b{3};
  const auto& key = a.own.static_key;
  const auto good = must(attest(a.keys, a.who, key, t0));
  auto signed_with = [&](auto&& change_it) {
    auto data = must(decode_attestation(good.data));
    change_it(data);
    return must(sign(a.keys, a.who.latest().data.key, data_type::attestation, encode(data)));
  };
  auto cause = [&](const signed_data& s, timestamp now = t0) { return why(verify_attestation(s, a.who, now)); };
  EXPECT_EQ(cause(good), "");
  EXPECT_NE(cause(signed_with([&](auto& d) { d.subject = b.who.id(); })).find("one of I"), std::string::npos);
  EXPECT_NE(cause(signed_with([&](auto& d) { d.latest_change[0] ^= std::byte{1}; })).find("not the latest"),
            std::string::npos);
  EXPECT_NE(cause(signed_with([&](auto& d) { d.created_at = t0 - 1; })).find("validity"), std::string::npos);
  EXPECT_NE(cause(signed_with([&](auto& d) { d.expires_at = t0 + default_key_lifetime + 1; })).find("validity"),
            std::string::npos);
  EXPECT_EQ(cause(signed_with([&](auto& d) { d.created_at = t0 + 60; })), "");
  EXPECT_NE(cause(signed_with([&](auto& d) { d.created_at = t0 + 61; })).find("future"), std::string::npos);
  EXPECT_EQ(cause(good, t0 + default_purpose_lifetime), "");
  EXPECT_NE(cause(good, t0 + default_purpose_lifetime + 1).find("expired"), std::string::npos);
  auto by_b = must(
    sign(b.keys, b.who.latest().data.key, data_type::attestation, must(content_of(good.data, data_type::attestation))));
  EXPECT_NE(cause(by_b).find("signature"), std::string::npos);
  auto as_a_change =
    must(sign(a.keys, a.who.latest().data.key, data_type::change, must(content_of(good.data, data_type::attestation))));
  EXPECT_NE(cause(as_a_change).find("type"), std::string::npos);
}

TEST(attestation, is_worth_nothing_once_its_identity_is_rotated) {
  somebody a{1};
  auto rotated = must(rotate(a.keys, a.who, key_type::ed25519, t0));
  EXPECT_FALSE(verify_attestation(a.own.proof.attestation, rotated, t0));
  EXPECT_TRUE(static_cast<bool>(verify_attestation(must(attest(a.keys, rotated, a.own.static_key, t0)), rotated, t0)));
}

TEST(attestation, ends_with_the_key_that_signs_it) {
  memory_vault keys;
  auto who = must(create_identity(keys, key_type::ed25519, t0, 1000));
  auto key = must(keys.new_static_key());
  EXPECT_EQ(must(decode_attestation(must(attest(keys, who, key, t0 + 10)).data)).expires_at, t0 + 1000);
  EXPECT_EQ(attest(keys, who, key, t0 + 1000).error().code, errc::invalid_argument);
  EXPECT_EQ(attest(keys, who, key, t0 - 1).error().code, errc::invalid_argument);
}

// -- credentials ---------------------------------------------------------------------------------------

TEST(credential, of_known_keys_has_the_bytes_of_the_vectors) {
  auto v = recording("vectors");
  memory_vault keys;
  auto key = must(keys.add(key_type::ed25519, secret::copy_of(bytes(32, std::byte{0x33}))));
  auto subject = must(identity::import(unhex(v["subject_b"])));
  issuing_key by{key, signed_in(unhex(v["credential"]["attestation_c"]))};
  auto made = must(issue(keys, by, subject, {{"name", "bob"}, {"ockam-relay", "*"}}, t0 + 10, 1800));
  EXPECT_EQ(hex(encoded(made.says)), v["credential"]["credential"]);
  EXPECT_EQ(hex(made.says.hash()), v["credential"]["hash"]);
  EXPECT_EQ(encode(made).size(), 379u);
}

TEST(credential, of_the_reference_verifies_and_says_what_it_was_recorded_to_say) {
  const auto recordings = recording("identities");
  for (const auto& recorded : recordings.at("credentials")) {
    memory_identities known;
    auto issuer = must(identity::import(unhex(recorded["issuer_history"])));
    must(known.keep(issuer));
    auto c = must(decode_credential_and_key(unhex(recorded["hex"])));
    EXPECT_EQ(hex(encode(c)), recorded["hex"]);
    const identifier issuers[] = {issuer.id()};
    auto checked = must(verify_credential(c, issuers, known, nullptr, recorded["created_at"]));
    EXPECT_EQ(to_string(checked.subject), recorded["subject"]);
    EXPECT_EQ(checked.says, recorded["attributes"].get<attributes>());
    EXPECT_EQ(checked.schema, default_schema);
    EXPECT_EQ(checked.expires_at, recorded["expires_at"]);
    EXPECT_EQ(hex(encode(must(decode_credential(c.says.data)))),
              hex(must(content_of(c.says.data, data_type::credential))));
  }
}

TEST(credential, is_judged_as_the_reference_judges_it) {
  auto recorded = recording("credential_cases");
  memory_identities known;
  must(known.keep(must(identity::import(unhex(recorded["issuer_history"])))));
  int good = 0, bad = 0;
  for (const auto& c : recorded["cases"]) {
    const identifier issuers[] = {must(parse_identifier(c["issuer"].get<std::string>()))};
    auto read = decode_credential_and_key(unhex(c["hex"]));
    auto checked =
      read ? verify_credential(*read, issuers, known, nullptr, c["now"]) : result<verified_credential>{read.error()};
    EXPECT_EQ(static_cast<bool>(checked), c["result"].get<bool>()) << c["case"] << ": " << why(checked);
    ++(checked ? good : bad);
  }
  EXPECT_EQ(good, 7);
  EXPECT_EQ(bad, 13);
}

TEST(credential, by_a_key_for_which_nobody_vouches_is_refused) {
  somebody issuer{1}, subject{3}, other{5};
  memory_identities known;
  must(known.keep(issuer.who));
  auto by = must(make_issuing_key(issuer.keys, issuer.who, key_type::p256, t0));
  auto c = must(issue(issuer.keys, by, subject.who, {{"a", "1"}}, t0, 60));
  const identifier issuers[] = {issuer.who.id()}, others[] = {other.who.id()};
  auto cause = [&](const credential& x, std::span<const identifier> from, const identifier* about, timestamp now) {
    return why(verify_credential(x, from, known, about, now));
  };
  EXPECT_EQ(cause(c, issuers, &subject.who.id(), t0 + 60), "");
  EXPECT_NE(cause(c, issuers, nullptr, t0 + 61).find("expired"), std::string::npos);
  EXPECT_NE(cause(c, issuers, &other.who.id(), t0).find("about I"), std::string::npos);
  EXPECT_NE(cause(c, others, nullptr, t0).find("word counts"), std::string::npos);
  EXPECT_NE(cause(c, {}, nullptr, t0).find("word counts"), std::string::npos);
  memory_identities nobody;
  EXPECT_NE(why(verify_credential(c, issuers, nobody, nullptr, t0)).find("not known"), std::string::npos);
}

TEST(credential, does_not_verify_with_any_byte_altered) {
  somebody issuer{1}, subject{3};
  memory_identities known;
  must(known.keep(issuer.who));
  auto c = must(issue(issuer.keys, must(make_issuing_key(issuer.keys, issuer.who, key_type::ed25519, t0)), subject.who,
                      {{"a", "1"}}, t0, 60));
  const identifier issuers[] = {issuer.who.id()};
  const auto good = encode(c);
  for (std::size_t i = 0; i < good.size(); ++i) {
    auto altered = good;
    altered[i] ^= std::byte{1};
    auto read = decode_credential_and_key(altered);
    if (read && verify_credential(*read, issuers, known, nullptr, t0)) {
      EXPECT_EQ(hex(encode(*read)), hex(good)) << "byte " << i;
    }
  }
  for (std::size_t n = 0; n < good.size(); ++n)
    ASSERT_FALSE(decode_credential_and_key(bytes_view{good}.first(n))) << n;
}

TEST(credential, ends_with_the_key_that_signs_it_and_is_refreshed_before) {
  memory_vault keys;
  auto issuer = must(create_identity(keys, key_type::ed25519, t0, 1000));
  auto by = must(make_issuing_key(keys, issuer, key_type::ed25519, t0));
  auto c = must(issue(keys, by, issuer, {}, t0, 5000));
  EXPECT_EQ(must(decode_credential(c.says.data)).expires_at, t0 + 1000);
  EXPECT_EQ(refresh_at(t0 + 1000), t0 + 880);
  EXPECT_EQ(refresh_at(5), 0u);
}

} // namespace
} // namespace ockam::identities::test
