// SPDX-License-Identifier: Apache-2.0
#include "runtime/core/payload_text.hpp"

#include "runtime/core/hex.hpp"
#include "runtime/core/message.hpp"
#include "support/test_data.hpp"

#include <fstream>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace ockam {
namespace {

std::vector<std::byte> bytes_of(const nlohmann::json& row) {
  auto text = row.value("hex", row.value("prefix", ""));
  for (int i = row.value("times", 0); i > 0; --i)
    text += row.at("fill").get<std::string>();
  return *parse_hex(text + row.value("suffix", ""));
}

/// The same table as that of the Python client's tests.
TEST(payload_text, the_table) {
  std::ifstream file{test_data("payloads.json")};
  auto table = nlohmann::json::parse(file);
  EXPECT_GT(table.size(), 20u);
  for (const auto& row : table) {
    auto payload = bytes_of(row);
    auto found = payload_text(payload);
    if (row.at("text").is_null()) {
      EXPECT_FALSE(found) << row;
      continue;
    }
    auto promised = row.at("text").get<std::string>();
    ASSERT_TRUE(found) << row;
    if (promised.ends_with("…"))
      EXPECT_TRUE(found->starts_with(promised.substr(0, promised.size() - std::string_view{"…"}.size())) && found->size() > 80) << row;
    else
      EXPECT_EQ(*found, promised) << row;
  }
}

TEST(payload_text, is_what_text_payload_makes) {
  for (std::size_t size : {0u, 1u, 91u, 123u, 127u, 128u, 16'383u, 16'384u}) {
    auto text = std::string(size, '{');
    EXPECT_EQ(payload_text(text_payload(text).bytes()), text) << size;
  }
}

} // namespace
} // namespace ockam
