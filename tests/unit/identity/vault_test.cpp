// SPDX-License-Identifier: Apache-2.0
#include "fixtures.hpp"
#include "identity/file_vault.hpp"
#include "identity/passphrase.hpp"
#include "identity/private_file.hpp"

#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>

namespace ockam::identities::test {
namespace {

/// Cheap enough for a test.
constexpr scrypt_cost cheap{10, 8, 1};

class vaults : public testing::Test {
 protected:
  vaults() {
    std::string name = std::filesystem::temp_directory_path() / "ockam-vault-XXXXXX";
    folder_ = ::mkdtemp(name.data());
  }
  ~vaults() override { std::filesystem::remove_all(folder_); }
  std::string path(const std::string& name = "vault") const { return folder_ + "/" + name; }
  std::unique_ptr<file_vault> open(const secret* passphrase = nullptr) {
    return must(file_vault::open(path(), passphrase, system_random(), cheap));
  }
  static bytes content(const std::string& of) {
    std::ifstream in{of, std::ios::binary};
    std::string all{std::istreambuf_iterator<char>{in}, {}};
    auto b = std::as_bytes(std::span{all});
    return {b.begin(), b.end()};
  }
  static void write(const std::string& to, bytes_view what) { must(private_file::replace(to, what)); }

  std::string folder_;
  secret passphrase_ = secret::copy_of(std::as_bytes(std::span{std::string_view{"correct horse"}}));
  secret wrong_ = secret::copy_of(std::as_bytes(std::span{std::string_view{"wrong horse"}}));
};

/// What every vault does.
void use(vault& v) {
  for (auto type : {key_type::ed25519, key_type::p256}) {
    auto key = must(v.new_signing_key(type));
    EXPECT_TRUE(static_cast<bool>(verify(key, unhex("01"), must(v.sign(key, unhex("01"))))));
    must(v.remove(key));
    EXPECT_EQ(v.sign(key, unhex("01")).error().code, errc::not_found);
    EXPECT_EQ(v.remove(key).error().code, errc::not_found);
  }
  auto a = must(v.new_static_key()), b = must(v.new_static_key());
  EXPECT_NE(a, b);
  EXPECT_EQ(hex(must(v.agree(a, b))), hex(must(v.agree(b, a))));
  must(v.remove(a));
  EXPECT_EQ(v.agree(a, b).error().code, errc::not_found);
  EXPECT_EQ(v.agree(b, x25519_public{}).error().code, errc::not_authentic) << "a point of low order";
}

TEST_F(vaults, in_memory_sign_agree_and_forget) {
  memory_vault v;
  use(v);
}

TEST_F(vaults, in_a_file_sign_agree_and_forget) { use(*open()); }

TEST_F(vaults, sealed_sign_agree_and_forget) { use(*open(&passphrase_)); }

TEST_F(vaults, take_the_keys_of_the_reference) {
  const auto recordings = recording("identities");
  for (const auto& of : recordings.at("command_line")) {
    memory_vault v;
    auto key = must(v.add(key_type::ed25519, secret_of(of["signing_secret"])));
    EXPECT_EQ(hex(key.bytes()), of["public_key"]);
    EXPECT_EQ(hex(sha256(key.bytes())), of["signing_handle"]) << "what the reference names keys by";
  }
}

TEST_F(vaults, of_files_have_their_keys_when_opened_again) {
  auto key = must(open()->new_signing_key(key_type::p256));
  EXPECT_TRUE(static_cast<bool>(open()->sign(key, unhex("00"))));
  struct stat about {};
  ASSERT_EQ(::stat(path().c_str(), &about), 0);
  EXPECT_EQ(about.st_mode & 0777, 0600u);
}

TEST_F(vaults, that_share_a_file_see_what_the_other_has_made) {
  auto a = open(), b = open();
  auto of_a = must(a->new_static_key()), of_b = must(b->new_static_key());
  EXPECT_TRUE(static_cast<bool>(a->agree(of_b, of_a)));
  EXPECT_TRUE(static_cast<bool>(b->agree(of_a, of_b)));
  EXPECT_TRUE(static_cast<bool>(open()->agree(of_a, of_b))) << "neither has overwritten the other";
}

TEST_F(vaults, sealed_open_with_their_passphrase_only) {
  auto key = must(open(&passphrase_)->new_signing_key(key_type::ed25519));
  EXPECT_TRUE(static_cast<bool>(open(&passphrase_)->sign(key, unhex("00"))));
  for (const secret* other : std::initializer_list<const secret*>{&wrong_, nullptr}) {
    auto opened = file_vault::open(path(), other, system_random(), cheap);
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().code, errc::permission_denied);
    EXPECT_EQ(opened.error().cause.find("horse"), std::string::npos) << "a passphrase in an error";
  }
}

TEST_F(vaults, that_are_not_sealed_take_no_passphrase) {
  open();
  EXPECT_EQ(file_vault::open(path(), &passphrase_, system_random(), cheap).error().code, errc::invalid_argument);
}

TEST_F(vaults, have_no_key_in_the_clear_when_sealed) {
  scripted_random random{
    {bytes(16, std::byte{1}), bytes(16, std::byte{2}), bytes(32, std::byte{0x5a}), bytes(16, std::byte{3})}};
  must(must(file_vault::open(path(), &passphrase_, random, cheap))->new_signing_key(key_type::ed25519));
  EXPECT_EQ(hex(content(path())).find(hex(bytes(8, std::byte{0x5a}))), std::string::npos);
}

TEST_F(vaults, are_refused_when_any_byte_was_altered_or_is_missing) {
  must(open(&passphrase_)->new_static_key());
  const auto good = content(path());
  for (std::size_t i = 0; i < good.size(); ++i) {
    if (i == 10) // the cost of scrypt: a wrong one is as wrong, and may take seconds to find out
      continue;
    auto altered = good;
    altered[i] ^= std::byte{1};
    write(path(), altered);
    ASSERT_FALSE(file_vault::open(path(), &passphrase_, system_random(), cheap)) << "byte " << i;
  }
  for (std::size_t n = 0; n < good.size(); ++n) {
    write(path(), bytes_view{good}.first(n));
    ASSERT_FALSE(file_vault::open(path(), &passphrase_, system_random(), cheap)) << n << " bytes";
  }
}

TEST_F(vaults, ask_for_no_more_memory_than_is_sane_whatever_the_file_says) {
  must(open(&passphrase_)->new_static_key());
  auto file = content(path());
  for (auto [log2_n, r, p] : {std::tuple{63, 8, 1}, {24, 255, 1}, {10, 0, 1}, {10, 8, 0}, {10, 8, 255}, {0, 8, 1}}) {
    file[10] = std::byte(log2_n);
    file[11] = std::byte(r);
    file[12] = std::byte(p);
    write(path(), file);
    EXPECT_EQ(file_vault::open(path(), &passphrase_).error().code, errc::unsupported);
  }
}

TEST_F(vaults, that_others_may_read_are_refused) {
  open();
  ASSERT_EQ(::chmod(path().c_str(), 0640), 0);
  auto opened = file_vault::open(path(), nullptr);
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, errc::permission_denied);
  EXPECT_NE(opened.error().hint.find("chmod 600"), std::string::npos);
}

