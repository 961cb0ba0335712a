// SPDX-License-Identifier: Apache-2.0
#include "runtime/core/otlp_address.hpp"

#include "runtime/core/units.hpp"

#include <gtest/gtest.h>

namespace ockam {
namespace {

TEST(otlp_address, is_read_with_what_is_usual_where_it_says_nothing) {
  auto reads = [](std::string_view text) {
    auto a = parse_otlp_address(text);
    return a ? to_string(*a) : a.error().cause;
  };
  EXPECT_EQ(reads("http://127.0.0.1:4318/v1/traces"), "http://127.0.0.1:4318/v1/traces");
  EXPECT_EQ(reads("http://127.0.0.1"), "http://127.0.0.1:4318/v1/traces");
  EXPECT_EQ(reads("http://127.0.0.1/"), "http://127.0.0.1:4318/v1/traces");
  EXPECT_EQ(reads("https://collector.example:443/otlp/v1/traces?tenant=a"), "https://collector.example:443/otlp/v1/traces?tenant=a");
  EXPECT_EQ(reads("http://[::1]/x"), "http://[::1]:4318/x");
  EXPECT_EQ(reads("http://[::1]:9"), "http://[::1]:9/v1/traces");
}

TEST(otlp_address, others_are_refused_with_a_hint) {
  for (auto* text : {"", "127.0.0.1:4318", "grpc://h:4317", "http://", "http://:4318", "http:///x", "http://h:0", "http://h:x", "http://u:p@h:1", "http://h:1/a b", "http://h:1/\x01",
                     "http://h:99999"}) {
    auto a = parse_otlp_address(text);
    ASSERT_FALSE(a) << text;
    EXPECT_EQ(a.error().code, errc::invalid_address) << text;
    EXPECT_NE(a.error().hint.find("http://127.0.0.1:4318"), std::string::npos);
  }
}

TEST(ratio, is_a_number_from_0_to_1) {
  for (auto [text, n] : {std::pair{"0", 0.0}, {"1", 1.0}, {"0.25", 0.25}, {"1.0", 1.0}})
    EXPECT_EQ(*parse_ratio(text), n) << text;
  for (auto* text : {"", "-0.1", "1.1", "nan", "inf", "1e-3", "0,5", "50%", " 1", "1 "})
    EXPECT_FALSE(parse_ratio(text)) << text;
}

} // namespace
} // namespace ockam
