// SPDX-License-Identifier: Apache-2.0
#include <ockam/node_main.hpp>

#include "cli/node/run_node.hpp"
#include "relays/relays.hpp"
#include "runtime/core/error.hpp"
#include "runtime/core/standard_descriptors.hpp"
#include "runtime/core/version.hpp"
#include "services/services.hpp"

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <malloc.h>
#include <sys/resource.h>
#include <sys/stat.h>

namespace ockam {

namespace {

/// Before any thread: signals go to the main thread alone, files are private, memory arenas are few, and
/// as many descriptors as the system allows.
void prepare_process() {
  sigset_t signals;
  sigemptyset(&signals);
  for (int s : {SIGTERM, SIGINT, SIGHUP})
    sigaddset(&signals, s);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
  ::umask(0077);
  ::mallopt(M_ARENA_MAX, 2);
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

/// What was asked for and did not get out is not a success.
int with_all_written(int exit_code) {
  if (std::fflush(stdout) == 0 && std::ferror(stdout) == 0)
    return exit_code;
  std::fprintf(stderr, "ockam-node: cannot write to standard output: %s\n", std::strerror(errno));
  return exit_code == exit_ok ? exit_internal : exit_code;
}

} // namespace

int node_main(int argc, char** argv, std::vector<service_type> own) {
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
  if (options.config.name.empty() && options.no_state)
    options.config.name = "node";
  if (!options.problems.empty()) {
    for (const auto& p : options.problems)
      report_failure(options, p);
    return options.usage_error ? exit_usage : exit_config;
  }
  if (options.check_config) {
    std::printf("%s: ok\n", options.config_file.empty() ? "command line" : options.config_file.c_str());
    say_who_is_admitted(options.config);
    return with_all_written(exit_ok);
  }
  prepare_process();
  return run_node(std::move(options), types);
}

} // namespace ockam