TEST_F(vaults, change_nothing_when_they_cannot_be_written) {
  auto v = open();
  auto key = must(v->new_static_key());
  std::filesystem::create_directory(path() + ".new"); // where the new file would be written
  EXPECT_FALSE(v->new_static_key());
  EXPECT_FALSE(v->remove(key));
  EXPECT_TRUE(static_cast<bool>(v->agree(key, key)));
}

TEST(key_ring, refuses_what_it_did_not_write) {
  key_ring keys;
  must(keys.add(key_type::p256, secret::copy_of(bytes(32, std::byte{7}))));
  must(keys.add_static(secret::copy_of(bytes(32, std::byte{8}))));
  auto good = keys.encode();
  EXPECT_EQ(must(key_ring::decode(good.bytes())).size(), 2u);
  for (std::size_t n = 0; n < good.size(); ++n)
    ASSERT_FALSE(key_ring::decode(good.bytes().first(n))) << n << " bytes";
  for (const char* bad : {"818203582000",
                          "8182015820"
                          "0000000000000000000000000000000000000000000000000000000000000000",
                          "9a00ffffff", "81820041aa", "9fff"})
    EXPECT_FALSE(key_ring::decode(unhex(bad))) << bad;
}

TEST_F(vaults, take_a_passphrase_from_a_file_without_its_line_break) {
  auto text = [](std::string_view t) { return std::as_bytes(std::span{t}); };
  write(path("pass"), text("secret words\n"));
  EXPECT_EQ(hex(must(passphrase::from_file(path("pass")))), hex(text("secret words")));
  write(path("pass"), text("\n"));
  EXPECT_EQ(passphrase::from_file(path("pass")).error().code, errc::invalid_argument);
  write(path("pass"), bytes(1027, std::byte{'x'}));
  EXPECT_FALSE(passphrase::from_file(path("pass")));
  EXPECT_EQ(passphrase::from_file(path("nothing")).error().code, errc::not_found);
  ASSERT_EQ(::chmod(path("pass").c_str(), 0644), 0);
  EXPECT_EQ(passphrase::from_file(path("pass")).error().code, errc::permission_denied);
}

TEST_F(vaults, take_a_passphrase_that_systemd_hands_over) {
  write(path("vault-key"), std::as_bytes(std::span{std::string_view{"of systemd"}}));
  ASSERT_EQ(::chmod(path("vault-key").c_str(), 0440), 0); // as its access control lists look
  ASSERT_EQ(::setenv("CREDENTIALS_DIRECTORY", folder_.c_str(), 1), 0);
  EXPECT_TRUE(static_cast<bool>(passphrase::from_systemd("vault-key")));
  EXPECT_FALSE(passphrase::from_systemd("../vault-key"));
  ASSERT_EQ(::unsetenv("CREDENTIALS_DIRECTORY"), 0);
  EXPECT_EQ(passphrase::from_systemd("vault-key").error().code, errc::not_found);
}

} // namespace
} // namespace ockam::identities::test
