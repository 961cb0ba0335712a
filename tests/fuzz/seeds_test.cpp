// SPDX-License-Identifier: Apache-2.0
// The named seeds as an ordinary test, each whole and cut off at every byte.
#include "fuzz/targets.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

namespace ockam::fuzz {
namespace {

class seeds : public testing::TestWithParam<target> {};
INSTANTIATE_TEST_SUITE_P(of, seeds, testing::ValuesIn(targets), [](auto& i) { return std::string{i.param.name}; });

TEST_P(seeds, do_what_must_hold) {
  std::size_t count = 0;
  for (const auto& file : std::filesystem::directory_iterator{std::string{OCKAM_FUZZ_SEEDS} + "/" + std::string{GetParam().name}}) {
    SCOPED_TRACE(file.path().filename());
    std::ifstream in{file.path(), std::ios::binary};
    const std::string bytes{std::istreambuf_iterator<char>{in}, {}};
    for (std::size_t n = bytes.size() + 1; n-- > 0;)
      GetParam().run(std::as_bytes(std::span{bytes}.first(n)));
    ++count;
  }
  EXPECT_GE(count, 3u);
}

} // namespace
} // namespace ockam::fuzz
