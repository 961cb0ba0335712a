// SPDX-License-Identifier: Apache-2.0
#include "cli/node/config_file.hpp"
#include "cli/node/options.hpp"
#include "services/services.hpp"

#include <gtest/gtest.h>

#include <array>

namespace ockam {
namespace {

const auto types = standard_services();

TEST(config, a_whole_node) {
  node_config c;
  auto problems = read_config_text(R"(# a node
[node]
name = n1
threads = 4
log-level = debug
link-budget = 2MiB
stall = 500ms
max-connections = 64

[tcp-listener main]
address = 127.0.0.1:4000
allow = services, special

[tcp-connection up]
address = example.org:4000

[service my-hop]
type = hop
[service echo]
[relay db]
at = /dnsaddr/relay.example/tcp/4000/service/hop
relay-address = d
allow = echo, special
)", "n1.ini", types, c);
  ASSERT_TRUE(problems.empty()) << to_string(problems.front());
  EXPECT_EQ(c.name, "n1");
  EXPECT_EQ(c.threads, 4u);
  EXPECT_EQ(c.log.level, "debug");
  EXPECT_EQ(c.limit.link_budget, 2u << 20);
  EXPECT_EQ(c.limit.stall, std::chrono::milliseconds{500});
  EXPECT_EQ(c.limit.max_connections, 64u);
  ASSERT_EQ(c.listeners.size(), 1u);
  EXPECT_EQ(c.listeners[0].transport, "tcp");
  EXPECT_EQ(c.listeners[0].allow, (std::vector<std::string>{"services", "special"}));
  ASSERT_EQ(c.connections.size(), 1u);
  EXPECT_EQ(c.connections[0].name, "up");
  ASSERT_EQ(c.services.size(), 2u);
  EXPECT_EQ(c.services[0].type, "hop");
  EXPECT_EQ(c.services[1].type, "echo") << "the name of a type needs no type";
  ASSERT_EQ(c.items.size(), 1u);
  EXPECT_EQ(c.items[0].kind, "relay");
  EXPECT_EQ(c.items[0].name, "db");
  EXPECT_EQ(c.items[0].keys, (option_texts{{"at", "/dnsaddr/relay.example/tcp/4000/service/hop"}, {"relay-address", "d"}, {"allow", "echo, special"}}));
}

TEST(config, keeps_the_order_of_the_file) {
  node_config c;
  ASSERT_TRUE(read_config_text("[node]\nname = n\n[tcp-listener public]\naddress = 127.0.0.1:1\n"
                               "[tcp-listener admin]\naddress = 127.0.0.1:2\n", "x.ini", types, c).empty());
  ASSERT_EQ(c.listeners.size(), 2u);
  EXPECT_EQ(c.listeners[0].name, "public") << "the first one is the one that peers reach services through";
}

struct bad_config {
  const char* what;
  std::string text;
  int line;
  const char* word; ///< in cause or hint
};

class config_problem : public testing::TestWithParam<bad_config> {};

TEST_P(config_problem, is_said_with_file_and_line) {
  auto& p = GetParam();
  node_config c;
  auto problems = read_config_text(p.text, "x.ini", types, c);
  ASSERT_FALSE(problems.empty()) << p.what;
  EXPECT_EQ(problems[0].code, errc::invalid_config);
  auto place = "x.ini:" + std::to_string(p.line) + ":";
  EXPECT_EQ(problems[0].cause.substr(0, place.size()), place) << problems[0].cause;
  EXPECT_NE(to_string(problems[0]).find(p.word), std::string::npos) << to_string(problems[0]);
  EXPECT_EQ(problems[0].cause.find('\n'), std::string::npos);
}

const std::string node = "[node]\nname = n\n";
INSTANTIATE_TEST_SUITE_P(each, config_problem, testing::Values(
  bad_config{"unknown key", node + "treads = 2\n", 3, "threads"},
  bad_config{"number out of range", node + "threads = 0\n", 3, "1"},
  bad_config{"no number", node + "threads = two\n", 3, "two"},
  bad_config{"size", node + "link-budget = 1kb\n", 3, "64KiB"},
  bad_config{"size too small", node + "link-budget = 1\n", 3, "16KiB"},
  bad_config{"duration", node + "stall = soon\n", 3, "10s"},
  bad_config{"duration over a day", node + "stall = 2d\n", 3, "1d"},
  bad_config{"duration of centuries", node + "stall = 99999999999d\n", 3, "duration"},
  bad_config{"one of a few", node + "log-level = loud\n", 3, "debug"},
  bad_config{"unknown section", node + "[tcp-listner x]\naddress = 127.0.0.1:1\n", 3, "tcp-listener"},
  bad_config{"section twice", node + "[service echo]\n[service hop]\n[service echo]\n", 5, "service echo"},
  bad_config{"key twice", node + "threads = 2\nthreads = 3\n", 4, "threads"},
  bad_config{"address missing", node + "[tcp-listener x]\n", 3, "address"},
  bad_config{"allow of a listener empty", node + "[tcp-listener x]\naddress = 127.0.0.1:1\nallow =\n", 5, "empty"},
  bad_config{"allow of an outlet empty", node + "[tcp-outlet x]\nto = 127.0.0.1:1\nallow =\n", 5, "names nobody"},
  bad_config{"authorized of a channel empty", node + "[secure-channel x]\nto = /service/api\nauthorized = ,\n", 5, "names nobody"},
  bad_config{"address wrong", node + "[tcp-listener x]\n# comment\naddress = here\n", 5, "here"},
  bad_config{"a name to listen at", node + "[tcp-listener x]\naddress = localhost:1\n", 4, "127.0.0.1:1"},
  bad_config{"key of another section", node + "[tcp-listener x]\naddress = 127.0.0.1:1\ntype = hop\n", 5, "type"},
  bad_config{"service type", node + "[service x]\ntype = ehco\n", 4, "echo"},
  bad_config{"service without type", node + "[service x]\n", 3, "type"},
  bad_config{"name used twice", node + "[service echo]\n[tcp-connection echo]\naddress = h:1\n", 4, "echo"},
  bad_config{"key before any section", "name = n\n", 1, "[node]"},
  bad_config{"line without =", node + "what is this\n", 3, "="},
  bad_config{"relay without a route", node + "[relay x]\n", 3, "has no at"},
  bad_config{"route of a relay that only the command line knows", node + "[relay x]\nat = /node/n2\n", 4, "command line"},
  bad_config{"route of a relay that names no protocol", node + "[relay x]\nat = n2\n", 4, "n2"},
  bad_config{"key of a relay that only YAML has", node + "[relay x]\nat = /worker/y\nto = n1\n", 5, "to"},
  bad_config{"name of a relay that routes cannot have", node + "[relay x/y]\nat = /worker/y\n", 3, "no /"},
  bad_config{"section not closed", node + "[service echo\n", 3, "]"}));

TEST(config, says_all_that_is_wrong_at_once_in_order) {
  node_config c;
  auto problems = read_config_text("[node]\nname = n\nthreads = x\n[service y]\n[tcp-listener z]\n", "x.ini", types, c);
  ASSERT_EQ(problems.size(), 3u);
  EXPECT_EQ(problems[0].cause.substr(0, 8), "x.ini:3:");
  EXPECT_EQ(problems[1].cause.substr(0, 8), "x.ini:4:");
  EXPECT_EQ(problems[2].cause.substr(0, 8), "x.ini:5:");
}

TEST(config, what_is_there_twice_hides_no_other_problem) {
  node_config c;
  auto problems = read_config_text("[node]\nname = n\n[tcp-listener z]\naddress = x\n[node]\nthreads = x\n", "x.ini", types, c);
  ASSERT_EQ(problems.size(), 3u);
  EXPECT_EQ(problems[0].cause.substr(0, 8), "x.ini:4:");
  EXPECT_EQ(problems[1].cause.substr(0, 8), "x.ini:5:");
  EXPECT_EQ(problems[2].cause.substr(0, 8), "x.ini:6:");
}

TEST(config, a_file_that_is_missing_or_a_directory) {
  node_config c;
  for (auto* path : {"/nothere/n.ini", "/tmp"}) {
    auto problems = read_config_file(path, types, c);
    ASSERT_EQ(problems.size(), 1u) << path;
    EXPECT_NE(problems[0].cause.find(path), std::string::npos);
    EXPECT_EQ(problems[0].code, errc::invalid_config);
  }
}

TEST(config, a_file_without_a_section_is_an_error) {
  for (const auto* text : {"", "\n", "# [node]\n"}) {
    node_config c;
    auto wrong = read_config_text(text, "n.ini", types, c);
    ASSERT_EQ(wrong.size(), 1u) << text;
    EXPECT_EQ(wrong[0].cause, "n.ini:1: there is no section in it");
  }
}

node_options options(std::vector<const char*> args) {
  args.insert(args.begin(), "ockam-node");
  return parse_node_options(static_cast<int>(args.size()), args.data(), types);
}

TEST(options, every_part_of_a_node) {
  auto o = options({"--name", "n", "--tcp-listener", "127.0.0.1:0", "--tcp-connection", "h:1", "--service", "hop", "--service",
                    "h2=hop", "--stall", "3s", "--no-state"});
  ASSERT_TRUE(o.problems.empty()) << to_string(o.problems.front());
  EXPECT_EQ(o.config.name, "n");
  EXPECT_EQ(o.config.listeners.size(), 1u);
  EXPECT_EQ(o.config.connections.size(), 1u);
  ASSERT_EQ(o.config.services.size(), 2u);
  EXPECT_EQ(o.config.services[1].name, "h2");
  EXPECT_EQ(o.config.limit.stall, std::chrono::seconds{3});
  EXPECT_TRUE(o.no_state);
}

TEST(options, that_are_wrong_are_usage_errors_with_a_hint) {
  for (auto& args : std::vector<std::vector<const char*>>{
         {"--nam", "n"}, {"--name"}, {"stray"}, {"--service", "hpo"}, {"--tcp-listener", "4000"}, {"--threads", "0"}, {"--ready-fd", "x"}}) {
    auto o = options(args);
    ASSERT_EQ(o.problems.size(), 1u) << args[0];
    EXPECT_TRUE(o.usage_error);
    EXPECT_FALSE(o.problems[0].cause.empty());
  }
  auto near = options({"--tcp-listner", "127.0.0.1:0"});
  EXPECT_NE(near.problems.at(0).hint.find("--tcp-listener"), std::string::npos);
}

} // namespace
} // namespace ockam
