// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cli/ockam/vaults.hpp"
#include "identity/identity.hpp"

/// The identities of a home: a name, a change history that others see, and a vault that has the key. What changes them
/// is for who holds the `keys_guard`.
namespace ockam::cli {

/// Error: `not_found`, with `cause` in front of the hint.
result<state::identity_row> known_identity(invocation& in, const std::string& name, const std::string& cause);

/// The one that is named, or the default one. Errors: `not_found`, in the words of the reference.
result<state::identity_row> identity_or_default(invocation& in, const std::optional<std::string>& given);

/// The one of that name, or a new one. Its vault, and the default vault, is made where there is none; what is made
/// beside the result is said on a terminal. Errors: those of vaults.
result<state::identity_row> identity_or_new(invocation& in, const std::string& name,
                                            const std::optional<std::string>& vault);

/// Two words that no identity has yet.
result<std::string> random_identity_name(invocation& in);

/// What somebody shows of themselves becomes known here. One that is known gets the name, if there is one, and what
/// is newer in the history. Errors: those of hex digits, `permission_denied` for a history that does not hold or is not
/// the newest, `already_exists` when another identity has the name.
result<state::identity_row> import_identity(invocation& in, const std::string& hex,
                                            const std::optional<std::string>& name,
                                            const std::optional<std::string>& vault);

/// A new key. When it returns, the row and the file of the history have the new one, and the vault has no other.
/// Errors: those of the vault.
result<state::identity_row> rotate_identity(invocation& in, state::identity_row who);

/// The row, the file of its history and its key.
result<void> delete_identity(invocation& in, const state::identity_row& who);

/// Verified: the database may have been written by anybody who may write it. Errors: `corrupt_state`.
result<identities::identity> read_identity(const state::identity_row& row);

/// Writes the file of the history that nodes read, unless it says so already.
result<void> write_history_file(const state::home& h, const state::identity_row& row);

/// The identifier that the configuration of a node says it has. Nothing when it says none, or has a history elsewhere.
std::optional<std::string> identifier_of_node(const state::home& h, std::string_view node);
/// Those of all identities that it names, also for single channels.
std::vector<std::string> identifiers_of_node(const state::home& h, std::string_view node);
/// Names of the nodes that have this identity, for all or for single channels, in order.
std::vector<std::string> nodes_of(const state::home& h, const state::identity_row& who);
/// Of those that have a key in this vault.
std::vector<std::string> identities_in(const std::vector<state::identity_row>& all, const std::string& vault);

json view(const state::identity_row& row);
/// All changes, as the reference has them: JSON, and lines.
json changes_view(const identities::identity& who);
std::string changes_page(const identities::identity& who);

/// `a, b, c`, what a terminal would not print escaped.
std::string listed(const std::vector<std::string>& names);

} // namespace ockam::cli
