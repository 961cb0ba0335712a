// SPDX-License-Identifier: Apache-2.0
#include "fixtures.hpp"
#include "identity/receiving.hpp"
#include "identity/sending.hpp"

namespace ockam::identities::test {
namespace {

using state = handshake::state;

/// Two who do not know each other, and their handshake.
struct pair {
  pair(somebody& a, somebody& b, requirements of_a = {}, requirements of_b = {})
    : i{handshake::initiator(a.own, std::move(of_a), a.known)}, r{handshake::responder(b.own, std::move(of_b),
                                                                                       b.known)} {}

  /// Until one of them refuses; its reason.
  std::string run(timestamp now = t0) {
    auto m1 = must(i.begin());
    auto m2 = r.receive(m1, now);
    if (!m2)
      return why(m2);
    auto m3 = i.receive(*m2, now);
    if (!m3)
      return why(m3);
    return why(r.receive(*m3, now));
  }
  handshake i, r;
};

TEST(handshake, proves_to_both_who_the_other_one_is) {
  for (auto type : {key_type::ed25519, key_type::p256}) {
    somebody a{1, t0, type}, b{3};
    pair p{a, b};
    ASSERT_EQ(p.run(), "");
    auto at_a = p.i.take().value(), at_b = p.r.take().value();
    EXPECT_EQ(at_a.with.who.id(), b.who.id());
    EXPECT_EQ(at_b.with.who.id(), a.who.id());
    EXPECT_EQ(hex(at_a.keys.send), hex(at_b.keys.receive));
    EXPECT_EQ(hex(at_a.keys.receive), hex(at_b.keys.send));
    EXPECT_NE(hex(at_a.keys.send), hex(at_a.keys.receive));
    EXPECT_FALSE(p.i.take().has_value()) << "keys are given out once";
  }
}

TEST(handshake, has_new_keys_each_time) {
  somebody a{1}, b{3};
  pair first{a, b}, second{a, b};
  ASSERT_EQ(first.run(), "");
  ASSERT_EQ(second.run(), "");
  EXPECT_NE(hex(first.i.take()->keys.send), hex(second.i.take()->keys.send));
}

TEST(handshake, with_fixed_keys_has_the_m2_of_the_vectors) {
  auto v = recording("vectors");
  scripted_random of_a{{bytes(32, std::byte{0x11})}}, of_i{{unhex(v["noise_keys"]["e_i"])}},
    of_r{{unhex(v["noise_keys"]["e_r"])}};
  memory_vault keys{of_a};
  auto a = must(create_identity(keys, key_type::ed25519, t0));
  auto s_r = must(keys.add_static(secret_of(v["noise_keys"]["s_r"])));
  own_identity own{&keys, s_r, {a.history(), must(attest(keys, a, s_r, t0)), {}}};
  EXPECT_EQ(hex(encode(own.proof)), v["proof_a"]);
  memory_identities known;
  auto i = handshake::initiator(own, {}, known, of_i);
  auto r = handshake::responder(own, {}, known, of_r);
  auto m2 = must(r.receive(must(i.begin()), t0));
  EXPECT_EQ(m2.size(), 419u);
  EXPECT_EQ(hex(sha256(m2)), v["m2_sha256"]);
}

// -- recordings of the reference ----------------------------------------------------------------------

/// The program of a recording: its keys, its proof, its end of the handshake.
struct recorded_end {
  explicit recorded_end(const nlohmann::json& of) : random{{unhex(of["ephemeral"])}} {
    bool initiates = of["role"] == "initiator";
    must(keys.add(key_type::ed25519, secret_of(of["signing_seed"])));
    own = {&keys, must(keys.add_static(secret_of(of["static"]))),
           must(decode_proof(unhex(of["handshake"][initiates ? "payload_of_m3" : "payload_of_m2"])))};
    requirements wanted;
    wanted.authorized = {must(parse_identifier(of["peer"].get<std::string>()))};
    end.emplace(initiates ? handshake::initiator(own, wanted, known, random)
                          : handshake::responder(own, wanted, known, random));
  }
  memory_vault keys;
  memory_identities known;
  scripted_random random;
  own_identity own;
  std::optional<handshake> end;
};

/// Runs the program's end against what the reference has sent.
established replay(const nlohmann::json& of, recorded_end& program) {
  const auto& h = of["handshake"];
  timestamp now = of["now"];
  auto& end = *program.end;
  if (of["role"] == "initiator") {
    EXPECT_EQ(hex(must(end.begin())), h["m1"]);
    EXPECT_EQ(hex(must(end.receive(unhex(h["m2"]), now))), h["m3"]);
  } else {
    EXPECT_EQ(hex(must(end.receive(unhex(h["m1"]), now))), h["m2"]);
    EXPECT_EQ(must(end.receive(unhex(h["m3"]), now)).size(), 0u);
  }
  EXPECT_EQ(end.where(), state::done);
  return end.take().value();
}

TEST(handshake, with_the_reference_has_the_bytes_that_were_recorded_in_both_roles) {
  for (const auto& of : recording("channels")) {
    SCOPED_TRACE(of["what"]);
    recorded_end program{of};
    auto made = replay(of, program);
    EXPECT_EQ(hex(made.keys.handshake_hash), of["handshake"]["h_final"]);
    bool initiates = of["role"] == "initiator";
    EXPECT_EQ(hex(made.keys.send), of["handshake"][initiates ? "k2" : "k1"]);
    EXPECT_EQ(hex(made.keys.receive), of["handshake"][initiates ? "k1" : "k2"]);
    EXPECT_EQ(to_string(made.with.who.id()), of["peer"]);
  }
}

TEST(handshake, with_the_reference_gives_a_channel_whose_every_message_opens_and_is_made_again) {
  for (const auto& of : recording("channels")) {
    SCOPED_TRACE(of["what"]);
    recorded_end program{of};
    auto made = replay(of, program);
    sending out{std::move(made.keys.send)};
    receiving in{std::move(made.keys.receive)};
    std::size_t sent = 0, received = 0;
    for (const auto& m : of["transport"]) {
      auto wire = unhex(m["ciphertext"]), plain = unhex(m["plaintext"]);
      bool ours = (m["from"] == "a") == (of["role"] == "initiator");
      bytes made_now(ours ? plain.size() + sealed_overhead : plain.size());
      if (ours) {
        const bytes_view parts[] = {plain};
        must(out.seal(parts, made_now.data()));
        ASSERT_EQ(hex(made_now), hex(wire));
        ++sent;
      } else {
        EXPECT_EQ(must(in.open(wire, made_now.data())), m["nonce"]);
        ASSERT_EQ(hex(made_now), hex(plain));
        ++received;
      }
    }
    EXPECT_GT(sent + received, 6u);
  }
}

TEST(handshake, judges_identities_as_the_reference_judges_them) {
  // One responder after the other, all with what the first has learned; the bytes of m3 are made here, and so is the
  // static key that they speak of.
  auto v = recording("vectors");
  memory_vault keys;
  auto s = must(keys.add_static(secret_of(v["noise_keys"]["s_r"])));
  somebody listener{9, 1'795'450'000};
  int taken = 0, refused = 0;
  for (const auto& c : recording("handshake_cases")) {
    if (c["case"] == "m3 sent to the listener name") // which is about addresses
      continue;
    ASSERT_EQ(hex(s), c["static_public"]);
    noise_xx::initiator i{keys, s, system_random()};
    auto r = handshake::responder(listener.own, {}, listener.known);
    must(i.read_m2(must(r.receive(must(i.write_m1(c["case"] == "m1 with a payload" ? bytes(5) : bytes{})), c["now"]))));
    auto outcome = r.receive(must(i.write_m3(unhex(c["payload_of_m3"]))), c["now"]);
    EXPECT_EQ(static_cast<bool>(outcome), c["accepted"].get<bool>()) << c["case"] << ": " << why(outcome);
    EXPECT_EQ(r.where(), outcome ? state::done : state::failed);
    ++(outcome ? taken : refused);
  }
  EXPECT_GT(taken, 12);
  EXPECT_GT(refused, 20);
}

TEST(handshake, takes_a_proof_that_is_indefinite_or_longer_but_none_without_credentials) {
  somebody a{1};
  auto proof = encode(a.own.proof);
  auto last = proof.size() - 1;
  auto indefinite = proof, longer = proof, shorter = proof, followed = proof;
  indefinite[0] = std::byte{0x9f};
  indefinite.push_back(std::byte{0xff});
  longer[0] = std::byte{0x84};
  longer.push_back(std::byte{0x01});
  shorter[0] = std::byte{0x82};
  shorter.resize(last);
  followed.push_back(std::byte{0x01});
  EXPECT_TRUE(static_cast<bool>(decode_proof(indefinite)));
  EXPECT_TRUE(static_cast<bool>(decode_proof(longer)));
  EXPECT_TRUE(static_cast<bool>(decode_proof(followed)));
  EXPECT_FALSE(decode_proof(shorter));
}

// -- what it refuses -----------------------------------------------------------------------------------

TEST(handshake, is_in_one_state_at_a_time) {
  somebody a{1}, b{3};
  pair p{a, b};
  EXPECT_EQ(p.i.receive({}, t0).error().code, errc::invalid_argument) << "it has not begun";
  EXPECT_EQ(p.r.begin().error().code, errc::invalid_argument) << "a responder does not begin";
  auto m1 = must(p.i.begin());
  EXPECT_FALSE(p.i.begin()) << "twice";
  auto m2 = must(p.r.receive(m1, t0));
  EXPECT_FALSE(p.r.receive(m1, t0)) << "m1 is no m3";
  EXPECT_FALSE(p.r.receive(m2, t0)) << "reflected";
  EXPECT_FALSE(p.i.receive(m1, t0)) << "reflected";
  EXPECT_EQ(p.r.where(), state::awaits_m3);
  auto m3 = must(p.i.receive(m2, t0));
  EXPECT_FALSE(p.i.receive(m2, t0)) << "again";
  must(p.r.receive(m3, t0));
  EXPECT_FALSE(p.r.receive(m3, t0)) << "again";
  EXPECT_TRUE(p.i.take() && p.r.take());
}

TEST(handshake, survives_forged_messages_with_any_byte_altered) {
  somebody a{1}, b{3};
  pair p{a, b};
  auto m2 = must(p.r.receive(must(p.i.begin()), t0));
  auto forge = [](handshake& end, const bytes& good) {
    for (std::size_t at = 0; at < good.size(); at += at < 100 || at + 20 > good.size() ? 1 : 7) {
      auto altered = good;
      altered[at] ^= std::byte{1};
      ASSERT_FALSE(end.receive(altered, t0)) << "byte " << at;
    }
    EXPECT_FALSE(end.receive({}, t0));
    EXPECT_FALSE(end.receive(bytes(100'000), t0));
  };
  forge(p.i, m2);
  auto m3 = must(p.i.receive(m2, t0));
  forge(p.r, m3);
  must(p.r.receive(m3, t0));
  EXPECT_EQ(hex(p.i.take()->keys.send), hex(p.r.take()->keys.receive));
}

TEST(handshake, is_not_that_of_another_one) {
  somebody a{1}, b{3};
  pair p{a, b}, q{a, b};
  auto of_p = must(p.r.receive(must(p.i.begin()), t0)), of_q = must(q.r.receive(must(q.i.begin()), t0));
  EXPECT_FALSE(p.i.receive(of_q, t0));
  auto m3 = must(p.i.receive(of_p, t0));
  EXPECT_FALSE(q.r.receive(m3, t0));
  must(p.r.receive(m3, t0));
}

TEST(handshake, ends_for_who_is_not_authorized_in_either_role) {
  somebody a{1}, b{3}, c{5};
  requirements only_c;
  only_c.authorized = {c.who.id()};
  pair by_initiator{a, b, only_c};
  EXPECT_NE(by_initiator.run().find("not authorized"), std::string::npos);
  EXPECT_EQ(by_initiator.i.where(), state::failed);
  EXPECT_FALSE(by_initiator.i.take());
  pair by_responder{a, b, {}, only_c};
  EXPECT_NE(by_responder.run().find("not authorized"), std::string::npos);
  EXPECT_EQ(by_responder.r.where(), state::failed);
  EXPECT_EQ(by_responder.i.where(), state::done) << "the initiator cannot know";
  pair nobody{a, b, {}, {std::vector<identifier>{}, {}}};
  EXPECT_NE(nobody.run(), "") << "an empty list admits nobody";
}

TEST(handshake, ends_for_who_shows_what_is_not_theirs) {
  somebody b{3}, c{5};
  auto run = [&](auto&& spoil) {
    somebody a{1};
    spoil(a);
    pair p{a, b};
    auto cause = p.run();
    EXPECT_EQ(p.r.where(), state::failed);
    return cause;
  };
  EXPECT_NE(run([&](somebody& a) { a.own.proof.attestation = c.own.proof.attestation; }).find("one of I"),
            std::string::npos);
  EXPECT_NE(run([&](somebody& a) { a.own.proof.history = c.who.history(); }).find("one of I"), std::string::npos);
  EXPECT_NE(run([&](somebody& a) { a.own.proof = c.own.proof; }).find("another key"), std::string::npos);
  EXPECT_NE(run([&](somebody& a) { a.own.static_key = must(a.keys.new_static_key()); }).find("another key"),
            std::string::npos);
  EXPECT_NE(run([&](somebody& a) {
              a.own.proof.attestation = must(make_issuing_key(a.keys, a.who, key_type::ed25519, t0)).attestation;
            }).find("another key"),
            std::string::npos);
  EXPECT_NE(run([&](somebody& a) { a.own.proof.history.changes.clear(); }).find("empty"), std::string::npos);
  EXPECT_NE(
    run([&](somebody& a) { a.own.proof.credentials.resize(identity_proof::max_credentials + 1); }).find("decode"),
    std::string::npos);
}

TEST(handshake, ends_for_an_attestation_that_is_expired_or_from_the_future) {
  for (auto [now, words] : {std::pair{t0 - 61, "future"}, {t0 + default_purpose_lifetime + 1, "expired"}}) {
    somebody a{1}, b{3};
    pair p{a, b};
    EXPECT_NE(p.run(now).find(words), std::string::npos);
  }
}

TEST(handshake, ends_for_who_shows_an_older_history_than_before) {
  somebody a{1}, b{3};
  auto old = a.own;
  auto rotated = must(rotate(a.keys, a.who, key_type::p256, t0));
  ASSERT_EQ((pair{a, b}.run()), "") << "before anybody has seen the new one";
  a.own = must(make_own_identity(a.keys, rotated, t0));
  ASSERT_EQ((pair{a, b}.run()), "");
  a.own = old;
  EXPECT_NE((pair{a, b}.run()).find("older history"), std::string::npos);
}

TEST(handshake, does_not_remember_who_is_not_authorized) {
  somebody a{1}, b{3};
  auto rotated = must(rotate(a.keys, a.who, key_type::ed25519, t0));
  a.own = must(make_own_identity(a.keys, rotated, t0));
  pair p{a, b, {}, {std::vector<identifier>{}, {}}};
  EXPECT_NE(p.run(), "");
  EXPECT_FALSE(must(b.known.find(rotated.id())).has_value());
}

TEST(handshake, without_its_static_key_or_randomness_makes_nothing) {
  somebody a{1}, b{3};
  must(b.keys.remove(b.own.static_key));
  pair p{a, b};
  EXPECT_NE(p.run().find("no private key"), std::string::npos);
  EXPECT_EQ(p.r.where(), state::failed);
  scripted_random broken;
  broken.broken = true;
  auto i = handshake::initiator(a.own, {}, a.known, broken);
  EXPECT_EQ(i.begin().error().code, errc::io_failure);
  EXPECT_EQ(i.where(), state::begins);
}

// -- credentials ---------------------------------------------------------------------------------------

TEST(handshake, shows_credentials_and_refused_ones_do_not_end_it) {
  somebody a{1}, b{3}, authority{5};
  auto by = must(make_issuing_key(authority.keys, authority.who, key_type::ed25519, t0));
  a.own.proof.credentials = {must(issue(authority.keys, by, a.who, {{"role", "member"}}, t0, 60)),
                             must(issue(authority.keys, by, b.who, {{"role", "admin"}}, t0, 60))};
  must(b.known.keep(authority.who));
  requirements wanted;
  wanted.issuers = {authority.who.id()};
  pair p{a, b, {}, wanted};
  ASSERT_EQ(p.run(), "");
  auto with = p.r.take().value().with;
  ASSERT_EQ(with.credentials.size(), 1u);
  EXPECT_EQ(with.credentials[0].says.at("role"), "member");
  ASSERT_EQ(with.refused_credentials.size(), 1u);
  EXPECT_NE(with.refused_credentials[0].find("about I"), std::string::npos) << "somebody else's counts for nothing";
  pair indifferent{a, b};
  ASSERT_EQ(indifferent.run(), "");
  EXPECT_TRUE(indifferent.r.take()->with.credentials.empty());
}

TEST(handshake, with_the_reference_shows_the_credential_that_was_recorded) {
  auto all = recording("channels");
  auto of = *std::find_if(all.begin(), all.end(), [](auto& c) { return c.contains("credential"); });
  auto proof = must(decode_proof(unhex(of["handshake"]["payload_of_m3"])));
  ASSERT_EQ(proof.credentials.size(), 1u);
  EXPECT_EQ(hex(encode(proof.credentials[0])), of["credential"]);
  EXPECT_EQ(hex(encode(proof)), of["handshake"]["payload_of_m3"]);
}

TEST(refresh, takes_newer_credentials_and_histories_of_the_same_identity_only) {
  somebody a{1}, b{3}, authority{5};
  auto by = must(make_issuing_key(authority.keys, authority.who, key_type::ed25519, t0));
  must(b.known.keep(authority.who));
  requirements wanted;
  wanted.issuers = {authority.who.id()};
  const credential fresh[] = {must(issue(authority.keys, by, a.who, {{"role", "member"}}, t0, 60))};
  auto rotated = must(rotate(a.keys, a.who, key_type::ed25519, t0));
  EXPECT_EQ(must(verify_refresh(a.who.id(), a.who.history(), fresh, wanted, b.known, t0)).credentials.size(), 1u);
  EXPECT_EQ(must(verify_refresh(a.who.id(), rotated.history(), fresh, wanted, b.known, t0)).credentials.size(), 1u);
  EXPECT_EQ(must(verify_refresh(a.who.id(), rotated.history(), fresh, wanted, b.known, t0 + 61)).credentials.size(),
            0u);
  EXPECT_FALSE(verify_refresh(a.who.id(), a.who.history(), fresh, wanted, b.known, t0)) << "older";
  EXPECT_FALSE(verify_refresh(b.who.id(), rotated.history(), fresh, wanted, b.known, t0)) << "another one";
}

} // namespace
} // namespace ockam::identities::test
