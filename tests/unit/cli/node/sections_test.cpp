// SPDX-License-Identifier: Apache-2.0
#include "cli/node/sections.hpp"

#include "cli/node/config_keys.hpp"
#include "runtime/node/config_changes.hpp"
#include "runtime/workers/placement.hpp"
#include "transports/list.hpp"
#include "transports/transports.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

namespace ockam {
namespace {

TEST(sections, are_described_completely) {
  std::set<std::string> kinds;
  for (const auto& [what, add] : section_kinds()) {
    SCOPED_TRACE(what.kind);
    EXPECT_TRUE(kinds.insert(what.kind).second) << "twice";
    EXPECT_EQ(find_section_kind(what.kind)->what.kind, what.kind);
    EXPECT_FALSE(what.about.empty());
    EXPECT_TRUE(what.main_key.empty() || find_key(what.keys, what.main_key));
    std::set<std::string_view> names;
    for (const auto& k : what.keys) {
      SCOPED_TRACE(k.name);
      EXPECT_TRUE(names.insert(k.name).second) << "twice";
      EXPECT_FALSE(k.about.empty());
      EXPECT_FALSE(k.about.ends_with('.'));
      EXPECT_EQ(k.type == key_type::choice, !k.words.empty() && k.type != key_type::duration);
      EXPECT_TRUE(!k.required || !k.example.empty()) << "the hint has an example";
      EXPECT_TRUE(k.fallback.empty() || read_value(k, std::string{k.fallback})) << "the default is a value";
      EXPECT_TRUE(k.example.empty() || read_value(k, std::string{k.example})) << "so is the example";
    }
  }
  EXPECT_EQ(find_section_kind("nothing"), nullptr);
}

/// Some value that is not the default.
std::string another_value(const key_descriptor& k) {
  switch (k.type) {
    case key_type::number:
    case key_type::size: return std::to_string(k.least);
    case key_type::duration: return std::to_string(k.least) + "ms";
    case key_type::choice: return std::string{k.words.back()};
    default: return "/x";
  }
}

TEST(sections, defaults_are_those_of_the_configuration) {
  node_config c;
  for (auto keys : {node_keys(), routing_keys()})
    for (const auto& k : keys)
      if (!k.what.fallback.empty()) {
        EXPECT_TRUE(set_key(k, c, std::string{k.what.fallback})) << k.what.name;
      }
  EXPECT_TRUE(changes({}, c).none());
  EXPECT_EQ(c.log.level, node_config{}.log.level);
  node_config plain;
  plain.connections.emplace_back();
  auto same = plain;
  for (const auto& k : connection_keys())
    EXPECT_TRUE(set_key(k, same.connections[0], std::string{k.what.fallback})) << k.what.name;
  EXPECT_TRUE(changes(plain, same).none());
}

TEST(sections, a_change_of_any_key_of_the_node_is_noticed) {
  for (const auto& k : node_keys()) {
    node_config c;
    ASSERT_TRUE(set_key(k, c, k.what.name == "name" ? "other" : another_value(k.what))) << k.what.name;
    bool at_once = k.what.name == "log-level" || k.what.name == "stop-grace";
    EXPECT_EQ(changes({}, c).at_start, at_once ? std::vector<std::string_view>{} : std::vector<std::string_view>{k.what.name});
  }
}

TEST(sections, of_services_say_what_the_runtime_takes) {
  service_type any;
  for (const auto& k : placement_descriptors) {
    SCOPED_TRACE(k.name);
    auto agrees = [&](const std::string& text) {
      service_options alone{service_options::values{{std::string{k.name}, text}}};
      return read_value(k, text) && placement(any, alone) ? 1 : !read_value(k, text) && !placement(any, alone) ? 0 : -1;
    };
    EXPECT_EQ(agrees(k.name == "allow-to" ? "" : "nonsense"), 0);
    for (auto word : k.words)
      EXPECT_EQ(agrees(std::string{word}), 1) << word;
    if (k.type == key_type::number || k.type == key_type::size) {
      EXPECT_EQ(agrees(std::to_string(k.least)), 1);
      EXPECT_EQ(agrees(std::to_string(k.most)), 1);
      EXPECT_EQ(agrees(std::to_string(k.least - 1)), 0);
      EXPECT_EQ(agrees(std::to_string(k.most + 1)), 0);
    }
  }
}

TEST(sections, of_every_transport_there_is_a_listener_and_a_connection) {
  EXPECT_EQ(all_transports().size(), transport_descriptors.size());
  for (const auto& t : transport_descriptors) {
    std::string name{t.name};
    node_config c;
    for (const auto* end : {"-listener", "-connection"}) {
      const auto* kind = find_section_kind(name + end);
      ASSERT_TRUE(kind) << name << end;
      EXPECT_TRUE(has_short_form(kind->what));
      option_texts keys{{"address", std::string{t.example}}, {"allow", "a, b"}};
      EXPECT_TRUE(kind->add({"x", keys, {}, {}}, c).empty());
    }
    ASSERT_TRUE(c.listeners.size() == 1 && c.connections.size() == 1);
    EXPECT_EQ(c.listeners[0].transport, name);
    EXPECT_EQ(c.connections[0].allow, (std::vector<std::string>{"a", "b"}));
    EXPECT_TRUE(c.connections[0].options.empty()) << "what every connection has is no option of the transport";
  }
}

} // namespace
} // namespace ockam
