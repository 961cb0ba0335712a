// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "identity/secret.hpp"
#include "runtime/core/error.hpp"

#include <string>
#include <string_view>

/// Where the passphrase of a vault comes from. All of these block. One line break at the end is not part of it. Errors
/// of all: `invalid_argument` when it is empty or longer than `max_size`. Thread: any, `ask` one at a time.
namespace ockam::identities::passphrase {

inline constexpr std::size_t max_size = 1024;

/// The content of a file that only its owner may read. Errors also: those of `private_file::read`.
result<secret> from_file(const std::string& path);
/// A credential that systemd hands to a service (`LoadCredential=NAME:…`). Errors also: `not_found` outside of such a
/// service.
result<secret> from_systemd(std::string_view name);
/// Asks at the terminal of the process, without showing what is typed. Errors also: `not_found` without a terminal.
result<secret> ask(std::string_view prompt);

} // namespace ockam::identities::passphrase
