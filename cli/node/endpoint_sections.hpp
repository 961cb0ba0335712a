// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "runtime/core/error.hpp"

#include <map>
#include <span>
#include <string>
#include <string_view>

namespace ockam {

/// What a configuration file and the command line of `ockam-node` say about one kind of listener or
/// connection: `[tcp-listener NAME]` and `--tcp-listener ADDRESS`. A new transport is two lines in the
/// table behind `endpoint_sections`.
struct endpoint_section {
  std::string_view transport;
  bool listens;
  std::string_view name;     ///< of the section and of the option: tcp-listener
  std::string_view value;    ///< form of an address, for help: HOST:PORT
  std::string_view example;
  std::string_view about;    ///< for help
  /// Error: `invalid_address`, the cause says what is wrong with it.
  result<void> (*check)(const std::string& address);
  std::span<const std::string_view> keys; ///< beside `address` and `allow`: options of this transport
  /// Checks their values. Error: `invalid_argument`; null: there is nothing to check.
  result<void> (*check_options)(const std::map<std::string, std::string>& options) = nullptr;
};

/// All of them, in the order of help.
std::span<const endpoint_section> endpoint_sections();

} // namespace ockam
