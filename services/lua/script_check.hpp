// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

namespace ockam::lua {

/// Something that is wrong with a script, or likely to be.
struct script_problem {
  int line = 0; ///< 0: of the whole file
  std::string cause;
  std::string hint;
  bool certain = true; ///< false: a warning
};

/// Looks at a script as a node would: compiles it and runs its top in the sandbox, with no worker and every
/// option at what the script says otherwise; then looks for what a service needs, and for globals that it reads
/// and nobody defines. Nothing but the file is touched.
std::vector<script_problem> check_script(const std::string& path);

} // namespace ockam::lua
