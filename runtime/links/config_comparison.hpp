// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "runtime/core/error.hpp"

#include <functional>
#include <string>
#include <vector>

namespace ockam {

/// Something that a node runs with and that its file says otherwise. No secret is in it.
struct config_difference {
  std::string section; ///< tcp-listener main
  std::string key;     ///< empty: the whole section
  std::string running; ///< empty: the node has it not
  std::string file;    ///< empty: the file has it not
  std::string origin;  ///< where the file says so
};

struct config_comparison {
  std::string file; ///< that was read; empty: the node has none
  std::vector<config_difference> differences;
};

using comparison_done = std::function<void(result<config_comparison>)>;

} // namespace ockam
