// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "runtime/core/error.hpp"

#include <string>

namespace ockam::cli {

/// Of `--allow WORKER`: empty is what a command in quotes leaves that has failed, and must not mean what holds without it.
inline result<void> check_worker(const std::string& text) {
  if (text.empty())
    return error{errc::invalid_argument, "it is empty", "the address of a worker"};
  return {};
}

} // namespace ockam::cli
