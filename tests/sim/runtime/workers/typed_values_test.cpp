// SPDX-License-Identifier: Apache-2.0
// The structure of types as text, and their values as bytes.
#include "runtime/workers/typed_text.hpp"
#include "runtime/workers/typed_values.hpp"

#include <caf/timestamp.hpp>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <list>
#include <map>
#include <set>
#include <unordered_map>
#include <unordered_set>

namespace typed_values_test {

enum class colour : std::uint8_t { red, green };

struct nothing {};

struct point {
  std::int32_t x = 0;
  double y = 0;
  bool operator==(const point&) const = default;
};
template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, point& p) {
  return f(caf::meta::type_name("point"), p.x, p.y);
}

struct tree {
  std::string name;
  std::vector<tree> below;
};
template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, tree& t) {
  return f(t.name, t.below);
}

/// Refuses what is over 10, and counts how often it was read.
struct small {
  std::int32_t n = 0;
  int loaded = 0;
};
template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, small& s) {
  auto check = [&]() -> caf::error {
    ++s.loaded;
    return s.n > 10 ? caf::make_error(caf::sec::invalid_argument) : caf::error{};
  };
  return f(s.n, caf::meta::load_callback(check));
}

} // namespace typed_values_test

static_assert(ockam::typed::is_hashed<std::unordered_map<int, int>> && ockam::typed::is_hashed<std::unordered_set<int>>);
static_assert(!ockam::typed::is_hashed<std::map<int, int>> && !ockam::typed::is_hashed<std::vector<int>>);

