// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "runtime/core/error.hpp"

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace ockam::cli {

/// A configuration of `ockam-node` on its way to a file.
class ini_file {
 public:
  struct section {
    std::string title; ///< `tcp-listener default`
    std::vector<std::pair<std::string, std::string>> keys;

    section& set(std::string key, std::string value);
    /// Empty when it is not there.
    std::string take(std::string_view key);
  };

  /// The section of that title, made at the end if it is new. Valid until the next new one.
  section& at(std::string_view title);
  bool contains(std::string_view title) const;
  /// Of one kind: `relay`.
  std::vector<section*> of_kind(std::string_view kind);
  const std::vector<section>& sections() const noexcept { return sections_; }

  /// Error: `invalid_argument` for what the format cannot hold (a line end).
  result<std::string> text() const;

 private:
  std::vector<section> sections_;
};

/// A node that listens on a port of the system's choice.
ini_file plain_node_ini(const std::string& name);

} // namespace ockam::cli
