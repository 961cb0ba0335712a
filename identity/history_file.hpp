// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "identity/identity.hpp"

#include <string>

/// Who a node is, in a file of its own beside the vault: the change history in hex, as `ockam identity export` prints
/// it, and a line end. Its mode is 0600 though it has no secret: who may replace it chooses who the node is. All of these
/// block on the disk. Thread: any.
namespace ockam::identities::history_file {

/// Largest file that is read: a history of `change_history::max_changes` changes fits.
inline constexpr std::size_t max_file = 256u << 10;

/// The identity of the file, verified. Errors: those of `private_file::read` (`not_found`: there is no such file) and
/// `identity::import`; `invalid_argument` for what is not hex. The cause has the path.
result<identity> read(const std::string& path);

/// Puts the history in the place of what is there, whole or not at all. Errors: those of `private_file`.
result<void> write(const std::string& path, const identity& who);

/// The identity of the file; where there is none, a new one with a new key of the vault, which is in the file when this
/// returns. Of several processes that begin at one time, one makes it. Errors: those of the above, and of the vault.
result<identity> read_or_create(const std::string& path, vault& keys, key_type type, timestamp now);

} // namespace ockam::identities::history_file
