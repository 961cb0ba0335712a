// SPDX-License-Identifier: Apache-2.0
#include "transports/udp/udp_codec.hpp"

#include "runtime/core/cbor.hpp"

namespace ockam::udp_codec {

using cbor::major;
using cbor::reader;

std::optional<slice> decode(std::span<const std::byte> datagram) noexcept {
  constexpr std::uint64_t fields = 5;
  reader in{datagram};
  auto elements = in.read_array();
  if (!elements || *elements < fields)
    return std::nullopt;
  auto number = [&in](std::uint64_t most) {
    auto n = in.read_uint();
    return n && *n <= most ? n : std::nullopt;
  };
  auto version_byte = number(0xff);
  auto routing_number = version_byte ? number(0xffff) : std::nullopt;
  auto offset = routing_number ? number(0xffff) : std::nullopt;
  auto total = offset ? number(0xffff) : std::nullopt;
  auto bytes = total ? in.read_bytes() : std::nullopt;
  if (!bytes || bytes->empty() || *offset >= *total)
    return std::nullopt;
  bool open = *elements == reader::indefinite;
  for (auto i = fields; open ? !in.skip_break() : i < *elements; ++i)
    if (!in.skip())
      return std::nullopt;
  return slice{static_cast<std::uint16_t>(*routing_number), static_cast<std::uint16_t>(*offset),
               static_cast<std::uint16_t>(*total), *bytes};
}

std::size_t write_head(std::byte* out, std::uint16_t number, std::uint16_t offset, std::uint16_t total,
                       std::size_t slice_bytes) noexcept {
  auto* at = cbor::write_head(out, major::array, 5);
  for (std::uint64_t n : {std::uint64_t{version}, std::uint64_t{number}, std::uint64_t{offset}, std::uint64_t{total}})
    at = cbor::write_head(at, major::uint, n);
  return static_cast<std::size_t>(cbor::write_head(at, major::bytes, slice_bytes) - out);
}

} // namespace ockam::udp_codec
