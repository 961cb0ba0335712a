// SPDX-License-Identifier: Apache-2.0
#include "fixtures.hpp"
#include "identity/aead.hpp"
#include "identity/digest.hpp"
#include "identity/verified_signatures.hpp"

#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace ockam::identities::test {
namespace {

TEST(secret, is_moved_and_leaves_nothing_behind) {
  auto a = secret::copy_of(unhex("0102"));
  auto b = std::move(a);
  EXPECT_TRUE(a.empty());
  EXPECT_EQ(hex(b), "0102");
  b = secret{3};
  EXPECT_EQ(hex(b), "000000");
  static_assert(!std::is_copy_constructible_v<secret> && !std::is_copy_assignable_v<secret>);
}

TEST(secret, is_in_no_core_dump_of_a_process_that_says_so) {
  auto pid = ::fork(); // for good, so not in this process
  if (pid == 0) {
    forbid_core_dumps();
    ::_exit(::prctl(PR_GET_DUMPABLE));
  }
  int status = -1;
  ::waitpid(pid, &status, 0);
  EXPECT_EQ(status, 0);
}

TEST(secret, is_zero_when_new_wherever_it_is) {
  std::vector<secret> many; // more than the locked heap has
  for (int i = 0; i < 40; ++i) {
    many.emplace_back(std::size_t{1} << 17);
    for (auto b : many.back().bytes())
      ASSERT_EQ(b, std::byte{0});
    std::fill(many.back().writable().begin(), many.back().writable().end(), std::byte{0xee});
  }
  EXPECT_TRUE(static_cast<bool>(make_x25519_key_pair(system_random()))) << "OpenSSL's share of the heap was taken";
}

TEST(digest, is_sha256_of_both_parts) {
  auto abc = unhex("616263");
  EXPECT_EQ(hex(sha256(abc)), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(sha256(bytes_view{abc}.first(1), bytes_view{abc}.subspan(1)), sha256(abc));
  EXPECT_EQ(hex(sha256({})), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

TEST(hkdf2, gives_what_rfc_5869_gives_without_info) {
  // RFC 5869, A.3: no salt (which is the same as zeros), no info, 42 bytes of output.
  auto [first, second] = hkdf2(bytes(32), bytes(22, std::byte{0x0b}));
  EXPECT_EQ(hex(first), "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d");
  EXPECT_EQ(hex(second).substr(0, 20), "9d201395faa4b61a96c8");
}

TEST(x25519, multiplies_as_in_rfc_7748) {
  // RFC 7748, 5.2, the first vector.
  auto scalar = secret_of("a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4");
  auto point = fixed<x25519_public>("e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c");
  EXPECT_EQ(hex(must(x25519(scalar, must(x25519_public_of(scalar)), point))), "c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552");
  auto a = must(make_x25519_key_pair(system_random())), b = must(make_x25519_key_pair(system_random()));
  EXPECT_EQ(hex(must(x25519(a.key, a.public_key, b.public_key))), hex(must(x25519(b.key, b.public_key, a.public_key))));
}

TEST(x25519, refuses_points_of_low_order_and_keys_of_another_size) {
  auto pair = must(make_x25519_key_pair(system_random()));
  // The points of order 1, 2, 4 and 8, and what is equal to them above the prime.
  for (const char* point : {"0000000000000000000000000000000000000000000000000000000000000000",
                            "0100000000000000000000000000000000000000000000000000000000000000",
                            "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
                            "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
                            "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
                            "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
                            "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"}) {
    auto shared = x25519(pair.key, pair.public_key, fixed<x25519_public>(point));
    ASSERT_FALSE(shared) << point;
    EXPECT_EQ(shared.error().code, errc::not_authentic);
  }
  EXPECT_FALSE(x25519_public_of(secret{31}));
  EXPECT_FALSE(x25519(secret{33}, pair.public_key, pair.public_key));
}

TEST(signatures, of_ed25519_are_those_of_rfc_8032) {
  // RFC 8032, 7.1, test 2.
  auto key = secret_of("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb");
  auto public_key = must(public_key_of(key_type::ed25519, key));
  EXPECT_EQ(hex(public_key.bytes()), "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c");
  auto message = unhex("72");
  auto made = must(sign(key_type::ed25519, key, message));
  EXPECT_EQ(hex(made.data), "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0"
                            "f11d8c387b2eaeb4302aeeb00d291612bb0c00");
  EXPECT_TRUE(static_cast<bool>(verify(public_key, message, made)));
}

class signatures_of : public testing::TestWithParam<key_type> {};
INSTANTIATE_TEST_SUITE_P(each_kind, signatures_of, testing::Values(key_type::ed25519, key_type::p256),
                         [](auto& i) { return i.param == key_type::p256 ? "p256" : "ed25519"; });

TEST_P(signatures_of, hold_for_their_message_and_no_other) {
  auto key = must(make_signing_secret(GetParam(), system_random()));
  auto public_key = must(public_key_of(GetParam(), key));
  auto message = unhex("00112233");
  auto made = must(sign(GetParam(), key, message));
  EXPECT_TRUE(static_cast<bool>(verify(public_key, message, made)));
  EXPECT_FALSE(verify(public_key, unhex("00112234"), made));
  for (std::size_t i = 0; i < made.data.size(); ++i) {
    auto altered = made;
    altered.data[i] ^= std::byte{1};
    ASSERT_FALSE(verify(public_key, message, altered)) << "byte " << i;
  }
  for (std::size_t i = 0; i < public_key.size(); ++i) {
    auto altered = public_key;
    altered.data[i] ^= std::byte{1};
    ASSERT_FALSE(verify(altered, message, made)) << "byte " << i << " of the key";
  }
  EXPECT_TRUE(static_cast<bool>(verify(public_key, message, made))) << "as one that has held before";
}

TEST(verified_signatures, keeps_the_newest_of_them) {
  verified_signatures all;
  auto nth = [](std::size_t i) {
    digest d{};
    d[0] = static_cast<std::byte>(i >> 8);
    d[1] = static_cast<std::byte>(i & 0xff);
    return d;
  };
  for (std::size_t i = 0; i < verified_signatures::limit + 10; ++i) {
    EXPECT_FALSE(all.has(nth(i)));
    all.add(nth(i));
    all.add(nth(i));
  }
  EXPECT_EQ(all.size(), verified_signatures::limit);
  EXPECT_FALSE(all.has(nth(9)));
  EXPECT_TRUE(all.has(nth(10)));
  EXPECT_TRUE(all.has(nth(verified_signatures::limit + 9)));
}

TEST_P(signatures_of, are_refused_for_a_key_of_the_other_kind) {
  auto key = must(make_signing_secret(GetParam(), system_random()));
  auto made = must(sign(GetParam(), key, unhex("00")));
  auto other = GetParam() == key_type::p256 ? key_type::ed25519 : key_type::p256;
  auto other_key = must(public_key_of(other, must(make_signing_secret(other, system_random()))));
  auto checked = verify(other_key, unhex("00"), made);
  ASSERT_FALSE(checked);
  EXPECT_NE(checked.error().cause.find("for a key of"), std::string::npos);
}

TEST(signatures, of_p256_need_a_scalar_and_a_point_on_the_curve) {
  EXPECT_FALSE(public_key_of(key_type::p256, secret{32})) << "zero";
  auto order = secret_of("ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551");
  EXPECT_FALSE(public_key_of(key_type::p256, order));
  EXPECT_FALSE(public_key_of(key_type::p256, secret{31}));
  // What randomness gives that is none is drawn again.
  scripted_random random{
    {unhex("ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551"), bytes(32), bytes(32, std::byte{7})}};
  EXPECT_EQ(hex(must(make_signing_secret(key_type::p256, random))), hex(bytes(32, std::byte{7})));
  // The base point as the private key 1 has it (SEC 2, 2.4.2).
  auto one = secret{32};
  one.writable()[31] = std::byte{1};
  EXPECT_EQ(hex(must(public_key_of(key_type::p256, one)).bytes()),
            "046b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c2964fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce3357"
            "6b315ececbb6406837bf51f5");
}

TEST(signatures, of_p256_are_taken_with_either_s) {
  // s and n - s hold for the same message; the reference takes both and writes whichever it gets.
  auto key = must(make_signing_secret(key_type::p256, system_random()));
  auto public_key = must(public_key_of(key_type::p256, key));
  auto made = must(sign(key_type::p256, key, unhex("01")));
  auto n = unhex("ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551");
  int borrow = 0;
  for (int i = 31; i >= 0; --i) {
    auto at = static_cast<std::size_t>(i);
    int d = std::to_integer<int>(n[at]) - std::to_integer<int>(made.data[32 + at]) - borrow;
    borrow = d < 0 ? 1 : 0;
    made.data[32 + at] = static_cast<std::byte>(d & 0xff);
  }
  EXPECT_TRUE(static_cast<bool>(verify(public_key, unhex("01"), made)));
}

TEST(aead, opens_what_was_sealed_in_parts_and_nothing_else) {
  aead_key key{secret::copy_of(bytes(32, std::byte{5}))};
  auto text = unhex("000102030405060708090a0b0c0d0e0f1011"), data = unhex("aa");
  const bytes_view parts[] = {bytes_view{text}.first(5), {}, bytes_view{text}.subspan(5)};
  bytes sealed(text.size() + aead_key::tag_size), out(text.size());
  key.seal(7, data, parts, sealed.data());
  ASSERT_TRUE(key.open(7, data, sealed, out.data()));
  EXPECT_EQ(out, text);
  EXPECT_FALSE(key.open(8, data, sealed, out.data()));
  EXPECT_EQ(out, bytes(text.size())) << "what did not open must not be seen";
  EXPECT_FALSE(key.open(7, {}, sealed, out.data()));
  EXPECT_FALSE(key.open(7, data, bytes_view{sealed}.first(15), out.data()));
  for (std::size_t i = 0; i < sealed.size(); ++i) {
    auto altered = sealed;
    altered[i] ^= std::byte{0x80};
    ASSERT_FALSE(key.open(7, data, altered, out.data())) << "byte " << i;
  }
  ASSERT_TRUE(key.open(7, data, sealed, out.data())) << "after all that it still works";
}

TEST(aead, seals_and_opens_in_place) {
  aead_key key{secret::copy_of(bytes(32, std::byte{5}))};
  bytes buffer(20 + aead_key::tag_size, std::byte{9});
  const bytes_view whole[] = {bytes_view{buffer}.first(20)};
  key.seal(0, {}, whole, buffer.data());
  ASSERT_TRUE(key.open(0, {}, buffer, buffer.data()));
  EXPECT_EQ(hex(bytes_view{buffer}.first(20)), hex(bytes(20, std::byte{9})));
}

TEST(aead, has_the_key_after_it_that_the_vectors_have) {
  auto v = recording("vectors");
  aead_key first{secret_of(v["trace"]["k2"])};
  aead_key second{first.next()};
  EXPECT_EQ(hex(second.key()), v["transport"]["key_1"]);
  EXPECT_EQ(hex(second.next()), v["transport"]["key_2"]);
}

TEST(random, that_fails_makes_no_key) {
  scripted_random random;
  random.broken = true;
  EXPECT_FALSE(make_x25519_key_pair(random));
  EXPECT_FALSE(make_signing_secret(key_type::ed25519, random));
  EXPECT_FALSE(make_signing_secret(key_type::p256, random));
}

} // namespace
} // namespace ockam::identities::test
