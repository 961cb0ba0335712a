// SPDX-License-Identifier: Apache-2.0
#include "relays/relay_protocol.hpp"

#include "relays/keys.hpp"
#include "runtime/core/bare.hpp"
#include "runtime/core/cbor.hpp"

#include <array>
#include <charconv>

namespace ockam {

namespace {

/// What a relay keeps of a route: thousands of relays must not be able to fill the memory of a node.
constexpr std::size_t max_way_hops = 32;
constexpr std::size_t max_way_bytes = 4096;

} // namespace

result<std::string> read_registration(std::span<const std::byte> payload, std::size_t max_name) {
  auto name = bare::decode_string(payload);
  if (!name)
    return error{errc::malformed, "the name is no BARE string in UTF-8", {}};
  if (name->size() > max_name)
    return error{errc::too_large,
                 "the name has " + std::to_string(name->size()) + " bytes, and max-relay-name is "
                   + std::to_string(max_name),
                 {}};
  if (auto ok = check_relay_name(*name); !ok)
    return std::move(ok).error();
  return *name == any_relay_name ? random_hex_128() : std::string{*name};
}

result<route> way_of_relay(route back) {
  if (back.size() < 2)
    return error{errc::invalid_route, "the return route names no worker behind a link", {}};
  back.pop_back();
  std::size_t bytes = 0;
  for (const auto& hop : back)
    bytes += hop.name.size();
  if (back.size() > max_way_hops || bytes > max_way_bytes)
    return error{errc::too_large,
                 "the return route is too long: " + std::to_string(back.size()) + " hops of " + std::to_string(bytes)
                   + " bytes",
                 {}};
  return back;
}

std::optional<std::string> read_relay_reply(std::span<const std::byte> payload, std::string_view name) {
  auto address = bare::decode_string(payload);
  if (!address || address->size() > max_name_length || !address->ends_with(name))
    return std::nullopt;
  return std::string{*address};
}

std::uint64_t random_ping_number() {
  auto digits = random_hex_128();
  std::uint64_t number = 0;
  std::from_chars(digits.data(), digits.data() + 16, number, 16);
  return number;
}

payload ping_payload(std::uint64_t number) {
  std::array<std::byte, 9> out;
  auto* end = cbor::write_head(out.data(), cbor::major::uint, number);
  return payload{std::span<const std::byte>{out.data(), end}};
}

std::optional<std::uint64_t> read_ping(std::span<const std::byte> payload) { return cbor::reader{payload}.read_uint(); }

} // namespace ockam
