// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <exception>
#include <optional>
#include <string>

namespace ockam {

/// The text of the exception that is being handled; inside a `catch` only.
inline std::string current_exception_text() {
  try {
    throw;
  } catch (const std::exception& e) {
    return e.what();
  } catch (...) {
    return "an exception of unknown type";
  }
}

/// The text of an exception that was caught elsewhere.
inline std::string text_of(const std::exception_ptr& e) {
  try {
    std::rethrow_exception(e);
  } catch (...) {
    return current_exception_text();
  }
}

/// Runs `f`, code of a user, and gives the text of what it threw, or nothing.
template <class F>
std::optional<std::string> guarded(F&& f) {
  try {
    f();
    return std::nullopt;
  } catch (...) {
    return current_exception_text();
  }
}

} // namespace ockam
