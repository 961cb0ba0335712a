// SPDX-License-Identifier: Apache-2.0
// Noise for the UDP target in every build; the fuzzer itself goes further.
#include "fuzz/targets.hpp"

#include "transports/udp/udp_codec.hpp"

#include <gtest/gtest.h>

#include <array>
#include <filesystem>
#include <fstream>
#include <initializer_list>
#include <iterator>
#include <random>
#include <string>

namespace ockam::fuzz {
namespace {

TEST(udp_noise, what_noise_makes_of_the_seeds) {
  std::mt19937 random{7};
  std::size_t seeds = 0;
  for (const auto& file : std::filesystem::directory_iterator{std::string{OCKAM_FUZZ_SEEDS} + "/udp_datagrams"}) {
    std::ifstream in{file.path(), std::ios::binary};
    const std::string whole{std::istreambuf_iterator<char>{in}, {}};
    ASSERT_FALSE(whole.empty()) << file.path();
    ++seeds;
    for (int round = 0; round < 500; ++round) {
      auto noisy = whole;
      for (auto n = random() % 20; n > 0; --n)
        noisy[random() % noisy.size()] = static_cast<char>(random());
      udp_datagrams(std::as_bytes(std::span{noisy}));
    }
  }
  EXPECT_GT(seeds, 0u);
}

/// Slices of many small messages with every field chosen at random, near its limits or anywhere.
TEST(udp_noise, random_slices) {
  std::mt19937 random{11};
  auto any = [&](std::initializer_list<unsigned> near) {
    return static_cast<std::uint16_t>(random() % 3 == 0 ? random() : std::data(near)[random() % near.size()]);
  };
  for (int round = 0; round < 300; ++round) {
    std::string in;
    for (int i = 0; i < 200; ++i) {
      std::array<std::byte, udp_codec::max_head> head;
      std::string slice(random() % 60, 'x');
      auto n = udp_codec::write_head(head.data(), any({0, 1, 2, 3, 4, 5, 0x7fff, 0x8000, 0xffff}), any({0, 1, 2, 3}),
                                     any({1, 2, 3, 4}), slice.size());
      in += static_cast<char>(random());
      in += static_cast<char>(n + slice.size());
      in.append(reinterpret_cast<const char*>(head.data()), n).append(slice);
    }
    udp_datagrams(std::as_bytes(std::span{in}));
  }
}

} // namespace
} // namespace ockam::fuzz
