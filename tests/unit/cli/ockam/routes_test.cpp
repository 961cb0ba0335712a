// SPDX-License-Identifier: Apache-2.0
#include "cli/ockam/routes.hpp"

#include <gtest/gtest.h>

namespace ockam::cli {

namespace {

/// n2 listens on 127.0.0.1:7000, n6 on [::]:8000, any on 0.0.0.0:9000; no other node runs.
result<std::string> address_of(const std::string& name) {
  if (name == "n2")
    return std::string{"127.0.0.1:7000"};
  if (name == "n6")
    return std::string{"[::]:8000"};
  if (name == "any")
    return std::string{"0.0.0.0:9000"};
  return error{errc::not_found, "There is no node with name " + name, {}};
}

/// `from|route`, or the cause of the error.
std::string plan(const std::string& to, const std::string& from = {}) {
  auto p = plan_route(*parse_multiaddr(to), from, &address_of);
  return p ? p->from + "|" + to_string(p->to) : p.error().cause;
}

std::string piped(const std::string& word, const std::string& line) {
  std::vector<std::string> words{word};
  take_pipe(words, [&] { return line; });
  return words.front();
}

} // namespace

TEST(Routes, StartAtTheNodeThatIsNamedFirst) {
  EXPECT_EQ(plan("/node/n1/service/echo"), "n1|/service/echo");
  EXPECT_EQ(plan("/service/echo"), "|/service/echo");
  EXPECT_EQ(plan("/node/n1"), "n1|");
  EXPECT_EQ(plan("/service/echo", "n1"), "n1|/service/echo");
}

TEST(Routes, OtherNodesBecomeTheirAddress) {
  EXPECT_EQ(plan("/node/n2/service/echo", "n1"), "n1|/ip4/127.0.0.1/tcp/7000/service/echo");
  EXPECT_EQ(plan("/node/n1/service/hop/node/n2/service/echo"), "n1|/service/hop/ip4/127.0.0.1/tcp/7000/service/echo");
  EXPECT_EQ(plan("/node/n6/service/a", "n1"), "n1|/ip6/::1/tcp/8000/service/a");
  EXPECT_EQ(plan("/node/any/service/a", "n1"), "n1|/ip4/127.0.0.1/tcp/9000/service/a");
  EXPECT_EQ(plan("/service/a/node/nope/service/b"), "There is no node with name nope");
}

TEST(Routes, ANodeThatTheMessageIsAtFallsAway) {
  EXPECT_EQ(plan("/node/n1/service/echo", "n1"), "n1|/service/echo");
  EXPECT_EQ(plan("/node/n1/service/hop/node/n1/service/echo"), "n1|/service/hop/service/echo");
  EXPECT_EQ(plan("/node/n2/service/hop/node/n2/service/echo", "n1"), "n1|/ip4/127.0.0.1/tcp/7000/service/hop/service/echo");
}

TEST(Routes, BehindALinkOrRelayTheMessageMayBeAnywhere) {
  const std::string link(32, 'a');
  EXPECT_EQ(plan("/node/n2/worker/" + link + "/service/hop/node/n2/service/echo"),
            "n2|/worker/" + link + "/service/hop/ip4/127.0.0.1/tcp/7000/service/echo");
  EXPECT_EQ(plan("/node/n2/service/forward_to_x/node/n2/service/echo"),
            "n2|/service/forward_to_x/ip4/127.0.0.1/tcp/7000/service/echo");
  EXPECT_EQ(plan("/node/n2/dnsaddr/example.org/tcp/1/node/n2/service/echo"),
            "n2|/dnsaddr/example.org/tcp/1/ip4/127.0.0.1/tcp/7000/service/echo");
}

TEST(Pipes, TakeThePlaceOfADash) {
  EXPECT_EQ(piped("-/service/echo", "/worker/a"), "/worker/a/service/echo");
  EXPECT_EQ(piped("/-/service/echo", "/worker/a"), "/worker/a/service/echo");
  EXPECT_EQ(piped("/node/n1/-/service/echo", "/worker/a"), "/node/n1/worker/a/service/echo");
  EXPECT_EQ(piped("/node/n1/-", "worker/a"), "/node/n1/worker/a");
  EXPECT_EQ(piped("a/-/b", "zzz"), "a/zzz/b");
  EXPECT_EQ(piped("-/service/echo", "["), "/[/service/echo");
}

TEST(Pipes, WithNothingInThemLeaveNothing) {
  EXPECT_EQ(piped("-/service/echo", ""), "/service/echo");
  EXPECT_EQ(piped("/node/n1/-/service/echo", ""), "/node/n1/service/echo");
}

TEST(Pipes, SayWhichWordsGotNothing) {
  std::vector<std::string> words{"send", "-/service/echo", "--to=/node/n1/-/service/echo"};
  auto emptied = take_pipe(words, [] { return std::string{}; });
  ASSERT_EQ(emptied.size(), 2u);
  EXPECT_EQ(emptied[0].typed, "-/service/echo");
  EXPECT_EQ(emptied[0].became, "/service/echo");
  EXPECT_EQ(emptied[1].typed, "--to=/node/n1/-/service/echo");
  EXPECT_EQ(emptied[1].became, "--to=/node/n1/service/echo");
  std::vector<std::string> filled{"-/service/echo"};
  EXPECT_TRUE(take_pipe(filled, [] { return std::string{"/worker/a"}; }).empty());
}

TEST(Pipes, AreNotReadForOtherWords) {
  std::vector<std::string> words{"-", "a-b", "--to", "/service/a-/b", "message"};
  auto before = words;
  take_pipe(words, []() -> std::string { ADD_FAILURE() << "nobody asked for the pipe"; return {}; });
  EXPECT_EQ(words, before);
}

TEST(Pipes, AreReadOnce) {
  int reads = 0;
  std::vector<std::string> words{"-/a", "b/-"};
  take_pipe(words, [&] { return "x" + std::to_string(++reads); });
  EXPECT_EQ(words, (std::vector<std::string>{"/x1/a", "b/x1"}));
}

} // namespace ockam::cli
