// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "runtime/core/error.hpp"

#include <string>
#include <string_view>

/// Who may ask: plain functions, without HTTP.
namespace ockam::operation {

/// Whether the `Host` of a request names this host by its loopback address or as localhost, with or without a port. None
/// at all counts as well: browsers always send one.
bool names_loopback(std::string_view host_header);

/// The first line of the file, without blanks around it. Errors: `io_failure`; `invalid_argument`: it has less than 16
/// characters, which somebody could guess.
result<std::string> read_token(const std::string& path);

/// Whether the value of an `Authorization` header brings the token: as `Bearer TOKEN`, or as the password of `Basic` with
/// any user, which is what browsers ask for. In a time that does not depend on where they differ.
bool brings_token(std::string_view authorization, std::string_view token);

/// Whether a route goes only by what the node has already: workers, and links that have names. Otherwise a trace makes it
/// connect to wherever the route says.
bool goes_by_names(const std::string& route);

} // namespace ockam::operation
