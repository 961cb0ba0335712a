// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "runtime/workers/service_type.hpp"

namespace ockam {

/// Services that are Lua scripts (docs/lua.md): `[service NAME] script = FILE`, `ockam service start script
/// --addr NAME --file FILE`. A script that changes on disk is loaded again; the old one stays when the new one
/// does not load. Options of the node: `instructions`, `memory`, `rate`, `allow`; further ones are the script's.
service_type script_service();

/// A prompt inside a node, spoken to by messages: `ockam script repl`. Answers local senders only, and ends by
/// itself when nothing was asked for a quarter of an hour.
service_type repl_service();

} // namespace ockam
