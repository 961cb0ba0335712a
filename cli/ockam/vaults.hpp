// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cli/ockam/invocation.hpp"
#include "identity/vault.hpp"

#include <memory>

/// The vaults of a home: files with private keys, or tokens. What changes them is for who holds the `keys_guard`.
namespace ockam::cli {

/// What a vault may be called, since a file is: no `/`, no control characters, at most 200 bytes. Error:
/// `invalid_argument`.
result<void> check_vault_name(std::string_view name);

/// Error: `not_found`, in the words of the reference.
result<state::vault_row> known_vault(invocation& in, const std::string& name);

/// The one that is meant where nobody names one: the only one, or the one that was chosen to be the default. Nothing
/// when there is none at all. Error: `invalid_argument` when there are several and none was chosen, as in the
/// reference.
result<std::optional<state::vault_row>> vault_or_default(invocation& in, const std::optional<std::string>& given);

struct new_vault {
  std::string name;
  std::string path = {};            ///< below the home if empty
  std::string passphrase_file = {}; ///< seals it
  bool asks = false;                ///< for a passphrase, at the terminal
  std::string token = {};           ///< the label of a token that has the keys; the passphrase is its PIN
  std::string module = {};          ///< the PKCS#11 module that speaks to it
};

/// Makes the file, or takes the vault that is in it, and the row. Errors: `already_exists`, those of the file.
result<state::vault_row> create_vault(invocation& in, const new_vault& what);

/// Moves the file: when this returns the row names the new one, and the old one is gone. Errors: `already_exists` for a
/// place that has a file, those of the files.
result<void> move_vault(invocation& in, const state::vault_row& v, const std::string& path);

/// The row and the file.
result<void> delete_vault(invocation& in, const state::vault_row& v);

/// Opens it, with the passphrase of its file or one that is typed. Errors: `not_found` when the file is gone,
/// `permission_denied` for a wrong passphrase, those of the file.
result<std::unique_ptr<identities::vault>> open_vault(invocation& in, const state::vault_row& v);

/// The file of a vault, and what it may have beside it.
std::vector<std::filesystem::path> files_of_vault(const std::filesystem::path& file);

/// As the reference shows it, with what ours has beside that.
json view(const state::vault_row& v);

} // namespace ockam::cli
