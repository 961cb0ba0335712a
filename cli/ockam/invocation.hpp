// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cli/ockam/control_client.hpp"
#include "cli/ockam/output.hpp"
#include "cli/ockam/parse.hpp"
#include "cli/ockam/routes.hpp"
#include "cli/state/state.hpp"

#include <memory>
#include <optional>
#include <vector>

namespace ockam::cli {

/// One run of one command: what was given, where state lives, where results go.
class invocation {
 public:
  invocation(const command_table& t, parsed_command given, output& to, state::home h, std::vector<emptied_word> emptied = {})
    : table{t}, what{*given.what}, args{std::move(given.args)}, out{to}, home{std::move(h)}, emptied_words{std::move(emptied)} {}

  const command_table& table;
  const command& what;
  const arguments args;
  output& out;
  const state::home home;
  /// Words whose `-` stood for a line of an empty standard input.
  const std::vector<emptied_word> emptied_words;
  /// What the program ends with when the command fails.
  int failure_code = exit_failure;

  /// Opened when it is first asked for: sending a message to a node that runs does without. Opened anew where a reset has come in
  /// between, so that who has a guard by now sees the rows that there are.
  result<state::database*> database() {
    if (databases_.empty() || databases_.back()->is_gone()) {
      auto db = state::database::open(home);
      if (!db)
        return std::move(db).error();
      databases_.push_back(std::make_unique<state::database>(std::move(*db)));
    }
    return databases_.back().get();
  }

  /// Before its file is deleted.
  void close_database() { databases_.clear(); }

  /// When this command gives up: --timeout after its start, 10 s where it has no such option.
  const deadline& by();

  /// Asks on the terminal. Error: `invalid_argument` when there is none, --no-input is given or the answer
  /// is no.
  result<void> confirm(const std::string& question);

 private:
  std::vector<std::unique_ptr<state::database>> databases_; ///< the last one counts; who has begun with another may end so
  std::optional<deadline> by_;
};

/// The answer to a deletion where there are no `things` at all: no error, whatever was named.
result<void> none_to_delete(invocation& in, const std::string& things);

/// What every command that talks to a node takes.
option timeout_option();

/// For the command table: `10s`, `500ms`; `key=value`.
result<void> check_duration(const std::string& text);
result<void> check_pair(const std::string& text);

} // namespace ockam::cli
