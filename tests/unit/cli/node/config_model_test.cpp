// SPDX-License-Identifier: Apache-2.0
#include "cli/node/config_model.hpp"

#include "cli/node/config_mask.hpp"
#include "cli/node/config_schema.hpp"
#include "cli/node/sections.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <cstdlib>

namespace ockam {
namespace {

std::vector<service_type> no_types;

/// A configuration that was read from this text.
struct read_text {
  node_options options;
  explicit read_text(const std::string& text) {
    options.problems = read_config_text(text, "/n/x.ini", no_types, options.config, &options.places);
    options.config_file = "/n/x.ini";
  }
  std::vector<shown_section> model() const { return config_model(options.config, &options); }
};

const shown_key* find(const std::vector<shown_section>& model, const std::string& title, const std::string& key) {
  for (const auto& s : model)
    for (const auto& k : s.keys)
      if (s.title == title && k.name == key)
        return &k;
  return nullptr;
}

const std::string plain = "[node]\nname = n\nstall = 2000ms\n[tcp-listener a]\naddress = 127.0.0.1:1\n[tcp-listener b]\naddress = 127.0.0.1:2\n"
                          "[tcp-connection w]\naddress = h:1\nproxy = http://me:pw@p:1\nretry-min = 100ms\n[ws-connection c]\naddress = ws://h:1\ncookie = a=b\n";

TEST(config_model, has_defaults_and_says_where_values_come_from) {
  read_text r{plain};
  ASSERT_TRUE(r.options.problems.empty());
  auto m = r.model();
  ASSERT_NE(find(m, "node", "stall"), nullptr);
  EXPECT_EQ(find(m, "node", "stall")->value, "2s");
  EXPECT_EQ(find(m, "node", "stall")->origin, "/n/x.ini:3");
  EXPECT_EQ(find(m, "node", "threads")->value, "2");
  EXPECT_EQ(find(m, "node", "threads")->origin, "default");
  EXPECT_EQ(find(m, "tcp-listener a", "allow")->value, "services");
  EXPECT_EQ(find(m, "tcp-listener b", "allow")->value, "nothing");
  EXPECT_EQ(find(m, "tcp-connection w", "retry-min")->value, "100ms");
  EXPECT_EQ(find(m, "tcp-connection w", "retry-max")->origin, "default");
}

TEST(config_model, shows_no_secret) {
  auto m = read_text{plain}.model();
  EXPECT_EQ(find(m, "tcp-connection w", "proxy")->shown, "http://me:********@p:1");
  EXPECT_EQ(find(m, "ws-connection c", "cookie")->shown, "********");
  EXPECT_EQ(config_text(m).find("a=b"), std::string::npos);
  EXPECT_EQ(config_json(m, {}).find(":pw@"), std::string::npos);
}

TEST(config_model, every_key_of_the_node_has_its_default_in_the_fields) {
  read_text r{"[node]\nname = n\n"};
  auto m = r.model();
  for (const auto* kind : {"node", "routing"})
    for (const auto& k : find_section_kind(kind)->what.keys)
      if (!k.fallback.empty()) {
        const auto* shown = find(m, kind, std::string{k.name});
        ASSERT_NE(shown, nullptr) << k.name;
        auto v = read_value(k, std::string{k.fallback});
        ASSERT_TRUE(v) << k.name;
        EXPECT_EQ(shown->origin, "default") << k.name;
        EXPECT_EQ(read_value(k, shown->value) && *read_value(k, shown->value) == *v, true) << k.name << " is " << shown->value << ", its descriptor says " << k.fallback;
      }
}

TEST(config_model, differences_are_found_whoever_has_written_how) {
  read_text one{plain}, other{plain + "[tcp-listener d]\naddress = 127.0.0.1:4\n"};
  EXPECT_TRUE(compare_configs(one.model(), one.model(), {}).empty());
  auto d = compare_configs(one.model(), other.model(), {});
  ASSERT_EQ(d.size(), 1u);
  EXPECT_EQ(d[0].section, "tcp-listener d");
  EXPECT_TRUE(d[0].running.empty());
  read_text secret{"[node]\nname = n\n[tcp-connection w]\naddress = h:1\nproxy = http://me:other@p:1\n"};
  read_text before{"[node]\nname = n\n[tcp-connection w]\naddress = h:1\nproxy = http://me:pw@p:1\n"};
  d = compare_configs(before.model(), secret.model(), {});
  ASSERT_EQ(d.size(), 1u) << "a secret that has changed is a difference";
  EXPECT_EQ(d[0].running.find("pw"), std::string::npos);
  EXPECT_EQ(d[0].file.find("other"), std::string::npos);
}

TEST(config_model, an_address_with_the_port_that_the_system_chose_is_the_same) {
  read_text any{"[node]\nname = n\n[tcp-listener a]\naddress = 127.0.0.1:0\n"}, real{"[node]\nname = n\n[tcp-listener a]\naddress = 127.0.0.1:4711\n"};
  EXPECT_TRUE(compare_configs(real.model(), any.model(), {}).empty());
  EXPECT_TRUE(compare_configs(any.model(), real.model(), {}).empty());
}

TEST(config_schema, has_each_key_of_each_section) {
  auto schema = nlohmann::json::parse(config_schema());
  for (const auto& kind : section_kinds()) {
    auto s = schema["properties"][kind.what.kind];
    auto keys = kind.what.name == section_name::none ? s["properties"] : s["additionalProperties"]["properties"];
    for (const auto& k : kind.what.keys)
      EXPECT_TRUE(keys.contains(std::string{k.name})) << kind.what.kind << " " << k.name;
  }
}

// What a value names is shown by its name; what stood beside it was shown as well.
TEST(config_mask, hides_what_stands_beside_names) {
  const key_descriptor proxy{.name = "proxy"}, cookie{.name = "cookie"};
  EXPECT_EQ(masked_written(&proxy, "proxy", "http://u:hunter2@${PHOST}"), "http://u:********@${PHOST}");
  EXPECT_EQ(masked_written(&proxy, "proxy", "http://u:${file:a:b@c}@h:1"), "http://u:${file:a:b@c}@h:1");
  EXPECT_EQ(masked_written(&proxy, "proxy", "http://${U:-me}:${P:-hunter2}@h:1"), "http://${U:-me}:${P:-********}@h:1");
  EXPECT_EQ(masked_written(&proxy, "proxy", "${PROXY:-http://u:hunter2@h:1}"), "${PROXY:-http://u:********@h:1}");
  EXPECT_EQ(masked_written(&cookie, "cookie", "sid=hunter2; a=${X}"), "********${X}");
  EXPECT_EQ(masked_written(nullptr, "passwd", "${VAR:-hunter2}"), "${VAR:-********}");
  EXPECT_EQ(masked_written(nullptr, "passwd", "$${hunter2}"), "********") << "an escape names nothing";
  EXPECT_EQ(masked_value(nullptr, "passwd", "${hunter2}"), "********") << "nor does a value as it is in effect";
}

TEST(config_mask, hides_passwords_of_every_url_and_setting) {
  EXPECT_EQ(masked_value(nullptr, "dsn", "postgres://u:hunter2@h/db"), "postgres://u:********@h/db");
  EXPECT_EQ(masked_value(nullptr, "dsn", "postgres://u:hun/ter2@h/db"), "postgres://u:********@h/db");
  EXPECT_EQ(masked_written(nullptr, "dsn", "postgres://u:hunter2@${H}/db"), "postgres://u:********@${H}/db");
  EXPECT_EQ(masked_value(nullptr, "dsn", "postgres://h/db?Password=hunter2&ssl=on"), "postgres://h/db?Password=********&ssl=on");
  EXPECT_EQ(masked_value(nullptr, "dsn", "host=h password=hunter2 port=1"), "host=h password=******** port=1");
  for (std::string shown : {"https://h:443/x@y", "http://h:1", "mail://me@h", "a:b@c", "ssl=on"})
    EXPECT_EQ(masked_value(nullptr, "at", shown), shown);
}

TEST(config_model, shows_nothing_that_stands_beside_a_name) {
  ::setenv("OCKAM_TEST_HOST", "p:1", 1);
  read_text r{"[node]\nname = n\n[tcp-connection w]\naddress = h:1\nproxy = http://me:hunter2@${OCKAM_TEST_HOST}\n"};
  auto m = r.model();
  EXPECT_EQ(find(m, "tcp-connection w", "proxy")->shown, "http://me:********@${OCKAM_TEST_HOST}");
  EXPECT_TRUE(find(m, "tcp-connection w", "proxy")->is_hidden);
  ::unsetenv("OCKAM_TEST_HOST");
}

TEST(config_mask, takes_secrets_and_comments_out_of_a_file) {
  auto text = masked_config("# hunter2\n[node]\nname = n # hunter2\n[service s]\nscript = x.lua\nApi-Token = hunter2\ndb-password = hunter2\nplain = seen\n"
                            "[ws-connection c]\naddress = ws://h:1\ncookie = hunter2\nproxy = socks5://u:hunter2@h:1\n");
  EXPECT_EQ(text.find("hunter2"), std::string::npos) << text;
  EXPECT_NE(text.find("plain = seen"), std::string::npos);
  EXPECT_NE(text.find("socks5://u:********@h:1"), std::string::npos);
}

} // namespace
} // namespace ockam
