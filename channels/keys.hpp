// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "identity/authorized.hpp"
#include "runtime/core/channel_parts.hpp"
#include "runtime/core/hex.hpp"
#include "runtime/core/section.hpp"
#include "runtime/core/units.hpp"

/// The sections of secure channels, `[secure-channel-listener NAME]` and `[secure-channel NAME]`, as data: without the
/// workers, for whoever reads configurations.
namespace ockam::channels {

inline constexpr std::string_view channel_kind = "secure-channel", listener_kind = "secure-channel-listener", identity_kind = "channel-identity";

using identities::authorized_key, identities::check_identifiers;

/// A route that ends at a listener.
inline result<void> check_listener_route(const std::string& text) {
  auto m = parse_multiaddr(text);
  auto to = m ? to_route(without_channels(*m)) : result<route>{m.error()};
  if (!to)
    return std::move(to).error();
  if (to->empty() || !to->back().is_local())
    return error{errc::invalid_route, "the route ends at no listener of secure channels", "for example /ip4/10.0.0.2/tcp/4000/service/api"};
  return {};
}

/// History of an issuer, in hex as `ockam identity export` prints it; whether it holds is seen where it is used.
inline result<void> check_history(const std::string& text) {
  auto bytes = parse_hex(text);
  return bytes ? result<void>{} : result<void>{bytes.error()};
}

inline result<void> check_credential(const std::string& text) {
  auto bytes = parse_hex(text);
  return bytes ? result<void>{} : result<void>{error{errc::invalid_argument, "Invalid credential hex", {}}};
}

inline constexpr key_descriptor authority_key{
  .name = "authority", .about = "whose credentials count, as `ockam identity export` prints it; none are looked at if not given", .value = "HEX",
  .check = &check_history};

inline constexpr std::array<key_descriptor, 6> channel_keys{{
  {.name = "to", .about = "the route to the listener", .value = "ROUTE", .example = "/ip4/10.0.0.2/tcp/4000/service/api", .required = true,
   .check = &check_listener_route},
  authorized_key,
  channel_identity_key,
  authority_key,
  {.name = "credential", .about = "what an issuer says of this node, in hex, for the other end; that of the identity if not given", .value = "HEX",
   .check = &check_credential},
  {.name = "allow", .type = key_type::list, .about = "workers that the other end may reach through it, beside the answers to what was sent"},
}};

inline constexpr std::array<key_descriptor, 5> listener_keys{{
  authorized_key,
  channel_identity_key,
  authority_key,
  {.name = "allow", .type = key_type::list,
   .about = "workers that those at the other end may reach; `services` stands for echo, uppercase and what was started by name", .fallback = "services"},
  {.name = "max-channels", .type = key_type::number, .about = "channels at one time; one link has 15/16 of them at most", .fallback = "4096", .least = 1, .most = 100'000},
}};

/// Of `[identity]` and of one beside it alike.
inline constexpr key_descriptor passphrase_file_key{
  .name = "passphrase-file", .type = key_type::path, .about = "file of mode 0600 with the passphrase of the vault; the keys are not sealed if not given"};
inline constexpr key_descriptor passphrase_credential_key{
  .name = "passphrase-credential", .about = "instead of the file: name of a credential with the passphrase, which systemd hands to the service (LoadCredential=)",
  .value = "NAME"};
inline constexpr key_descriptor credential_file_key{
  .name = "credential-file", .type = key_type::path, .about = "file with a credential, in hex, that channels show the other end"};

/// Of one beside `[identity]`.
inline constexpr std::array<key_descriptor, 5> identity_keys{{
  {.name = "vault", .type = key_type::path, .about = "file of its keys, of mode 0600", .example = "other.vault", .required = true},
  {.name = "history", .type = key_type::path, .about = "file of its change history, in hex, of mode 0600", .example = "other.identity", .required = true},
  passphrase_file_key,
  passphrase_credential_key,
  credential_file_key,
}};

/// Whether they fit together.
inline result<void> check_identity_keys(const option_values& keys) {
  if (!keys.get<std::string>("passphrase-file").empty() && !keys.get<std::string>("passphrase-credential").empty())
    return error{errc::invalid_argument, "it has two passphrases", "either passphrase-file or passphrase-credential"};
  return {};
}

} // namespace ockam::channels
