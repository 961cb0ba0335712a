// SPDX-License-Identifier: Apache-2.0
#include "fuzz/udp_datagrams.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  ockam::fuzz::udp_datagrams({reinterpret_cast<const std::byte*>(data), size});
  return 0;
}
