// SPDX-License-Identifier: Apache-2.0
#include "fixtures.hpp"

namespace ockam::identities::test {
namespace {

using namespace noise_xx;

/// Both ends with the keys of the vectors.
struct both {
  explicit both(const nlohmann::json& keys, std::string_view name = protocol)
    : initiator_random{{unhex(keys["e_i"])}}, responder_random{{unhex(keys["e_r"])}},
      i{vault_, must(vault_.add_static(secret_of(keys["s_i"]))), initiator_random, name},
      r{vault_, must(vault_.add_static(secret_of(keys["s_r"]))), responder_random, name} {}

  memory_vault vault_;
  scripted_random initiator_random, responder_random;
  initiator i;
  responder r;
};

TEST(noise, gives_the_vectors_of_noise_and_of_ockam_in_both_roles) {
  auto v = recording("vectors");
  for (const auto& c : v["noise"]) {
    auto name = c["protocol"].get<std::string>();
    SCOPED_TRACE(name);
    both b{v["noise_keys"], name};
    auto payload = [&](std::size_t n) { return unhex(c["payloads"][n]); };
    auto m1 = must(b.i.write_m1(payload(0)));
    EXPECT_EQ(hex(m1), c["m1"]);
    EXPECT_EQ(must(b.r.read_m1(m1)), payload(0));
    auto m2 = must(b.r.write_m2(payload(1)));
    EXPECT_EQ(hex(m2), c["m2"]);
    EXPECT_EQ(must(b.i.read_m2(m2)), payload(1));
    auto m3 = must(b.i.write_m3(payload(2)));
    EXPECT_EQ(hex(m3), c["m3"]);
    EXPECT_EQ(must(b.r.read_m3(m3)), payload(2));
    auto of_i = b.i.finish(), of_r = b.r.finish();
    EXPECT_EQ(hex(of_i.send), c["k2"]) << "the initiator sends with the second key";
    EXPECT_EQ(hex(of_i.receive), c["k1"]);
    EXPECT_EQ(hex(of_r.send), c["k1"]);
    EXPECT_EQ(hex(of_r.receive), c["k2"]);
    EXPECT_EQ(of_i.handshake_hash, of_r.handshake_hash);
    if (c.contains("h")) {
      EXPECT_EQ(hex(of_i.handshake_hash), c["h"]);
    }
  }
}

TEST(noise, begins_with_the_name_and_an_empty_prologue) {
  auto v = recording("vectors");
  noise_state noise{"Noise_XX_25519_AESGCM_SHA256"};
  EXPECT_EQ(hex(noise.h()), v["noise_h_after_init"]);
  EXPECT_EQ(hex(noise.ck()),
            hex(std::as_bytes(std::span{std::string_view{"Noise_XX_25519_AESGCM_SHA256\0\0\0\0", 32}})));
  EXPECT_EQ(hex(noise_state{protocol}.h()), v["trace"]["h0 = SHA256(name)"]);
}

TEST(noise, goes_through_each_step_of_the_trace) {
  auto v = recording("vectors");
  const auto& t = v["trace"];
  const auto& keys = v["noise_keys"];
  auto pub = [&](const char* name) { return must(x25519_public_of(secret_of(keys[name]))); };
  auto dh = [&](const char* mine, const char* theirs) { return must(x25519(secret_of(keys[mine]), pub(mine), pub(theirs))); };
  noise_state s{protocol};
  s.mix_hash(pub("e_i"));
  EXPECT_EQ(hex(s.h()), t["h after e_i"]);
  s.mix_hash({});
  EXPECT_EQ(hex(s.h()), t["h after m1 payload"]) << "an empty payload is mixed in as well";
  s.mix_hash(pub("e_r"));
  EXPECT_EQ(hex(s.h()), t["h after e_r"]);
  s.mix_key(dh("e_r", "e_i"));
  EXPECT_EQ(hex(s.ck()), t["ck after ee"]);
  EXPECT_EQ(hex(*s.k()), t["k after ee"]);
  bytes out;
  s.encrypt(pub("s_r"), out);
  EXPECT_EQ(hex(out), t["enc s_r"]);
  EXPECT_EQ(hex(s.h()), t["h after s_r"]);
  s.mix_key(dh("s_r", "e_i"));
  EXPECT_EQ(hex(s.ck()), t["ck after es"]);
  EXPECT_EQ(hex(*s.k()), t["k after es"]);
  s.encrypt({}, out);
  EXPECT_EQ(hex(s.h()), t["h after m2 payload"]);
  out.clear();
  s.encrypt(pub("s_i"), out);
  EXPECT_EQ(hex(out), t["enc s_i (k same as m2 payload, n=1)"]);
  EXPECT_EQ(hex(s.h()), t["h after s_i"]);
  s.mix_key(dh("s_i", "e_r"));
  EXPECT_EQ(hex(s.ck()), t["ck after se"]);
  EXPECT_EQ(hex(*s.k()), t["k after se"]);
  s.encrypt({}, out);
  EXPECT_EQ(hex(s.h()), t["h final"]);
  auto [first, second] = s.split();
  EXPECT_EQ(hex(first), t["k1"]);
  EXPECT_EQ(hex(second), t["k2"]);
}

TEST(noise, goes_on_after_a_message_that_does_not_open) {
  both b{recording("vectors")["noise_keys"]};
  must(b.r.read_m1(must(b.i.write_m1({}))));
  auto m2 = must(b.r.write_m2(unhex("aabb")));
  for (std::size_t at = 0; at < m2.size(); ++at) {
    auto altered = m2;
    altered[at] ^= std::byte{1};
    if (at == 31) // the highest bit of a key is not looked at, but it is in the hash
      altered[at] ^= std::byte{0x81};
    ASSERT_FALSE(b.i.read_m2(altered)) << "byte " << at;
  }
  for (std::size_t n = 0; n < m2.size(); ++n)
    ASSERT_FALSE(b.i.read_m2(bytes_view{m2}.first(n))) << n << " bytes";
  must(b.i.read_m2(m2));
  auto m3 = must(b.i.write_m3(unhex("cc")));
  for (std::size_t at = 0; at < m3.size(); ++at) {
    auto altered = m3;
    altered[at] ^= std::byte{1};
    ASSERT_FALSE(b.r.read_m3(altered)) << "byte " << at;
  }
  for (std::size_t n = 0; n < m3.size(); ++n)
    ASSERT_FALSE(b.r.read_m3(bytes_view{m3}.first(n))) << n << " bytes";
  EXPECT_EQ(must(b.r.read_m3(m3)), unhex("cc"));
}

TEST(noise, takes_no_key_of_low_order) {
  both b{recording("vectors")["noise_keys"]};
  must(b.i.write_m1({}));
  must(b.r.read_m1(bytes(32))); // the point 0
  EXPECT_EQ(b.r.write_m2({}).error().code, errc::not_authentic);
  bytes m2(m2_overhead);
  EXPECT_EQ(b.i.read_m2(m2).error().code, errc::not_authentic);
}

TEST(noise, bounds_its_messages) {
  both b{recording("vectors")["noise_keys"]};
  EXPECT_EQ(b.i.write_m1(bytes(max_message - 31)).error().code, errc::too_large);
  EXPECT_EQ(b.r.read_m1(bytes(max_message + 1)).error().code, errc::too_large);
  EXPECT_EQ(b.r.read_m1(bytes(31)).error().code, errc::malformed);
  must(b.r.read_m1(must(b.i.write_m1(bytes(max_message - 32)))));
  EXPECT_EQ(b.r.write_m2(bytes(max_message - m2_overhead + 1)).error().code, errc::too_large);
  must(b.i.read_m2(must(b.r.write_m2(bytes(max_message - m2_overhead)))));
  EXPECT_EQ(b.i.write_m3(bytes(max_message - m3_overhead + 1)).error().code, errc::too_large);
  must(b.r.read_m3(must(b.i.write_m3(bytes(max_message - m3_overhead)))));
}

} // namespace
} // namespace ockam::identities::test
