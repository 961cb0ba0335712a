// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "runtime/core/section.hpp"
#include "runtime/links/config_comparison.hpp"

#include <functional>
#include <string>

namespace ockam {

/// Keeps the configuration of a node what the node is: what is made by hand while it runs becomes a section, and what is
/// ended by hand is one no more. So it comes back after a stop, a crash or a reload, or does not. Every kind of section
/// that a configuration can have is kept in the same way. A node that has no file of its own keeps nothing. Socket
/// thread only.
class section_keeper {
 public:
  /// Errors: why it could not be written down.
  using kept = std::function<void(result<void>)>;

  virtual ~section_keeper() = default;
  /// `s` has begun; without a name it gets one. `handle`: what `ended` will call it, where that is not its name. After an
  /// error whoever began it ends it again: it would be gone after a restart, and nobody would know.
  virtual void began(config_section s, std::string handle, kept done) = 0;
  /// What the kind knows by this handle or name has ended. No error when the configuration does not have it. After an
  /// error it has ended all the same: that was asked for, and what it had cannot be brought back.
  virtual void ended(const std::string& kind, const std::string& handle, kept done) = 0;
  /// Peers of this listener or connection are to reach one more worker. No error when the configuration does not have
  /// it. Error, beside those of the file: `invalid_argument` for a name that cannot stand in `allow`.
  virtual void allow(const std::string& kind, const std::string& handle, const std::string& worker, kept done) = 0;
  /// Reads the configuration again, without any effect, and says what is otherwise than it runs. Errors:
  /// `invalid_config`, the first thing that is wrong with it; `unsupported` where the program has no configuration.
  virtual void compare(comparison_done done) = 0;
};

} // namespace ockam
