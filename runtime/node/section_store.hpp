// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "runtime/core/section.hpp"
#include "runtime/links/config_comparison.hpp"
#include "runtime/node/config.hpp"

#include <functional>
#include <string>

namespace ockam {

/// Reads the configuration of the program again and compares what a node runs with. Called on the socket thread, answers on
/// any other.
using compare_config = std::function<void(node_config running, comparison_done done)>;

/// The file that is the configuration of a node, as a running node changes it. The program has one for nodes whose file
/// is theirs. Called on the socket thread, which it does not block; answers on any other.
class section_store {
 public:
  struct stored {
    std::string name;  ///< of the section
    node_config alone; ///< what the section says, as it is read at a start
  };

  virtual ~section_store() = default;
  /// Writes the section in place of one of that name. Without a name it gets one. Errors: those of the file.
  virtual void put(config_section s, std::function<void(result<stored>)> done) = 0;
  /// Sets one key of a section that is there; no effect on one that is not.
  virtual void set(std::string kind, std::string name, std::string key, std::string value, std::function<void(result<void>)> done) = 0;
  /// Takes it out. No error when it is not there.
  virtual void remove(std::string kind, std::string name, std::function<void(result<void>)> done) = 0;
};

} // namespace ockam
