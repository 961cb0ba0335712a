// SPDX-License-Identifier: Apache-2.0
#include "fuzz/udp_datagrams.hpp"

#include "unit/transports/udp_captures.hpp"

#include <gtest/gtest.h>

#include <random>

namespace ockam {
namespace {

/// What real nodes and a test program sent, in the form that the fuzzer takes: datagrams cut at 255 bytes.
std::string seed() {
  std::string out;
  for (const auto& c : udp_captures())
    for (const auto& list : {c.sent, c.answers})
      for (const auto& d : list) {
        auto part = d.substr(0, 255);
        out += static_cast<char>(out.size() % 8);
        out += static_cast<char>(part.size());
        out += part;
      }
  return out;
}

TEST(udp_hostile, recorded_datagrams_and_what_noise_makes_of_them) {
  auto whole = seed();
  ASSERT_GT(whole.size(), 1000u);
  fuzz::udp_datagrams(std::as_bytes(std::span{whole}));
  std::mt19937 random{7};
  for (int round = 0; round < 2000; ++round) {
    auto noisy = whole;
    for (auto n = random() % 40; n > 0; --n)
      noisy[random() % noisy.size()] = static_cast<char>(random());
    fuzz::udp_datagrams(std::as_bytes(std::span{noisy}));
  }
}

/// Slices of many small messages with every field chosen at random, near its limits or anywhere.
TEST(udp_hostile, random_slices) {
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
    fuzz::udp_datagrams(std::as_bytes(std::span{in}));
  }
}

} // namespace
} // namespace ockam
