// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cli/ockam/identities.hpp"
#include "cli/ockam/items.hpp"
#include "cli/ockam/node_ini.hpp"

/// Which identity a node has: its file says so, in the section `[identity]`.
namespace ockam::cli {

/// Adds the section for the identity of that name, which is made if it is not there, or for the default one, which is
/// made on first use. A section that is there already stays. Takes the `keys_guard`, so not for who has that of a node.
/// Errors: `not_found` for one whose key is not here, `invalid_argument` for one whose vault has to be unlocked by
/// hand, those of vaults.
result<void> choose_identity(invocation& in, ini_file& ini, const std::optional<std::string>& name);

/// The identities that sections of channels, listeners, inlets and relays name: each that is no section of the file is one of this
/// home, and gets a section, `[channel-identity I…]`. Takes the `keys_guard`. Errors: `not_found`, those of `choose_identity`.
result<void> resolve_channel_identities(invocation& in, ini_file& ini);

/// Has a node that runs use another identity of this home than its own, for single channels. Returns what their key
/// `identity` is to say; nothing for no name, and for the identity that it has anyway. Takes the `keys_guard`. Errors: as above.
result<std::string> lend_identity(invocation& in, const std::string& node, const std::string& name);

/// `--identity NAME` of what makes channels, and the key of it.
option identity_option();
result<void> set_identity(control::CreateItem& to, invocation& in, const std::string& node);

/// Whoever writes the file of a node holds this meanwhile: the identity of the section is still there, and nodes find
/// its history. Errors: `not_found` when it was deleted since it was chosen.
result<state::keys_guard> hold_identity(invocation& in, const ini_file& ini, const state::name_guard& node);

/// Brings the history that a node reads when it starts up to date. Nothing for a node without an identity of this home.
result<void> refresh_history(invocation& in, const std::string& node);

/// The name of the identity of a node. Nothing when it has none, or one that has no name here.
std::optional<std::string> identity_name_of(invocation& in, const std::string& node);

} // namespace ockam::cli
