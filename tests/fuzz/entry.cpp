// SPDX-License-Identifier: Apache-2.0
// What libFuzzer calls: one program for each target, chosen by OCKAM_FUZZ_TARGET.
#include "fuzz/targets.hpp"

#include <cstdint>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  ockam::fuzz::OCKAM_FUZZ_TARGET({reinterpret_cast<const std::byte*>(data), size});
  return 0;
}
