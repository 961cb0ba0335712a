// SPDX-License-Identifier: Apache-2.0
#include "runtime/core/proxy_address.hpp"

#include <gtest/gtest.h>

#include <map>

namespace ockam {
namespace {

using protocol = proxy_address::protocol;

TEST(proxy_address, reads_urls) {
  struct {
    const char* text;
    proxy_address want;
  } const cases[] = {
    {"http://10.0.0.1:3128", {protocol::http, {"10.0.0.1", 3128}, "", ""}},
    {"http://proxy.example", {protocol::http, {"proxy.example", 80}, "", ""}},
    {"http://proxy.example:3128/", {protocol::http, {"proxy.example", 3128}, "", ""}},
    {"socks5://[::1]", {protocol::socks5, {"::1", 1080}, "", ""}},
    {"socks5h://h:1", {protocol::socks5, {"h", 1}, "", ""}},
    {"http://me:secret@h:1", {protocol::http, {"h", 1}, "me", "secret"}},
    {"http://me@h:1", {protocol::http, {"h", 1}, "me", ""}},
    {"http://me:a%40b%3ac%2F@h:1", {protocol::http, {"h", 1}, "me", "a@b:c/"}},
    {"http://me:a@b:c/d@h:1", {protocol::http, {"h", 1}, "me", "a@b:c/d"}},
  };
  for (const auto& c : cases) {
    auto p = parse_proxy(c.text);
    ASSERT_TRUE(p) << c.text << ": " << p.error().cause;
    EXPECT_EQ(*p, c.want) << c.text;
    EXPECT_EQ(to_string(*p).find("secret"), std::string::npos);
  }
  EXPECT_EQ(to_string(*parse_proxy("http://me:secret@h:1")), "http://h:1");
}

TEST(proxy_address, refuses_what_is_none_and_repeats_none_of_it) {
  for (const std::string text : {"", "secret", "secret:1", "https://secret:1", "http://", "http://:secret@", "http://me:secret@", "http://me:secret%4@h:1",
                                 "http://me:secret%zz@h:1", "http://secret/path/x", "http://me:secret@h:99999", "http://me:secret@a b:1",
                                 "http://:80", "http://h:0", "ftp://me:secret@h:1", "http://me:secret@[fe80::1]:1"}) {
    auto p = parse_proxy(text);
    ASSERT_FALSE(p) << text;
    EXPECT_EQ(p.error().code, errc::invalid_argument);
    EXPECT_EQ((p.error().cause + p.error().hint).find("secret"), std::string::npos) << p.error().cause;
    EXPECT_FALSE(check_proxy(text));
  }
  EXPECT_FALSE(parse_proxy("http://" + std::string(256, 'u') + ":x@h:1"));
  EXPECT_FALSE(parse_proxy("http://u:" + std::string(256, 'x') + "@h:1"));
  for (const std::string text : {"none", "environment", "socks5://h:1"})
    EXPECT_TRUE(check_proxy(text));
}

/// What the environment of the test has.
class proxy_environment : public testing::Test {
 protected:
  static std::map<std::string, std::string>& variables() {
    static std::map<std::string, std::string> all;
    return all;
  }
  void SetUp() override { variables().clear(); }
  static result<std::optional<proxy_address>> found(const endpoint& to) {
    return proxy_of_environment(to, [](const char* name) -> const char* {
      auto it = variables().find(name);
      return it == variables().end() ? nullptr : it->second.c_str();
    });
  }
  static std::string proxy(const endpoint& to) {
    auto p = found(to);
    return !p ? "! " + p.error().cause : *p ? to_string(**p) : "none";
  }
};

TEST_F(proxy_environment, the_first_variable_that_is_there_counts) {
  const endpoint to{"example.org", 4000};
  EXPECT_EQ(proxy(to), "none");
  variables()["ALL_PROXY"] = "socks5://all:1";
  EXPECT_EQ(proxy(to), "socks5://all:1");
  variables()["HTTPS_PROXY"] = "proxy.example:3128";
  EXPECT_EQ(proxy(to), "http://proxy.example:3128");
  variables()["https_proxy"] = "";
  EXPECT_EQ(proxy(to), "http://proxy.example:3128");
  variables()["https_proxy"] = "http://me:secret@small:1";
  EXPECT_EQ(proxy(to), "http://small:1");
  variables()["https_proxy"] = "http://me:secret@";
  EXPECT_EQ(proxy(to), "! https_proxy of the environment: the proxy has no HOST:PORT behind its scheme and user");
}

TEST_F(proxy_environment, no_proxy_names_who_is_connected_to_straight) {
  variables()["ALL_PROXY"] = "socks5://all:1";
  variables()["NO_PROXY"] = "localhost, 127.0.0.1,.corp.example,10.0.0.0/9, 2001:db8::/33,host.example:4000,[::1],,*.star.example , bad/8,1.2.3.4/33";
  for (const auto& to : {endpoint{"localhost", 1}, {"LocalHost.", 1}, {"127.0.0.1", 1}, {"a.corp.example", 1}, {"corp.example", 1}, {"10.127.0.1", 1},
                            {"2001:db8:7fff::1", 1}, {"host.example", 4000}, {"::1", 1}, {"x.star.example", 1}})
    EXPECT_EQ(proxy(to), "none") << to_string(to);
  for (const auto& to : {endpoint{"notlocalhost", 1}, {"127.0.0.2", 1}, {"acorp.example", 1}, {"10.128.0.1", 1}, {"2001:db8:8000::1", 1},
                            {"host.example", 4001}, {"::2", 1}, {"1.2.3.4", 1}, {"example.org", 1}})
    EXPECT_EQ(proxy(to), "socks5://all:1") << to_string(to);
  variables()["no_proxy"] = "*";
  EXPECT_EQ(proxy({"example.org", 1}), "none");
}

} // namespace
} // namespace ockam
