// SPDX-License-Identifier: Apache-2.0
#include <ockam/node_main.hpp>

#include <ockam/actor_main.hpp>

#include "cli/node/config_model.hpp"
#include "cli/node/config_schema.hpp"
#include "cli/node/run_node.hpp"
#include "relays/relays.hpp"
#include "runtime/core/error.hpp"
#include "runtime/core/standard_descriptors.hpp"
#include "runtime/core/version.hpp"
#include "services/services.hpp"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <malloc.h>
#include <sys/resource.h>
#include <sys/stat.h>

namespace ockam {

namespace {

/// Before any thread: signals go to the main thread alone, files are private, memory arenas are few and keep what large
/// transfers need again in a moment, and as many descriptors as the system allows.
void prepare_process() {
  sigset_t signals;
  sigemptyset(&signals);
  for (int s : {SIGTERM, SIGINT, SIGHUP})
    sigaddset(&signals, s);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
  ::umask(0077);
  ::mallopt(M_ARENA_MAX, 2);
  // Else large blocks come from the system anew, zeroed page by page, for each of a transfer's messages: those of 4 MB took five times
  // as long. Twice the largest message that there is by default.
  constexpr int kept = 32 << 20;
  ::mallopt(M_MMAP_THRESHOLD, kept);
  ::mallopt(M_TRIM_THRESHOLD, kept);
  rlimit files{};
  if (::getrlimit(RLIMIT_NOFILE, &files) == 0) {
    files.rlim_cur = files.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &files);
  }
}

/// What each listener of the configuration admits, also where nothing is said.
void say_who_is_admitted(node_config c) {
  resolve_allow(c);
  for (const auto& l : c.listeners) {
    std::string names;
    for (const auto& w : l.allow)
      names += (names.empty() ? "" : ", ") + w;
    std::printf("[%s-listener %s] %s admits %s\n", l.transport.c_str(), l.name.c_str(), l.address.c_str(),
                names.empty() ? "nothing" : names.c_str());
  }
}

} // namespace

namespace {

/// A start says all that the check says: who has mended one thing is not to find the next one then. Where only one of them reaches
/// who waits (`--ready-fd`), that one has the others in its hint.
void complete(node_options& o, std::span<const service_type> types) {
  if (!o.usage_error && !o.check_config)
    if (auto all = parse_again(o, types); !all.problems.empty())
      o.problems = std::move(all.problems);
  if (o.ready_fd < 0)
    return;
  constexpr std::size_t most = 5;
  auto& hint = o.problems.front().hint;
  for (std::size_t i = 1; i < std::min(o.problems.size(), most); ++i)
    hint += (hint.empty() ? "also wrong: " : "; also wrong: ") + o.problems[i].cause;
  if (o.problems.size() > most)
    hint += "; and " + std::to_string(o.problems.size() - most) + " more";
}

/// What was asked for and did not get out is not a success.
int with_all_written(int exit_code) {
  if (std::fflush(stdout) == 0 && std::ferror(stdout) == 0)
    return exit_code;
  std::fprintf(stderr, "ockam-node: cannot write to standard output: %s\n", std::strerror(errno));
  return exit_code == exit_ok ? exit_internal : exit_code;
}

int main_of(int argc, char** argv, std::vector<service_type> own, const own_function& body) {
  if (!reserve_standard_descriptors())
    return exit_internal;
  auto standard = standard_services();
  std::vector<service_type> types{standard.begin(), standard.end()};
  for (const auto& t : relay_services())
    types.push_back(t);
  for (auto& t : own)
    types.push_back(std::move(t));
  auto options = parse_node_options(argc, argv, types);
  if (options.help) {
    std::fputs(node_help().c_str(), stdout);
    return with_all_written(exit_ok);
  }
  if (options.version) {
    std::printf("ockam-node %s\n", std::string{version}.c_str());
    return with_all_written(exit_ok);
  }
  if (options.config_schema) {
    std::fputs(config_schema().c_str(), stdout);
    return with_all_written(exit_ok);
  }
  if (options.config.name.empty() && options.no_state)
    options.config.name = "node";
  if (!options.problems.empty()) {
    complete(options, types);
    for (const auto& p : options.problems)
      report_failure(options, p);
    return options.usage_error ? exit_usage : exit_config;
  }
  if (!options.print_config.empty()) {
    auto model = config_model(options.config, &options);
    std::fputs((options.print_config == "json" ? config_json(model, options.places.files) : config_text(model)).c_str(), stdout);
    return with_all_written(exit_ok);
  }
  if (options.check_config) {
    std::printf("%s: ok\n", options.config_file.empty() ? "command line" : options.config_file.c_str());
    say_who_is_admitted(options.config);
    return with_all_written(exit_ok);
  }
  prepare_process();
  return run_node(std::move(options), types, body);
}

/// Whether an option is given in one of its forms: `--name N`, `--name=N`, `-n N`, `-nN`.
bool has_option(const std::vector<char*>& argv, std::string_view name, std::string_view letter = "--") {
  return std::any_of(argv.begin(), argv.end(), [&](std::string_view word) {
    return word == name || (word.starts_with(name) && word[name.size()] == '=')
           || (letter != "--" && word.starts_with(letter));
  });
}

} // namespace

int node_main(int argc, char** argv, std::vector<service_type> own) {
  return main_of(argc, argv, std::move(own), nullptr);
}

int actor_main(int argc, char** argv, std::function<void(caf::actor_system&, const arguments&)> body,
               std::vector<service_type> own) {
  std::vector<char*> all{argv, argv + argc};
  auto end = std::find(all.begin(), all.end(), std::string_view{"--"});
  arguments words{end == all.end() ? end : end + 1, all.end()};
  all.erase(end, all.end());
  std::string no_state = "--no-state", quiet = "--log-level=warn";
  if (!has_option(all, "--name") && !has_option(all, "--config", "-c")) {
    all.push_back(no_state.data());
    if (!has_option(all, "--log-level"))
      all.push_back(quiet.data());
  }
  all.push_back(nullptr);
  return main_of(static_cast<int>(all.size() - 1), all.data(), std::move(own),
                 [&](caf::actor_system& system) { body(system, words); });
}

} // namespace ockam
