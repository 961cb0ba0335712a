// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "identity/identifier.hpp"
#include "runtime/core/section.hpp"
#include "runtime/core/units.hpp"

/// The key `authorized`, which sections of channels, relays and inlets have: who may be at the other end of a channel.
namespace ockam::identities {

/// Of a list that says who may be there: one that names nobody is what a command in quotes leaves that has failed.
inline result<void> check_identifiers(const std::string& text) {
  if (split_list(text).empty())
    return error{errc::invalid_argument, "it names nobody", "an identifier, as `ockam identity show` prints it"};
  for (const auto& one : split_list(text))
    if (auto id = parse_identifier(one); !id)
      return std::move(id).error();
  return {};
}

inline constexpr key_descriptor authorized_key{
  .name = "authorized", .type = ockam::key_type::list, .about = "identifiers of whom may be at the other end; anybody who proves to be somebody if not given",
  .value = "I…", .check = &check_identifiers};

} // namespace ockam::identities
