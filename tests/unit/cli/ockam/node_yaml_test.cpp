// SPDX-License-Identifier: Apache-2.0
#include "cli/ockam/node_yaml.hpp"

#include <gtest/gtest.h>

namespace ockam::cli {

namespace {

/// The INI text, or the cause of the error.
std::string ini_of(const std::string& yaml, const std::map<std::string, std::string>& variables = {}) {
  auto n = read_node_yaml(yaml, variables, "/etc/ockam");
  if (!n)
    return n.error().cause;
  auto text = n->ini.text();
  return text ? *text : text.error().cause;
}

} // namespace

TEST(NodeYaml, MapsBecomeSections) {
  EXPECT_EQ(ini_of("{name: n1, log-level: debug, services: {h1: hop, up: {type: uppercase}}}"),
            "[node]\nlog-level = debug\n\n[service h1]\ntype = hop\n\n[service up]\ntype = uppercase\n");
  EXPECT_EQ(ini_of("{tcp-connections: {b: {address: '127.0.0.1:7000', allow: [echo, hop]}}}"),
            "[node]\n\n[tcp-connection b]\naddress = 127.0.0.1:7000\nallow = echo, hop\n");
}

TEST(NodeYaml, ListsGetNames) {
  EXPECT_EQ(ini_of("{services: [hop, {name: e, type: echo}], tcp-listeners: ['127.0.0.1:1', '127.0.0.1:2']}"),
            "[node]\n\n[service hop]\ntype = hop\n\n[service e]\ntype = echo\n\n[tcp-listener tcp-listener-1]\naddress = 127.0.0.1:1\n\n"
            "[tcp-listener tcp-listener-2]\naddress = 127.0.0.1:2\n");
}

TEST(NodeYaml, AnIdentityIsANameOrASection) {
  auto named = read_node_yaml("{name: n1, identity: alice}", {}, "/");
  ASSERT_TRUE(named);
  EXPECT_EQ(named->identity, "alice");
  EXPECT_TRUE(named->warnings.empty());
  EXPECT_FALSE(read_node_yaml("{name: n1}", {}, "/")->identity);
  EXPECT_EQ(ini_of("{identity: {vault: v, history: h}}"), "[node]\n\n[identity]\nvault = /etc/ockam/v\nhistory = /etc/ockam/h\n");
}

TEST(NodeYaml, TheListenerAmongTheServicesOfTheReferenceIsAListener) {
  auto id = "I" + std::string(64, 'a');
  EXPECT_EQ(ini_of("{services: {secure-channel-listener: {address: /service/lst, authorized-identifiers: [" + id + "], identity: alice}, h: hop}}"),
            "[node]\n\n[secure-channel-listener lst]\nauthorized = " + id + "\nidentity = alice\n\n[service h]\ntype = hop\n");
  EXPECT_EQ(ini_of("{services: {secure_channel_listener: {authorized_identifiers: " + id + ", disabled: false}}}"),
            "[node]\n\n[secure-channel-listener api]\nauthorized = " + id + "\n");
  EXPECT_EQ(ini_of("{services: {secure-channel-listener: }}"), "[node]\n\n[secure-channel-listener api]\n");
  EXPECT_EQ(ini_of("{services: {secure-channel-listener: {address: lst, disabled: true}}}"), "[node]\n");
  EXPECT_EQ(ini_of("{services: {secure-channel-listener: {type: echo}}}"), "[node]\n\n[service secure-channel-listener]\ntype = echo\n");
  EXPECT_EQ(ini_of("{services: {secure-channel-listener: {address: a, address: b}}}").find("key address is there twice"), 0u);
  EXPECT_NE(ini_of("{services: {secure-channel-listener: [lst]}}").find("has to be a map"), std::string::npos);
}

TEST(NodeYaml, UnderscoresAreHyphens) {
  EXPECT_EQ(ini_of("{max_connections: 5, tcp_listener_address: '127.0.0.1:0'}"),
            "[node]\nmax-connections = 5\n\n[tcp-listener default]\naddress = 127.0.0.1:0\n");
}

TEST(NodeYaml, VariablesStandForTheirValues) {
  EXPECT_EQ(read_node_yaml("{name: '$A-${B}x'}", {{"A", "a"}, {"B", "b"}}, "/")->name, "a-bx");
  EXPECT_EQ(read_node_yaml("{variables: {OWN_OF_TEST: o}, name: $OWN_OF_TEST}", {}, "/")->name, "o");
  EXPECT_EQ(read_node_yaml("{variables: {OWN_OF_TEST: o}, name: $OWN_OF_TEST}", {{"OWN_OF_TEST", "given"}}, "/")->name, "given");
  EXPECT_EQ(read_node_yaml("{name: 'a$'}", {}, "/")->name, "a$");
  EXPECT_EQ(ini_of("{name: $NOT_SET_ANYWHERE}"), "Failed to resolve variable 'NOT_SET_ANYWHERE': it is not set");
}

TEST(NodeYaml, UnknownKeysAreWarnedAbout) {
  auto n = read_node_yaml("{name: n1, vaults: x, service_s: [hop]}", {}, "/");
  ASSERT_TRUE(n);
  ASSERT_EQ(n->warnings.size(), 2u);
  EXPECT_NE(n->warnings[0].find("vaults"), std::string::npos);
  EXPECT_NE(n->warnings[1].find("did you mean services?"), std::string::npos);
}

TEST(NodeYaml, RelaysHaveShortAndLongForms) {
  const std::string whole = "[node]\n\n[relay r1]\nat = /node/n2\nto = n1\n";
  EXPECT_EQ(ini_of("{relays: {r1: {at: /node/n2, to: n1}}}"), whole);
  EXPECT_EQ(ini_of("{relays: [{r1: {at: /node/n2, to: n1}}]}"), whole);
  EXPECT_EQ(ini_of("{relays: [{name: r1, at: /node/n2, to: n1}]}"), whole);
  EXPECT_EQ(ini_of("{relay: {at: n2, relay_address: x}}"), "[node]\n\n[relay default]\nat = n2\nrelay-address = x\n");
  EXPECT_EQ(ini_of("{relays: r1}"), "[node]\n\n[relay r1]\n");
  EXPECT_EQ(ini_of("{relays: [r1, r2]}"), "[node]\n\n[relay r1]\n\n[relay r2]\n");
}

TEST(NodeYaml, PathsAreRelativeToIt) {
  EXPECT_EQ(ini_of("{log-file: logs/my.log, services: {s: {script: ../s.lua}}, uds-listener-address: n1.sock}"),
            "[node]\nlog-file = /etc/ockam/logs/my.log\n\n[service s]\nscript = /etc/s.lua\n\n[uds-listener default]\naddress = /etc/ockam/n1.sock\n");
  EXPECT_EQ(ini_of("{ws-listeners: {w: {address: 'wss://127.0.0.1:0', certificate: c.pem, key: /k.pem}}}"),
            "[node]\n\n[ws-listener w]\naddress = wss://127.0.0.1:0\ncertificate = /etc/ockam/c.pem\nkey = /k.pem\n");
}

TEST(NodeYaml, SaysWhereItIsWrong) {
  EXPECT_NE(ini_of("name: [").find("at line"), std::string::npos);
  EXPECT_EQ(ini_of("[a, b]"), "the configuration is not a YAML map");
  EXPECT_EQ(ini_of("{name: n1, a: " + std::string(20'000, '[') + std::string(20'000, ']') + "}"), "the configuration is nested too deep");
  EXPECT_NE(ini_of("{threads: {a: b}}").find("threads has to be a single value"), std::string::npos);
}

TEST(NodeYaml, NothingGetsIntoOtherLines) {
  EXPECT_NE(ini_of("{log-file: \"a\\n[service x]\"}").find("cannot be a value"), std::string::npos);
  EXPECT_NE(ini_of("{services: {\"x]\\n[node\": hop}}").find("cannot be a name"), std::string::npos);
  for (auto* twice : {"{threads: 1, threads: 2}", "{services: {a: hop, a: echo}}", "{services: {a: {type: hop, type: echo}}}"})
    EXPECT_NE(ini_of(twice).find("is there twice"), std::string::npos) << twice;
  EXPECT_EQ(ini_of("{services: {a_b: hop, a-b: hop}}").find("twice"), std::string::npos);
}

TEST(NodeYaml, ABombOfAliasesIsNoTrouble) {
  std::string yaml = "a: &a [x,x,x,x,x,x,x,x,x]\n";
  for (char c = 'b'; c < 'j'; ++c)
    yaml += std::string{c} + ": &" + c + " [*" + char(c - 1) + ",*" + char(c - 1) + ",*" + char(c - 1) + ",*" + char(c - 1) + "]\n";
  EXPECT_TRUE(read_node_yaml(yaml + "name: n1\n", {}, "/"));
}

TEST(NodeYaml, NamesAreNotTakenForYaml) {
  EXPECT_TRUE(looks_like_yaml("{name: n1}"));
  EXPECT_TRUE(looks_like_yaml("name: n1"));
  EXPECT_FALSE(looks_like_yaml("n1"));
  EXPECT_FALSE(looks_like_yaml(""));
}

} // namespace ockam::cli
