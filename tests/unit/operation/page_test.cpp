// SPDX-License-Identifier: Apache-2.0
#include "operation/page.hpp"

#include "runtime/core/reason.hpp"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace ockam::operation {
namespace {

/// The keys of a table of the page's script, each of which stands in a line of its own with its words.
std::set<std::string> keys_of(const std::string& table) {
  std::string script{page_js()};
  auto from = script.find("const " + table + " = {\n");
  if (from == std::string::npos)
    return {};
  std::set<std::string> out;
  auto body = script.substr(from, script.find("\n};", from) - from);
  for (auto at = body.find("\n  \""); at != std::string::npos; at = body.find("\n  \"", at + 1)) {
    auto end = body.find('"', at + 4);
    auto words = body.find(": \"", end);
    EXPECT_TRUE(words == end + 1 && body.find('"', words + 3) > words + 5) << body.substr(at, 60);
    out.insert(body.substr(at + 4, end - at - 4));
  }
  return out;
}

TEST(Page, HasWordsForEachReasonOfADrop) {
  std::set<std::string> all;
  for (std::size_t i = 1; i < drop_reason_count; ++i)
    all.emplace(to_string(static_cast<drop_reason>(i)));
  EXPECT_EQ(keys_of("reasons"), all);
}

TEST(Page, HasWordsForEachReasonOfARefusal) {
  std::set<std::string> all;
  for (std::size_t i = 0; i < refusal_count; ++i)
    all.emplace(to_string(static_cast<refusal>(i)));
  EXPECT_EQ(keys_of("refusals"), all);
}

} // namespace
} // namespace ockam::operation