namespace ockam::typed {
namespace {

using namespace typed_values_test;
using bytes = std::vector<std::byte>;

template <class... Ts>
std::string text_of() {
  describer d;
  d.add_all<Ts...>();
  return d.text;
}

template <class T>
bytes bytes_of(const T& x) {
  bytes out;
  writer w{out};
  EXPECT_TRUE(w.write(x));
  return out;
}

template <class T>
T there_and_back(const T& x) {
  auto b = bytes_of(x);
  T y{};
  reader r{b};
  EXPECT_TRUE(r.read(y) && r.at_end());
  for (std::size_t n = 0; n < b.size(); ++n) {
    T part{};
    reader cut{std::span{b}.first(n)};
    EXPECT_FALSE(cut.read(part) && cut.at_end()) << "cut off at " << n;
  }
  return y;
}

template <class T>
bool accepts(const bytes& b) {
  T x{};
  reader r{b};
  return r.read(x) && r.at_end();
}

bytes raw(std::initializer_list<int> all) {
  bytes out;
  for (auto b : all)
    out.push_back(static_cast<std::byte>(b));
  return out;
}

TEST(typed_values, a_structure_has_a_text_without_being_registered) {
  EXPECT_EQ((text_of<bool, std::int8_t, std::uint64_t, float, double>()), "bool, int8, uint64, float32, float64");
  EXPECT_EQ((text_of<std::string, std::u16string, caf::atom_value, caf::atom_constant<caf::atom("add")>, colour>()),
            "string, string16, atom, add, enum uint8");
  EXPECT_EQ((text_of<std::vector<point>, std::list<bool>, std::map<std::string, std::int32_t>, std::array<char, 3>>()),
            "list<{int32, float64}>, list<bool>, list<(string, int32)>, array<int8, 3>");
  EXPECT_EQ(
    (text_of<caf::optional<int>, caf::variant<int, std::string>, std::pair<int, bool>, std::tuple<float>, nothing>()),
    "optional<int32>, variant<int32, string>, (int32, bool), (float32), {}");
  EXPECT_EQ((text_of<std::chrono::milliseconds, caf::timestamp>()),
            "duration<int64, 1/1000>, time<int64, 1/1000000000>");
  EXPECT_EQ((text_of<tree, small>()), "{string, list<^0>}, {int32}");
  EXPECT_EQ(text_of<long long>(), text_of<std::int64_t>()) << "what it is called where it is declared does not matter";
}

TEST(typed_values, a_sequence_of_what_has_no_bytes_is_none_of_an_interface) {
  EXPECT_THROW(text_of<std::vector<nothing>>(), std::invalid_argument);
  EXPECT_THROW((text_of<std::vector<std::tuple<nothing, caf::atom_constant<caf::atom("x")>>>>()),
               std::invalid_argument);
}

TEST(typed_values, go_there_and_back) {
  EXPECT_EQ(there_and_back(std::int16_t{-2}), -2);
  EXPECT_EQ(bytes_of(std::int16_t{-2}), raw({0xff, 0xfe})) << "big endian";
  EXPECT_EQ(there_and_back(std::string{"grün"}), "grün");
  EXPECT_EQ(there_and_back(std::u32string{U"a\U0001f600"}), U"a\U0001f600");
  EXPECT_EQ(there_and_back(point{-7, 0.1}), (point{-7, 0.1}));
  EXPECT_EQ(there_and_back(colour::green), colour::green);
  EXPECT_EQ(there_and_back(std::vector<bool>{true, false, true}), (std::vector<bool>{true, false, true}));
  EXPECT_EQ(there_and_back(std::vector<std::uint8_t>{1, 2, 255}), (std::vector<std::uint8_t>{1, 2, 255}));
  using table = std::map<std::string, std::vector<point>>;
  EXPECT_EQ(there_and_back(table{{"a", {{1, 2}}}, {"b", {}}}), (table{{"a", {{1, 2}}}, {"b", {}}}));
  EXPECT_EQ(there_and_back(std::set<int>{3, 1}), (std::set<int>{1, 3}));
  EXPECT_EQ(there_and_back(std::array<int, 2>{4, 5}), (std::array<int, 2>{4, 5}));
  EXPECT_EQ(there_and_back(std::tuple<int, bool, std::string>{1, true, "x"}),
            (std::tuple<int, bool, std::string>{1, true, "x"}));
  EXPECT_EQ(there_and_back(caf::optional<int>{7}), caf::optional<int>{7});
  EXPECT_EQ(there_and_back(caf::optional<int>{}), caf::optional<int>{});
  using either = caf::variant<int, std::string>;
  EXPECT_EQ(there_and_back(either{std::string{"s"}}), either{std::string{"s"}});
  EXPECT_EQ(there_and_back(std::chrono::seconds{-3}), std::chrono::seconds{-3});
  caf::timestamp then{std::chrono::nanoseconds{1'234'567'890'123}};
  EXPECT_EQ(there_and_back(then), then);
}

TEST(typed_values, every_floating_point_number_is_one) {
  using limits = std::numeric_limits<double>;
  for (auto x :
       {0.0, -0.0, 0.1, limits::min(), limits::denorm_min(), limits::max(), limits::infinity(), -limits::infinity()}) {
    EXPECT_EQ(there_and_back(x), x);
    EXPECT_EQ(std::signbit(there_and_back(x)), std::signbit(x));
  }
  EXPECT_TRUE(std::isnan(there_and_back(limits::quiet_NaN())));
}

TEST(typed_values, a_length_that_the_bytes_do_not_have_takes_no_memory) {
  EXPECT_FALSE(accepts<std::vector<std::string>>(raw({0xff, 0xff, 0xff, 0xff, 0x0f})));
  EXPECT_FALSE(accepts<std::string>(raw({0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01})));
  EXPECT_FALSE(accepts<std::u32string>(raw({2, 0, 0, 0, 1})));
  EXPECT_FALSE(accepts<std::vector<bool>>(raw({0x80, 0x80, 0x80, 0x08, 1})));
}

TEST(typed_values, elements_that_take_much_more_memory_than_bytes_are_bounded) {
  bytes many(most_memory / sizeof(std::string) + 1 + 3);
  bytes length;
  bare::append_uint(length, many.size() - 3);
  std::copy(length.begin(), length.end(), many.begin());
  ASSERT_EQ(length.size(), 3u);
  EXPECT_FALSE(accepts<std::vector<std::string>>(many)) << "an empty string is one byte there, and 32 here";
  many.pop_back();
  length.clear();
  bare::append_uint(length, many.size() - 3);
  std::copy(length.begin(), length.end(), many.begin());
  EXPECT_TRUE(accepts<std::vector<std::string>>(many));
}

TEST(typed_values, values_within_values_have_a_greatest_depth_in_both_directions) {
  bytes deep;
  for (int i = 0; i < 10'000; ++i) {
    deep.push_back(std::byte{0}); // its name
    deep.push_back(std::byte{1}); // one below
  }
  deep.resize(deep.size() + 2);
  EXPECT_FALSE(accepts<tree>(deep));
  tree t;
  for (int i = 0; i < 31; ++i)
    t = tree{"", {t}};
  EXPECT_TRUE(accepts<tree>(bytes_of(t)));
  for (int i = 0; i < 100; ++i)
    t = tree{"", {std::move(t)}};
  bytes out;
  writer w{out};
  EXPECT_FALSE(w.write(t));
}

TEST(typed_values, what_a_type_refuses_is_refused) {
  EXPECT_EQ(there_and_back(small{7}).loaded, 1);
  EXPECT_FALSE(accepts<small>(bytes_of(std::int32_t{11})));
  EXPECT_FALSE((accepts<caf::variant<int, bool>>(raw({2, 0})))) << "there is no third alternative";
  EXPECT_FALSE(accepts<std::int8_t>(raw({1, 2}))) << "there is a byte too much";
}

} // namespace
} // namespace ockam::typed
