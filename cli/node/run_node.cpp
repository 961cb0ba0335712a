// SPDX-License-Identifier: Apache-2.0
#include "cli/node/run_node.hpp"

#include "cli/node/logging.hpp"
#include "cli/node/node_file.hpp"
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
  /// While it starts, unless whoever starts it has that.
  std::optional<state::name_guard> guard;
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

/// Of a node that cannot have its place below OCKAM_HOME.
int code_without_place(const error& e) {
  switch (e.code) {
    case errc::already_exists: return exit_unavailable;
    case errc::invalid_argument: return exit_config; // the home, or the name for it
    case errc::permission_denied:
    case errc::corrupt_state:
    case errc::limit_reached:
    case errc::io_failure: return exit_cannot_create;
    default: return exit_internal;
  }
}

/// Of a part that cannot begin: what it was told is wrong, unless the world around it is.
int code_of_start(const error& e) {
  switch (e.code) {
    case errc::address_in_use: return exit_unavailable;
    case errc::timed_out:
    case errc::io_failure:
    case errc::address_unavailable:
    case errc::permission_denied:
    case errc::limit_reached:
    case errc::service_failed:
    case errc::internal: return exit_internal;
    default: return exit_config;
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
  std::optional<state::name_guard> guard;
  if (!o.managed) { // otherwise whoever starts it has that
    auto g = state::name_guard::acquire(*home, o.config.name);
    if (!g)
      return std::move(g).error();
    guard.emplace(std::move(*g));
  }
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
  return std::optional<presence>{presence{std::move(guard), std::move(*home), std::move(*lock), std::move(*database)}};
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
std::string wait_for_end(node_options& o, std::span<const service_type> services, node& n, std::optional<presence>& here, task_queue& tasks) {
  sigset_t signals;
  sigemptyset(&signals);
  for (int s : {SIGTERM, SIGINT, SIGHUP})
    sigaddset(&signals, s);
  int signal_fd = ::signalfd(-1, &signals, SFD_CLOEXEC);
  std::array<pollfd, 4> fds{{{signal_fd, POLLIN, 0}, {n.stop_requested_fd(), POLLIN, 0}, {o.exit_on_eof ? STDIN_FILENO : -1, POLLIN, 0},
                             {tasks.fd(), POLLIN, 0}}};
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
    if (fds[3].revents != 0)
      tasks.run();
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
    return code_without_place(here.error());
  }
  if (auto ok = start_logging(o.config.log, log_of(o, *here), o.config.name); !ok) {
    report_failure(o, ok.error());
    return exit_cannot_create;
  }
  task_queue tasks;
  std::optional<node_file> own_file;
  if (o.managed && !o.config_file.empty())
    own_file.emplace(o.config_file, services, tasks);
  auto started = node::start(o.config, {all_transports(), services, own_file ? &*own_file : nullptr}, [&o](const error& e) {
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
    return code_of_start(started.error());
  }
  auto& n = **started;
  if (*here)
    if (auto ok = (*here)->database.node_started(o.config.name, first_tcp(n), ::getpid()); !ok) {
      report_failure(o, ok.error());
      n.stop(stop_deadline, [] { ::_exit(exit_forced); });
      stop_logging();
      return exit_cannot_create;
    }
  if (own_file)
    if (auto ok = own_file->write_ports(o.config, n.listeners()); !ok)
      log(level::warn, "node", "the next start will be at other ports: " + ok.error().cause);
  settle(o);
  if (*here)
    (*here)->guard.reset();
  announce(o, n);
  log(level::info, "node", "node " + o.config.name + " is ready");
  auto why = wait_for_end(o, services, n, *here, tasks);
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
