// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cli/state/descriptor.hpp"
#include "cli/state/state.hpp"

#include <filesystem>
#include <string>
#include <vector>

namespace ockam::cli {

struct log_line {
  std::string time; ///< as the line begins, which sorts; of one that has no time, that of the line before
  std::string node;
  std::string text; ///< the whole line
};

/// The log of one node as it grows, over its rotations and the turn of the day.
class log_reader {
 public:
  /// `home` lives longer.
  log_reader(const state::home& home, std::string node) : home_{home}, node_{std::move(node)} {}

  /// Begins with the last lines that there are. Error: `not_found`, the node has no log.
  result<void> open(std::size_t last_lines, std::vector<log_line>& out);
  /// What has come since, whole lines only.
  void read_on(std::vector<log_line>& out);
  /// The directory of the log.
  std::filesystem::path directory() const { return path_.parent_path(); }

 private:
  /// A file of the log that is open, and its line without an end.
  struct open_file {
    state::descriptor fd;
    std::string half;
  };

  bool reopen();
  void read_file(open_file& f, std::vector<log_line>& out);
  void add(std::string text, std::vector<log_line>& out);

  const state::home& home_;
  std::string node_;
  std::filesystem::path path_;
  open_file file_;
  /// The one before, until the next rotation: of one that logrotate has moved, the node writes on there until it is told.
  open_file before_;
  std::string last_time_;
};

/// By time; lines of one node stay in their order.
void merge(std::vector<log_line>& lines);

/// The time at the beginning of a line of a log, text or JSON; empty when there is none.
std::string time_of(const std::string& line);

/// Rings when something in one of the directories has changed.
class directory_watch {
 public:
  explicit directory_watch(const std::vector<std::filesystem::path>& directories);
  /// Until something has changed, or a second is over, or the interrupt.
  void wait();

 private:
  state::descriptor fd_;
};

} // namespace ockam::cli
