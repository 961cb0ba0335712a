// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "runtime/core/error.hpp"

#include <string>
#include <vector>

namespace ockam::cli {

struct program_result {
  int exit_code = 0; ///< 128 and the signal's number for one that ended by a signal
  std::string out;
  std::string err;
};

/// Runs a program, of this path or in PATH, with these words and without standard input, to its end. What it prints beyond
/// 16 MiB is lost. Errors: those of the system.
result<program_result> run_program(const std::string& file, const std::vector<std::string>& words);
/// The same for `ockam-node`. Error also: `not_found` when it is not there.
result<program_result> run_node_program(const std::vector<std::string>& words);

} // namespace ockam::cli
