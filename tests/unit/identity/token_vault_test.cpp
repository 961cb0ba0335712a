// SPDX-License-Identifier: Apache-2.0
// A token that is SoftHSM's, in a folder of its own. The module reads where that is once in a process.
#include "fixtures.hpp"
#include "identity/identity.hpp"
#include "identity/private_file.hpp"
#include "identity/token_vault.hpp"

#include <array>
#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <thread>

namespace ockam::identities::test {
namespace {

secret text(std::string_view s) { return secret::copy_of(std::as_bytes(std::span{s})); }

/// The module of Debian's softhsm2, empty where it is not installed.
std::string softhsm() {
  for (const auto* p : {"/usr/lib/softhsm/libsofthsm2.so", "/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so"})
    if (std::filesystem::exists(p))
      return p;
  return {};
}

/// One token, `t` with PIN 1234, for all tests of the process.
class token : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    std::string name = std::filesystem::temp_directory_path() / "ockam-token-XXXXXX";
    folder = ::mkdtemp(name.data());
    std::filesystem::create_directory(folder + "/tokens");
    std::ofstream{folder + "/conf"} << "directories.tokendir = " << folder
                                    << "/tokens\nobjectstore.backend = file\nlog.level = ERROR\n";
    ::setenv("SOFTHSM2_CONF", (folder + "/conf").c_str(), 1);
    made = std::system("softhsm2-util --init-token --free --label t --pin 1234 --so-pin 5678 > /dev/null 2>&1") == 0;
  }
  static void TearDownTestSuite() { std::filesystem::remove_all(folder); }

  void SetUp() override {
    if (!made && std::getenv("CI"))
      FAIL() << "softhsm2 is not installed: dev/install-packages test";
    if (!made)
      GTEST_SKIP() << "softhsm2 is not installed: dev/install-packages test";
    std::filesystem::remove(path());
    std::filesystem::remove(token_vault::static_file(path()));
  }

  static std::string path() { return folder + "/vault"; }
  std::unique_ptr<vault> open() {
    if (!std::filesystem::exists(path()))
      must(token_vault::make(path(), softhsm(), "t", pin));
    return must(token_vault::open(path(), &pin, scrypt_cost{10, 8, 1})); // cheap enough for a test
  }

  static inline std::string folder;
  static inline bool made = false;
  secret pin = text("1234");
};

TEST_F(token, signs_with_keys_that_it_has_made_and_forgets_them) {
  auto v = open();
  auto key = must(v->new_signing_key(key_type::p256));
  EXPECT_TRUE(static_cast<bool>(verify(key, unhex("01"), must(v->sign(key, unhex("01"))))));
  EXPECT_FALSE(static_cast<bool>(verify(key, unhex("02"), must(v->sign(key, unhex("01"))))));
  must(v->remove(key));
  EXPECT_EQ(v->sign(key, unhex("01")).error().code, errc::not_found);
  EXPECT_EQ(v->remove(key).error().code, errc::not_found);
}

TEST_F(token, has_its_keys_when_it_is_opened_again) {
  auto key = must(open()->new_signing_key(key_type::p256));
  auto other = must(open()->new_signing_key(key_type::p256));
  EXPECT_NE(key, other);
  EXPECT_TRUE(static_cast<bool>(verify(key, unhex("01"), must(open()->sign(key, unhex("01"))))));
  must(open()->remove(key));
  EXPECT_EQ(open()->sign(key, unhex("01")).error().code, errc::not_found);
  EXPECT_TRUE(static_cast<bool>(open()->sign(other, unhex("01"))));
}

TEST_F(token, is_who_an_identity_needs) {
  auto v = open();
  auto alice = must(create_identity(*v, key_type::p256, 1'700'000'000));
  auto next = must(rotate(*v, alice, key_type::p256, 1'700'000'100));
  EXPECT_EQ(next.id(), alice.id());
  EXPECT_EQ(compare(alice, next), comparison::newer);
  EXPECT_TRUE(static_cast<bool>(identity::import(next.exported(), &alice.id())));
}

TEST_F(token, leaves_keys_of_channels_to_a_file_that_its_pin_seals) {
  auto v = open();
  auto a = must(v->new_static_key()), b = must(v->new_static_key());
  EXPECT_EQ(hex(must(v->agree(a, b))), hex(must(open()->agree(b, a))));
  must(v->remove(a));
  EXPECT_EQ(v->agree(a, b).error().code, errc::not_found);
  EXPECT_EQ(file_vault::open(token_vault::static_file(path()), nullptr).error().code, errc::permission_denied);
}

TEST_F(token, makes_no_keys_of_another_kind) {
  auto v = open();
  EXPECT_EQ(v->new_signing_key(key_type::ed25519).error().code, errc::unsupported);
  EXPECT_EQ(v->sign(verifying_key{}, unhex("01")).error().code, errc::not_found);
}

TEST_F(token, is_not_opened_without_its_pin) {
  open();
  auto wrong = text("9999");
  auto refused = open_vault_file(path(), &wrong);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, errc::permission_denied);
  EXPECT_EQ(refused.error().cause.find("9999"), std::string::npos);
  EXPECT_EQ(open_vault_file(path(), nullptr).error().code, errc::permission_denied);
  EXPECT_TRUE(static_cast<bool>(open_vault_file(path(), &pin))) << "one wrong PIN is one try";
}

TEST_F(token, that_is_not_there_is_said_and_no_file_is_made) {
  EXPECT_EQ(token_vault::make(path(), softhsm(), "nobody", pin).error().code, errc::not_found);
  EXPECT_EQ(token_vault::make(path(), "/nothere.so", "t", pin).error().code, errc::not_found);
  EXPECT_EQ(token_vault::make(path(), "/dev/null", "t", pin).error().code, errc::not_found);
  for (auto [module, label] : {std::pair{"relative.so", "t"}, {"", "t"}, {"/a\nb", "t"}, {"/a", "a\nb"}, {"/a", ""}})
    EXPECT_EQ(token_vault::make(path(), module, label, pin).error().code, errc::invalid_argument) << module;
  EXPECT_FALSE(std::filesystem::exists(path()));
}

TEST_F(token, is_what_a_whole_file_says) {
  auto write = [&](const std::string& content) {
    must(private_file::replace(path(), std::as_bytes(std::span{content})));
  };
  for (const std::string rest :
       {"", "/m.so", "/m.so\n", "m.so\nt\n", "/m.so\n\n", "/m.so\nt\nmore\n", "/m\x01.so\nt\n"}) {
    write("ockamtok 1\n" + rest);
    EXPECT_EQ(open_vault_file(path(), &pin).error().code, errc::malformed) << rest;
  }
  write("ockamtok 2\n/m.so\nt\n");
  EXPECT_FALSE(static_cast<bool>(open_vault_file(path(), &pin))) << "another version";
  write("ockamtok 1\n" + std::string(10'000, 'x'));
  EXPECT_EQ(open_vault_file(path(), &pin).error().code, errc::too_large);
}

TEST_F(token, is_used_by_several_threads) {
  auto v = open();
  auto key = must(v->new_signing_key(key_type::p256));
  std::array<std::thread, 4> all;
  std::atomic<int> good{0};
  for (auto& t : all)
    t = std::thread{[&] {
      for (int i = 0; i < 25; ++i)
        if (auto s = v->sign(key, unhex("01")); s && verify(key, unhex("01"), *s))
          ++good;
    }};
  for (auto& t : all)
    t.join();
  EXPECT_EQ(good, 100);
}

} // namespace
} // namespace ockam::identities::test
