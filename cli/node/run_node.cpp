// SPDX-License-Identifier: Apache-2.0
#include "cli/node/run_node.hpp"

#include "cli/node/logging.hpp"
#include "cli/state/state.hpp"
#include "runtime/core/printable.hpp"
#include "runtime/node/node.hpp"
#include "transports/transports.hpp"

#include <nlohmann/json.hpp>

#include <array>
#include <csignal>
#include <cstdio>
#include <malloc.h>
#include <optional>
#include <poll.h>
#include <sys/signalfd.h>
#include <unistd.h>
#include <utility>

namespace ockam {

namespace {

constexpr std::chrono::milliseconds stop_deadline{1800}; // two seconds for all of it

/// The part of a node that outlives it: directory, lock, row in the database.
struct presence {
  state::home home;
  state::node_lock lock;
  state::database database;
};

/// Once: what comes later has nobody who listens.
void tell_ready(node_options& o, const nlohmann::json& line) {
  auto fd = std::exchange(o.ready_fd, -1);
  if (fd < 0)
    return;
  auto text = line.dump() + "\n";
  (void)!::write(fd, text.data(), text.size());
  ::close(fd);
}

int code_of(const error& e) {
  switch (e.code) {
    case errc::address_in_use:
    case errc::already_exists: return exit_unavailable;
    case errc::permission_denied:
    case errc::corrupt_state: return exit_cannot_create;
    case errc::invalid_config: return exit_config;
    case errc::invalid_argument: return exit_usage;
    default: return exit_internal;
  }
}

result<std::optional<presence>> enter(node_options& o) {
  if (o.no_state)
    return std::optional<presence>{};
  if (auto ok = state::check_node_name(o.config.name); !ok)
    return std::move(ok).error();
  auto home = state::home::from_environment();
  if (!home)
    return std::move(home).error();
  if (auto ok = home->create_node_dir(o.config.name, o.foreground); !ok)
    return std::move(ok).error();
  auto lock = state::node_lock::acquire(*home, o.config.name);
  if (!lock)
    return std::move(lock).error();
  auto database = state::database::open(*home);
  if (!database)
    return std::move(database).error();
  if (o.config.control_socket.empty())
    o.config.control_socket = home->control_socket(o.config.name).string();
  return std::optional<presence>{presence{std::move(*home), std::move(*lock), std::move(*database)}};
}

std::string first_tcp(const node& n) {
  for (const auto& l : n.listeners())
    if (l.transport == "tcp")
      return l.socket_address;
  return {};
}

default_log log_of(const node_options& o, const std::optional<presence>& here) {
  using place = default_log::place;
  if (!o.managed || !here)
    return {};
  return o.foreground ? default_log{place::standard_output} : default_log{place::daily_files, here->home.log_stem(o.config.name)};
}

void announce(node_options& o, const node& n) {
  if (o.foreground) {
    if (o.say_name)
      std::printf("%s\n", o.config.name.c_str());
    release_log();
  } else if (!o.managed) {
    for (const auto& l : n.listeners())
      std::printf("listening %s %s\n", l.transport.c_str(), l.socket_address.c_str());
    std::printf("node %s is ready\n", o.config.name.c_str());
    std::fflush(stdout);
  }
  tell_ready(o, {{"ready", true}, {"tcp", first_tcp(n)}});
}

/// SIGHUP: the configuration as it is now is put into effect, as far as that goes without a new start.
void reload(node_options& o, std::span<const service_type> services, node& n, std::optional<presence>& here) {
  log(level::info, "node", "SIGHUP: reading the configuration again");
  auto fresh = parse_again(o, services);
  for (const auto& p : fresh.problems)
    log(level::error, "node", p);
  if (!fresh.problems.empty())
    return log(level::warn, "node", "SIGHUP: the configuration is wrong, nothing was changed");
  if (auto& now = o.config.log.level; now != fresh.config.log.level) {
    now = fresh.config.log.level;
    set_log_level(parse_level(now));
    log(level::info, "node", "log-level is now " + now);
  }
  // What `enter` made of them.
  if (fresh.config.control_socket.empty())
    fresh.config.control_socket = o.config.control_socket;
  auto before = first_tcp(n);
  n.reload(std::move(fresh.config));
  if (auto now = first_tcp(n); here && now != before)
    if (auto ok = here->database.node_started(o.config.name, now, ::getpid()); !ok)
      log(level::error, "node", ok.error());
}

/// Gives back what only the start needed: the node has taken its own copy of the configuration, and parsing
/// it has left holes.
void settle(node_options& o) {
  std::vector<service_config>{}.swap(o.config.services);
  ::malloc_trim(0);
}

/// Waits for a reason to stop, which it returns for the log.
std::string wait_for_end(node_options& o, std::span<const service_type> services, node& n, std::optional<presence>& here) {
  sigset_t signals;
  sigemptyset(&signals);
  for (int s : {SIGTERM, SIGINT, SIGHUP})
    sigaddset(&signals, s);
  int signal_fd = ::signalfd(-1, &signals, SFD_CLOEXEC);
  std::array<pollfd, 3> fds{{{signal_fd, POLLIN, 0}, {n.stop_requested_fd(), POLLIN, 0}, {o.exit_on_eof ? STDIN_FILENO : -1, POLLIN, 0}}};
  while (true) {
    if (::poll(fds.data(), fds.size(), -1) < 0)
      continue;
    if (fds[0].revents != 0) {
      signalfd_siginfo info{};
      if (::read(signal_fd, &info, sizeof(info)) == sizeof(info)) {
        if (info.ssi_signo != SIGHUP)
          return info.ssi_signo == SIGTERM ? "SIGTERM" : "SIGINT";
        reload(o, services, n, here);
      }
    }
    if (fds[1].revents != 0)
      return "a request over control";
    if (fds[2].revents != 0) {
      std::array<char, 4096> ignored;
      if (::read(STDIN_FILENO, ignored.data(), ignored.size()) <= 0)
        return "the end of standard input";
    }
  }
}

} // namespace

void report_failure(node_options& o, const error& e) {
  // Scripts and files may say any bytes; neither JSON nor a terminal takes them.
  auto cause = printable_lines(e.cause), hint = printable_lines(e.hint);
  tell_ready(o, {{"error", {{"code", static_cast<int>(e.code)}, {"cause", cause}, {"hint", hint}}}});
  std::fprintf(stderr, "ockam-node: %s\n", cause.c_str());
  if (!hint.empty())
    std::fprintf(stderr, "  hint: %s\n", hint.c_str());
}

int run_node(node_options o, std::span<const service_type> services) {
  auto here = enter(o);
  if (!here) {
    report_failure(o, here.error());
    // All that reads or writes here is below OCKAM_HOME.
    return here.error().code == errc::io_failure ? exit_cannot_create : code_of(here.error());
  }
  if (auto ok = start_logging(o.config.log, log_of(o, *here), o.config.name); !ok) {
    report_failure(o, ok.error());
    return exit_cannot_create;
  }
  auto started = node::start(o.config, {all_transports(), services}, [&o](const error& e) {
    log(level::error, "node", e);
    log(level::error, "node", "something did not end in time: cut off");
    stop_logging();
    report_failure(o, e);
    ::_exit(exit_forced);
  });
  if (!started) {
    log(level::error, "node", started.error());
    stop_logging();
    report_failure(o, started.error());
    return code_of(started.error());
  }
  auto& n = **started;
  if (*here)
    if (auto ok = (*here)->database.node_started(o.config.name, first_tcp(n), ::getpid()); !ok) {
      report_failure(o, ok.error());
      n.stop(stop_deadline, [] { ::_exit(exit_forced); });
      stop_logging();
      return exit_cannot_create;
    }
  settle(o);
  announce(o, n);
  log(level::info, "node", "node " + o.config.name + " is ready");
  auto why = wait_for_end(o, services, n, *here);
  log(level::info, "node", "stopping: " + why);
  if (o.exit_on_eof && why.ends_with("input"))
    std::fprintf(stderr, "  ! EOF received\n");
  n.stop(stop_deadline, [] {
    log(level::error, "node", "something did not end in time: cut off");
    stop_logging();
    ::_exit(exit_forced);
  });
  if (*here)
    (void)(*here)->database.node_stopped(o.config.name);
  log(level::info, "node", "stopped");
  stop_logging();
  return exit_ok;
}

} // namespace ockam
