// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "runtime/core/error.hpp"

#include <memory>
#include <string>

namespace ockam::cli {

/// A query of jq, compiled: that takes tens of milliseconds, much more than a run over a line of a log. Thread: one at a time.
class jq_query {
 public:
  /// Error: `invalid_argument` with jq's words when it does not compile.
  static result<jq_query> compile(const std::string& query);
  jq_query(jq_query&&) noexcept;
  jq_query& operator=(jq_query&&) noexcept;
  ~jq_query();

  /// The results over a JSON text, one after the other on lines of their own, strings in quotes. Error: `invalid_argument` with
  /// jq's words when it fails.
  result<std::string> run(const std::string& text, bool compact);

 private:
  struct state;
  explicit jq_query(std::unique_ptr<state> s);
  std::unique_ptr<state> state_;
};

} // namespace ockam::cli
