// SPDX-License-Identifier: Apache-2.0
#include "runtime/core/section.hpp"

#include "runtime/core/endpoint.hpp"

#include <gtest/gtest.h>

namespace ockam {
namespace {

constexpr std::array<std::string_view, 2> colours{"red", "green"};
constexpr std::array<std::string_view, 1> off{"off"};
constexpr std::array<key_descriptor, 9> keys{{
  {.name = "title", .about = "what it is called", .fallback = "none", .least = 1, .most = 4},
  {.name = "count", .type = key_type::number, .about = "how many", .fallback = "3", .least = 1, .most = 10},
  {.name = "room", .type = key_type::size, .about = "for all", .fallback = "1MiB", .least = 1024, .most = 4u << 20},
  {.name = "pause", .type = key_type::duration, .about = "between two", .fallback = "off", .least = 10, .most = 60'000, .words = off},
  {.name = "loud", .type = key_type::flag, .about = "not quiet"},
  {.name = "colour", .type = key_type::choice, .about = "of the line", .fallback = "red", .words = colours},
  {.name = "friends", .type = key_type::list, .about = "who may"},
  {.name = "file", .type = key_type::path, .about = "where it is"},
  {.name = "at", .about = "where", .value = "HOST:PORT", .check = &checked_by<&parse_endpoint>},
}};

option_values read(const option_texts& given) {
  auto v = option_values::read(keys, given);
  EXPECT_TRUE(v) << to_string(v ? error{} : v.error());
  return v ? *std::move(v) : option_values{};
}

TEST(section, values_have_the_type_of_their_key) {
  auto v = read({{"title", "x"}, {"count", "10"}, {"room", "2KiB"}, {"pause", "1m"}, {"loud", "yes"}, {"colour", "green"},
                 {"friends", "a, b"}, {"file", "/x"}, {"at", "h:1"}});
  EXPECT_EQ(v.get<std::string>("title"), "x");
  EXPECT_EQ(v.get<std::uint64_t>("count"), 10u);
  EXPECT_EQ(v.get<std::uint64_t>("room"), 2048u);
  EXPECT_EQ(v.get<std::chrono::milliseconds>("pause"), std::chrono::minutes{1});
  EXPECT_TRUE(v.get<bool>("loud"));
  EXPECT_EQ(v.get<std::string>("colour"), "green");
  EXPECT_EQ(v.get<std::vector<std::string>>("friends"), (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(v.get<std::string>("file"), "/x");
  EXPECT_EQ(v.get<std::string>("at"), "h:1");
  EXPECT_TRUE(v.has("at"));
}

TEST(section, what_is_not_given_is_the_default) {
  auto v = read({});
  EXPECT_EQ(v.get<std::string>("title"), "none");
  EXPECT_EQ(v.get<std::uint64_t>("count"), 3u);
  EXPECT_EQ(v.get<std::uint64_t>("room"), 1u << 20);
  EXPECT_EQ(v.get<std::chrono::milliseconds>("pause"), std::chrono::milliseconds{0});
  EXPECT_FALSE(v.get<bool>("loud"));
  EXPECT_TRUE(v.get<std::vector<std::string>>("friends").empty());
  EXPECT_EQ(v.get<std::string>("file"), "");
  EXPECT_FALSE(v.has("title"));
}

TEST(section, a_list_that_is_given_and_empty_is_wrong) {
  for (const auto* text : {"", " ", ",", " , "}) {
    auto v = option_values::read(keys, {{"friends", text}});
    ASSERT_FALSE(v) << text;
    EXPECT_EQ(v.error().cause, "friends: it is empty");
    EXPECT_EQ(v.error().hint, "who may");
  }
}

TEST(section, what_is_wrong_is_said_with_its_key) {
  const struct {
    const char* key;
    std::string text;
    const char* said;
  } cases[] = {
    {"title", "", "title: it is empty (1 to 4 bytes)"},
    {"title", "heading", "title: it has 7 bytes (1 to 4 bytes)"},
    {"count", "0", R"(count: "0" is not a number from 1 to 10)"},
    {"count", "-1", R"(count: "-1" is not a number from 1 to 10)"},
    {"count", "3x", R"(count: "3x" is not a number from 1 to 10)"},
    {"count", "", R"(count: "" is not a number from 1 to 10)"},
    {"room", "1kb", R"(room: "1kb" is not a size in bytes (for example 4096, 64KiB or 16MiB))"},
    {"room", "1", "room: 1 is not between 1KiB and 4MiB (the default is 1MiB)"},
    {"pause", "soon", R"(pause: "soon" is not a duration (for example 10s, 500ms or 2m, or off))"},
    {"pause", "2m", "pause: 2m is not between 10ms and 1m (the default is off)"},
    {"loud", "true", R"(loud: "true" is neither yes nor no)"},
    {"colour", "blue", R"(colour: "blue" is not one of: red, green)"},
    {"colur", "red", "there is no option colur (did you mean colour?)"},
    {"x", "y", "there is no option x (keys: title, count, room, pause, loud, colour, friends, file, at)"},
  };
  for (const auto& c : cases) {
    auto v = option_values::read(keys, {{c.key, c.text}});
    ASSERT_FALSE(v) << c.key << " " << c.text;
    EXPECT_EQ(to_string(v.error()), c.said);
    EXPECT_EQ(v.error().code, errc::invalid_argument);
  }
  auto address = option_values::read(keys, {{"at", "nowhere"}});
  ASSERT_FALSE(address);
  EXPECT_EQ(address.error().code, errc::invalid_address) << "of the key's own check";
  EXPECT_EQ(address.error().cause.substr(0, 4), "at: ");
}

TEST(section, what_is_said_in_other_words_means_the_same) {
  auto same = [](const option_texts& l, const option_texts& r) { return means_the_same(keys, l, r) && means_the_same(keys, r, l); };
  EXPECT_TRUE(same({}, {{"count", "3"}, {"room", "1024KiB"}, {"pause", "off"}, {"colour", "red"}, {"title", "none"}}));
  EXPECT_TRUE(same({{"pause", "1s"}}, {{"pause", "1000ms"}}));
  EXPECT_TRUE(same({{"friends", "a, b"}}, {{"friends", "b,a"}}));
  EXPECT_FALSE(same({}, {{"count", "4"}}));
  EXPECT_FALSE(same({}, {{"friends", "a"}}));
  EXPECT_FALSE(same({{"friends", "a"}}, {{"friends", "a,b"}}));
  EXPECT_FALSE(same({}, {{"file", "x"}}));
  EXPECT_FALSE(same({{"another", "x"}}, {{"another", "y"}})) << "of which nothing is known";
  EXPECT_TRUE(same({{"another", "x"}}, {{"another", "x"}}));
  EXPECT_TRUE(same({{"count", "many"}}, {{"count", "many"}})) << "no value, and the same";
  EXPECT_FALSE(same({{"count", "many"}}, {}));
}

TEST(section, help_has_words_and_default) {
  EXPECT_EQ(help_text(keys[1]), "how many (3)");
  EXPECT_EQ(help_text(keys[3]), "between two: off or a duration (off)");
  EXPECT_EQ(help_text(keys[4]), "not quiet");
  EXPECT_EQ(help_text(keys[5]), "of the line: red, green (red)");
  EXPECT_EQ(value_form(keys[2]), "SIZE");
  EXPECT_EQ(value_form(keys[4]), "");
  EXPECT_EQ(value_form(keys[8]), "HOST:PORT");
}

} // namespace
} // namespace ockam
