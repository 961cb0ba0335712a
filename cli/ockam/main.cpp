// SPDX-License-Identifier: Apache-2.0
#include "cli/ockam/invocation.hpp"
#include "cli/ockam/manual_page.hpp"
#include "cli/ockam/routes.hpp"
#include "cli/ockam/sending.hpp"
#include "cli/ockam/table.hpp"
#include "runtime/core/printable.hpp"
#include "runtime/core/standard_descriptors.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <iostream>
#include <sys/ioctl.h>
#include <unistd.h>

namespace ockam::cli {

namespace {

bool set_in_environment(const char* name) {
  const char* value = std::getenv(name);
  return value && *value;
}

output_style style_of(const arguments& a) {
  output_style s;
  s.jq = a.get("jq");
  s.as_json = a.get("output") == "json" || a.has("jq");
  s.compact = a.has("compact-output");
  s.quiet = a.has("quiet") || set_in_environment("QUIET");
  s.color = !a.has("no-color") && !set_in_environment("NO_COLOR");
  s.verbose = static_cast<unsigned>(a.count("verbose"));
  s.out_is_terminal = ::isatty(STDOUT_FILENO) == 1;
  s.err_is_terminal = ::isatty(STDERR_FILENO) == 1;
  if (winsize size{}; s.out_is_terminal && ::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0)
    s.width = size.ws_col;
  return s;
}

/// The global options of words that make no command.
arguments globals_in(const std::vector<std::string>& words) {
  arguments out;
  for (std::size_t i = 0; i < words.size(); ++i)
    for (std::string name : {"output", "jq", "compact-output", "no-color"}) {
      bool is_flag = name == "compact-output" || name == "no-color";
      if (words[i] == "--" + name && (is_flag || i + 1 < words.size()))
        out.add(name, is_flag ? "" : words[i + 1]);
      else if (words[i].starts_with("--" + name + "="))
        out.add(name, words[i].substr(name.size() + 3));
    }
  return out;
}

/// Whether somebody asked with the word and not with an option, which is for a short answer.
bool says_help(const std::vector<std::string>& words) {
  auto first = std::find_if(words.begin(), words.end(), [](const auto& w) { return !w.starts_with('-'); });
  return first != words.end() && *first == "help";
}

/// Help, which on a terminal is the manual where that is installed, and wrong usage, which goes to standard output as text, as in the reference; with JSON it is an error like others.
int say_usage(usage_answer u, const std::vector<std::string>& words) {
  output out{style_of(globals_in(words))};
  if (u.exit_code != 0 && out.style().as_json) {
    auto cause = u.text.starts_with("error: ") ? u.text.substr(7, u.text.find("\n\n") - 7) : std::string{"the command is not complete"};
    out.fail({errc::invalid_argument, cause, "try --help"});
    return u.exit_code;
  }
  if (u.exit_code == 0 && says_help(words) && out.style().out_is_terminal && !out.style().as_json)
    become_manual(manual_page_of(u.data.value("usage", std::string{})));
  auto text = printable_lines(u.text);
  if (auto done = out.show({std::move(u.data), text, text}); !done) {
    out.fail(done.error());
    return exit_failure;
  }
  return u.exit_code;
}

int run(std::vector<std::string> words) {
  auto emptied = take_pipe(words, [] {
    std::string line;
    std::getline(std::cin, line);
    return line;
  });
  auto table = all_commands();
  auto parsed = parse(table, words);
  if (auto* u = std::get_if<usage_answer>(&parsed))
    return say_usage(std::move(*u), words);
  auto& given = std::get<parsed_command>(parsed);
  output out{style_of(given.args)};
  auto home = state::home::from_environment();
  if (!home) {
    out.fail(home.error());
    return exit_failure;
  }
  if (auto ok = home->check_owner(); !ok) {
    out.fail(ok.error());
    return exit_failure;
  }
  invocation in{table, std::move(given), out, state::home{std::filesystem::absolute(home->root())}, std::move(emptied)};
  auto done = refuse_empty_pipe(in);
  if (done)
    done = in.what.run(in);
  if (!done) {
    out.fail(done.error());
    return in.failure_code;
  }
  return 0;
}

/// A result that did not get out is not a success.
int with_all_written(int exit_code) {
  if (std::fflush(stdout) == 0 && std::ferror(stdout) == 0)
    return exit_code;
  if (exit_code == 0) // otherwise somebody has said so
    std::fprintf(stderr, "    x cannot write to standard output: %s\n", std::strerror(errno));
  return exit_failure;
}

} // namespace

} // namespace ockam::cli

int main(int argc, char** argv) {
  if (!ockam::reserve_standard_descriptors())
    return ockam::cli::exit_failure;
  try {
    return ockam::cli::with_all_written(ockam::cli::run({argv + 1, argv + argc}));
  } catch (const std::exception& e) { // out of memory, or a mistake of ours
    std::fprintf(stderr, "    x %s\n", ockam::printable_lines(e.what()).c_str());
    return ockam::cli::exit_failure;
  }
}
