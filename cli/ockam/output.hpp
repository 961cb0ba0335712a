// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cli/ockam/jq.hpp"
#include "runtime/core/error.hpp"

#include <nlohmann/json.hpp>

#include <optional>
#include <string>
#include <string_view>

/// Everything that the command line prints goes through here. Results that are piped are exact, byte for byte; what a
/// terminal gets, and everything on standard error, has its control characters escaped: names, replies and errors may
/// come from anywhere.
namespace ockam::cli {

using json = nlohmann::json;

/// How to print: from the global options, the environment and what the streams are.
struct output_style {
  bool as_json = false;      ///< --output json, or --jq
  std::string jq;            ///< a query over the JSON
  bool compact = false;      ///< --compact-output
  bool quiet = false;        ///< -q, QUIET: no notices and no warnings
  bool color = true;         ///< --no-color, NO_COLOR; only ever on a terminal
  unsigned verbose = 0;      ///< -v
  bool out_is_terminal = false;
  bool err_is_terminal = false;
  std::size_t width = 0;     ///< of the terminal, in cells; 0: not known
};

/// What a command found or did, in its three forms: a terminal gets `text`, a pipe or file gets `plain`
/// (where nothing is set: the JSON), `--output json` gets `data`.
struct answer {
  json data;
  std::string text;
  std::optional<std::string> plain = std::nullopt;
};

class output {
 public:
  explicit output(output_style s) : style_{std::move(s)} {}

  /// Prints a result on standard output. Errors: `invalid_argument` (the query of --jq), `io_failure`.
  result<void> show(const answer& a);
  /// One JSON object of a result that is a stream of them, on a line of its own; with --jq, what the query makes of it, a line
  /// each. Written when there is time, or at `end_of_lines`. Errors: as above.
  result<void> data_line(json data);
  result<void> end_of_lines();
  /// A line of a result that comes bit by bit, on standard output, unless the result is wanted as JSON.
  void line(std::string_view text);
  /// Standard error, on a terminal only: what was done beside the result, or is going on.
  void notice(std::string_view text);
  /// Standard error, always (not with -q): the user should know.
  void warn(std::string_view text);
  /// Standard error, always: what was asked for beside the result.
  void aside(std::string_view text);
  /// Standard error, on a terminal only: a line that the next one replaces; an empty text takes it away.
  void progress(std::string_view text);
  /// Standard output, which is a terminal: this, and nothing else, is on the screen.
  void screen(std::string_view text);
  /// Standard error with -v: a step.
  void detail(std::string_view text);
  /// The error that ends the program, on standard error: cause and hint, or JSON.
  void fail(const error& e);

  const output_style& style() const { return style_; }

 private:
  std::string on_terminal(std::string_view text) const;
  void write_error(std::string_view text) const;

  result<std::string> query(const std::string& text, bool compact);

  output_style style_;
  std::optional<jq_query> query_; ///< when it is first needed
};

/// `  ✔ text`; `  ! text`; `  │ text`. The sign gets its colour when it is printed.
std::string done_line(std::string_view text);
std::string item_line(std::string_view text);

/// Pretty text of JSON, or one line. Bytes that are not UTF-8 are written as `\xNN`.
std::string to_text(json j, bool compact);

} // namespace ockam::cli
