// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "runtime/core/error.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace ockam {

/// Flow control ids (docs/protocol.md): 32 hex digits towards people, small numbers inside, so that the
/// check at each delivery compares integers. An id belongs to a *producer* (a link: brings messages in)
/// or a *spawner* (a listener: makes producers). Which workers are consumers of an id stands in the
/// switchboard, with the worker. Socket thread only.
class flow_controls {
 public:
  /// A new id, never 0.
  std::uint32_t create();
  void remove(std::uint32_t id);
  /// The 32 hex digits; empty when unknown.
  std::string_view text(std::uint32_t id) const;
  /// Error: `not_found`, the hint says where ids are shown.
  result<std::uint32_t> find(std::string_view text) const;

 private:
  std::unordered_map<std::uint32_t, std::string> texts_;
  std::unordered_map<std::string, std::uint32_t> ids_;
  std::uint32_t next_ = 1;
};

} // namespace ockam
