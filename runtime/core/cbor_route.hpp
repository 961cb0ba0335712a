// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "runtime/core/cbor.hpp"
#include "runtime/core/reason.hpp"
#include "runtime/core/route.hpp"

#include <cstring>
#include <optional>

/// Routes as the Ockam wire has them, in frames and within secure channels (docs/protocol.md, Messages):
///
///     route = [* addr]      addr = [ uint .le 255, bstr ]
///
/// Reading accepts what the reference accepts: indefinite arrays, long integers, addresses of more elements.
/// No allocation. Plain functions. Thread: any.
namespace ockam::cbor {

/// Calls `f(address_view)` for each address of a route; the views point into the input. What is wrong, or nothing.
template <class F>
std::optional<refusal> read_route(reader& in, F&& f) {
  auto count = in.read_array();
  if (!count)
    return refusal::malformed_frame;
  bool open = *count == reader::indefinite;
  for (std::uint64_t i = 0; open ? !in.skip_break() : i < *count; ++i) {
    if (i == max_route_hops)
      return refusal::too_many_hops;
    auto fields = in.read_array();
    if (!fields || *fields < 2)
      return refusal::malformed_frame;
    auto type = in.read_uint();
    auto name = type ? in.read_bytes() : std::nullopt;
    if (!name || *type > 255)
      return refusal::malformed_frame;
    if (name->size() > max_name_length)
      return refusal::name_too_long;
    f(address_view{static_cast<transport_type>(*type), {reinterpret_cast<const char*>(name->data()), name->size()}});
    bool open_address = *fields == reader::indefinite;
    for (std::uint64_t k = 2; open_address ? !in.skip_break() : k < *fields; ++k)
      if (!in.skip())
        return refusal::malformed_frame;
  }
  return std::nullopt;
}

/// Adds up what the addresses of a route take: call it for each.
struct route_measure {
  std::size_t hops = 0;
  std::size_t bytes = 0; ///< without the head of the array

  void operator()(address_view a) noexcept {
    ++hops;
    bytes += 1 + head_size(static_cast<std::uint8_t>(a.type)) + head_size(a.name.size()) + a.name.size();
  }
};

/// Writes a route, for which there is room; returns the place behind. `each(f)` calls `f(address_view)` for each
/// address.
template <class Each>
std::byte* write_route(std::byte* out, Each&& each) noexcept {
  std::size_t hops = 0;
  each([&](address_view) { ++hops; });
  out = write_head(out, major::array, hops);
  each([&](address_view a) {
    out = write_head(out, major::array, 2);
    out = write_head(out, major::uint, static_cast<std::uint8_t>(a.type));
    out = write_head(out, major::bytes, a.name.size());
    if (!a.name.empty())
      std::memcpy(out, a.name.data(), a.name.size());
    out += a.name.size();
  });
  return out;
}

} // namespace ockam::cbor
