// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "runtime/workers/service_type.hpp"

#include <string>

namespace ockam {

struct plugin;

/// Loads a shared object and finds its service. Checks what it was built for (`check_plugin_file`) before anything of it is
/// called; what is refused is unloaded, what is accepted stays for as long as the process runs. Loading
/// the same file again gives the same plugin. Errors: `not_found` (no such file), `unsupported` (not a
/// plugin, or of another build), with the difference. Thread: any; not the socket thread, since it reads
/// from a disk and runs constructors of the library.
result<const plugin*> load_plugin(const std::string& file);

/// The service type `plugin`: its option of the same name is the file, all others belong to the plugin.
service_type plugin_service();

} // namespace ockam
