// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "runtime/core/error.hpp"

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace ockam {

/// Which kind of place an address names. Numbers are those of the Ockam wire (0 to 5); 200 is ours.
enum class transport_type : std::uint8_t {
  local = 0,
  tcp = 1,
  udp = 2,
  websocket = 3,
  ble = 4,
  uds = 5,
  caf = 200,
};

/// Longest name this node accepts, in bytes. The protocol sets no limit; names seen in practice are
/// worker names, 32 hex digits, `host:port` (at most 259) and socket paths (at most 107).
inline constexpr std::size_t max_name_length = 1024;

/// A borrowed address: what the hot path compares and looks up. Valid as long as its bytes are.
struct address_view {
  transport_type type = transport_type::local;
  std::string_view name;

  bool is_local() const noexcept { return type == transport_type::local; }
  friend bool operator==(const address_view&, const address_view&) = default;
};

/// Where a message can go: a worker of this node (type local, its name), or an endpoint of a
/// transport (`1#127.0.0.1:4000`). Names are bytes, UTF-8 by convention. A plain value.
struct address {
  transport_type type = transport_type::local;
  std::string name;

  address() = default;
  address(std::string local_name) : name{std::move(local_name)} {}
  address(const char* local_name) : name{local_name} {}
  address(transport_type t, std::string n) : type{t}, name{std::move(n)} {}
  explicit address(address_view v) : type{v.type}, name{v.name} {}

  operator address_view() const noexcept { return {type, name}; }
  bool is_local() const noexcept { return type == transport_type::local; }

  friend auto operator<=>(const address&, const address&) = default;
  friend bool operator==(const address&, const address&) = default;
};

/// `N#name`, always with the type: `0#echo`, `1#127.0.0.1:4000`. Bytes that are not printable UTF-8
/// are shown as `\xNN`, so that a hostile name cannot disturb a terminal or a log.
std::string to_string(address_view a);

/// Reads `N#name` or a plain name (type local). Errors: `invalid_address` when the type is not a
/// number up to 255, when there is more than one `#`, or when the name is over `max_name_length`.
/// An empty name is accepted, as in the reference.
result<address> parse_address(std::string_view text);

/// A fresh local address: 16 random bytes as 32 lower-case hex digits.
address random_address();

/// 16 random bytes, from the kernel.
std::array<std::byte, 16> random_128();
/// The same as 32 lower-case hex digits, for flow control ids and names.
std::string random_hex_128();

/// Text that is safe to print: control characters and invalid UTF-8 become `\xNN`.
std::string printable(std::string_view bytes);

/// Hash and equality for tables keyed by `address` and looked up by `address_view`.
struct address_hash {
  using is_transparent = void;
  std::size_t operator()(address_view a) const noexcept {
    return std::hash<std::string_view>{}(a.name) + static_cast<std::size_t>(a.type);
  }
};
struct address_equal {
  using is_transparent = void;
  bool operator()(address_view a, address_view b) const noexcept { return a == b; }
};

} // namespace ockam
