// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cli/node/config_file.hpp"
#include "runtime/node/config.hpp"

#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace ockam {

/// Exit codes of `ockam-node` (sysexits.h where it has one).
enum exit_code : int {
  exit_ok = 0,            ///< stopped in order
  exit_usage = 64,        ///< the command line is wrong
  exit_unavailable = 69,  ///< an address is in use, or the node is already running
  exit_internal = 70,     ///< anything else
  exit_cannot_create = 73,///< OCKAM_HOME, the database or the log cannot be written
  exit_forced = 75,       ///< a part did not end within two seconds, what was under way aside, and was cut off
  exit_config = 78,       ///< the configuration is wrong
};

/// What the command line of `ockam-node` says.
struct node_options {
  node_config config;
  std::string config_file;
  bool check_config = false;
  std::string print_config; ///< text | json: only print it; empty: do not
  bool config_schema = false; ///< only print that
  bool managed = false;     ///< belongs to $OCKAM_HOME: logs to its directory, says little on stdout
  bool foreground = false;  ///< and is in the foreground: logs to standard output
  bool say_name = false;    ///< prints its name there first
  bool no_state = false;    ///< no home, no lock, no control socket
  bool exit_on_eof = false;
  int ready_fd = -1;
  bool help = false;
  bool version = false;
  config_places places;     ///< where the values of the file stand
  std::set<std::string> given; ///< names of the options that set a key
  config_problems problems; ///< of the file and the options
  bool usage_error = false; ///< the problems are about the command line
  std::vector<std::string> command_line; ///< all of it, to be read again
};

/// Reads the command line, and the configuration file if it names one. Options win over the file.
node_options parse_node_options(int argc, const char* const* argv, std::span<const service_type> service_types);

/// Reads the same command line again, and the file as it is now, and checks all that --check-config checks. Thread: any.
node_options parse_again(const node_options& before, std::span<const service_type> service_types);
/// Reads it again, and checks what a start would: no code of services runs.
node_options read_again(const node_options& before, std::span<const service_type> service_types);

/// What `ockam-node` is, as data: `--help` and ockam-node(8) are made from it.
struct node_usage {
  struct option {
    std::string spelled; ///< `-c [ --config ] FILE`
    std::string about;
  };
  struct group {
    std::string title;
    std::vector<option> options;
  };
  std::string about;
  std::vector<std::string> usage; ///< command lines
  std::vector<group> groups;
  std::string signals;
  std::vector<std::pair<int, std::string>> exit_codes;
  std::string example;
};
node_usage usage_of_node();

/// The text of `--help`.
std::string node_help();

} // namespace ockam
