// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "runtime/core/error.hpp"
#include "runtime/links/config.hpp"
#include "runtime/links/transport.hpp"

#include <span>

namespace ockam {

/// The transports of this library (list.hpp), for `node_parts`.
std::span<const transport_factory> all_transports();

/// Whether a listener or a connection could be opened as far as that can be told without opening it: files of TLS
/// are read, keys have to fit together. The form of each value has been checked when it was read. Errors: those of the
/// transport, with the section in front.
result<void> check_endpoint(const listener_config& l);
result<void> check_endpoint(const connection_config& c);

} // namespace ockam
