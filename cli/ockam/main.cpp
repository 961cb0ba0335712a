// SPDX-License-Identifier: Apache-2.0
#include "cli/ockam/invocation.hpp"
#include "cli/ockam/routes.hpp"
#include "cli/ockam/table.hpp"
#include "runtime/core/standard_descriptors.hpp"

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <iostream>
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
  return s;
}

/// Wrong usage goes to standard output as text, as in the reference; with JSON it is an error like others.
int say_usage(const usage_answer& u, const std::vector<std::string>& words) {
  bool json = false;
  for (std::size_t i = 0; i < words.size(); ++i)
    json = json || words[i] == "--output=json" || (words[i] == "--output" && i + 1 < words.size() && words[i + 1] == "json");
  if (json && u.exit_code != 0) {
    output_style s;
    s.as_json = true;
    auto cause = u.text.starts_with("error: ") ? u.text.substr(7, u.text.find("\n\n") - 7) : std::string{"the command is not complete"};
    output{s}.fail({errc::invalid_argument, cause, "try --help"});
    return u.exit_code;
  }
  std::fputs(u.text.c_str(), stdout);
  return u.exit_code;
}

int run(std::vector<std::string> words) {
  take_pipe(words, [] {
    std::string line;
    std::getline(std::cin, line);
    return line;
  });
  auto table = all_commands();
  auto parsed = parse(table, words);
  if (auto* u = std::get_if<usage_answer>(&parsed))
    return say_usage(*u, words);
  auto& given = std::get<parsed_command>(parsed);
  output out{style_of(given.args)};
  auto home = state::home::from_environment();
  if (!home) {
    out.fail(home.error());
    return exit_failure;
  }
  invocation in{table, std::move(given), out, state::home{std::filesystem::absolute(home->root())}};
  auto done = in.what.run(in);
  if (!done) {
    out.fail(done.error());
    return exit_failure;
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
    std::fprintf(stderr, "    x %s\n", e.what());
    return ockam::cli::exit_failure;
  }
}
