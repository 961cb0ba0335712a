// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

namespace ockam::cli {

/// Lines that somebody types, with editing and a history (libedit, where it is installed), or lines of a file or pipe, without a prompt.
/// One at a time.
class line_editor {
 public:
  /// `history`: a file that outlives this; made where it is not there.
  line_editor(bool interactive, std::string history);
  ~line_editor();
  line_editor(const line_editor&) = delete;
  line_editor& operator=(const line_editor&) = delete;

  enum class end { none, line_given_up, input };
  /// Nothing at the end of the input (Ctrl-D), or when the line was given up (Ctrl-C): see `why`.
  std::optional<std::string> read(const std::string& prompt);
  end why() const noexcept { return why_; }

 private:
  std::nullopt_t ended();

  bool interactive_;
  std::string history_;
  end why_ = end::none;
};

} // namespace ockam::cli
