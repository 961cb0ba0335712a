// SPDX-License-Identifier: Apache-2.0
#include "operation/http_access.hpp"

#include "operation/http_keys.hpp"

#include <gtest/gtest.h>

#include <cstdio>
#include <fstream>

namespace ockam::operation {
namespace {

constexpr auto token = "0123456789abcdef";

TEST(HttpAccess, TakesTheTokenAsBearerOrAsPassword) {
  EXPECT_TRUE(brings_token("Bearer 0123456789abcdef", token));
  EXPECT_TRUE(brings_token("Basic YW55Om9uZQ==", "one"));                          // any:one
  EXPECT_TRUE(brings_token("Basic YW55OjAxMjM0NTY3ODlhYmNkZWY=", token));          // any:0123456789abcdef
  for (auto wrong : {"", "Bearer", "Bearer ", "Bearer 0123456789abcdeF", "Bearer 0123456789abcdef0", "Basic", "Basic !!!!", "Basic YW55",
                     "Basic OjAxMjM0NTY3ODlhYmNkZWY", "0123456789abcdef", "Digest 0123456789abcdef"})
    EXPECT_FALSE(brings_token(wrong, token)) << wrong;
  EXPECT_FALSE(brings_token("Basic " + std::string(100'000, 'A'), token));
}

TEST(HttpAccess, KnowsTheNamesOfThisHost) {
  for (auto own : {"", "localhost", "localhost:9100", "127.0.0.1", "127.0.0.1:9100", "127.8.8.8:1", "[::1]", "[::1]:9100", "x.localhost"})
    EXPECT_TRUE(names_loopback(own)) << own;
  for (auto other : {"evil.example", "evil.example:9100", "127.0.0.1.evil.example", "10.0.0.1", "[::2]:9100", "[", "localhost.evil.example"})
    EXPECT_FALSE(names_loopback(other)) << other;
}

TEST(HttpAccess, NeedsATokenWhereOthersCanAsk) {
  for (auto safe : {"127.0.0.1:9100", "[::1]:9100", "/run/node.http"})
    EXPECT_FALSE(needs_token(safe)) << safe;
  for (auto open : {"0.0.0.0:9100", "[::]:9100", "10.0.0.1:9100"})
    EXPECT_TRUE(needs_token(open)) << open;
}

class TokenFile : public testing::Test {
 protected:
  std::string path = testing::TempDir() + "ockam-token-" + std::to_string(::getpid());
  void write(const std::string& text) { std::ofstream{path} << text; }
  void TearDown() override { std::remove(path.c_str()); }
};

TEST_F(TokenFile, IsItsFirstLine) {
  write("  0123456789abcdef \nsecond\n");
  auto t = read_token(path);
  ASSERT_TRUE(t);
  EXPECT_EQ(*t, token);
}

TEST_F(TokenFile, IsRefusedWhenItIsMissingOrShort) {
  auto missing = read_token(path);
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, errc::io_failure);
  write("short\n");
  auto weak = read_token(path);
  ASSERT_FALSE(weak);
  EXPECT_EQ(weak.error().code, errc::invalid_argument);
  EXPECT_EQ(weak.error().cause.find("short"), std::string::npos) << "a secret in an error";
}

} // namespace
} // namespace ockam::operation
