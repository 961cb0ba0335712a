// SPDX-License-Identifier: Apache-2.0
#include "cli/node/run_node.hpp"

#include "channels/channels.hpp"
#include "cli/node/config_model.hpp"
#include "cli/node/http_service.hpp"
#include "cli/node/logging.hpp"
#include "cli/node/node_file.hpp"
#include "cli/state/descriptor.hpp"
#include "cli/state/state.hpp"
#include "portals/portals.hpp"
#include "relays/relays.hpp"
#include "runtime/core/printable.hpp"
#include "runtime/node/node.hpp"
#include "transports/transports.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <fstream>
#include <limits>
#include <malloc.h>
#include <optional>
#include <poll.h>
#include <string_view>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <thread>
#include <unistd.h>
#include <utility>
#include <vector>

namespace ockam {

namespace {

constexpr std::chrono::milliseconds stop_deadline{1800}; // two seconds for all that comes after what was under way
constexpr std::chrono::milliseconds own_deadline{500};   // as long as somebody at a terminal waits for a program to end

/// The part of a node that outlives it: directory, lock, row in the database.
struct presence {
  /// While it starts, unless whoever starts it has that.
  std::optional<state::name_guard> guard;
  state::home home;
  state::node_lock lock;
  state::database database;
};

/// Says it to whoever reads there; nothing to one that reads nothing, which must not hold up the node.
void write_if_read(int fd, std::string_view text) {
  constexpr std::size_t fits = 4096; // PIPE_BUF: a pipe that takes anything takes this much
  constexpr int patience_ms = 100;
  while (!text.empty()) {
    pollfd p{fd, POLLOUT, 0};
    if (::poll(&p, 1, patience_ms) != 1 || (p.revents & POLLOUT) == 0)
      return;
    auto n = ::write(fd, text.data(), std::min(text.size(), fits));
    if (n <= 0)
      return;
    text.remove_prefix(static_cast<std::size_t>(n));
  }
}

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

std::string first_tcp(const std::vector<listener_info>& listeners) {
  for (const auto& l : listeners)
    if (l.transport == "tcp")
      return l.socket_address;
  return {};
}

default_log log_of(const node_options& o, const std::optional<presence>& here) {
  using place = default_log::place;
  if (!o.managed || !here)
    return {};
  return o.foreground ? default_log{place::standard_output}
                      : default_log{place::daily_files, here->home.log_stem(o.config.name)};
}

void announce(node_options& o, const node& n, const http_service& http, bool speaks_itself) {
  if (speaks_itself) {
    // What is on standard output is the program's.
  } else if (o.foreground) {
    if (o.say_name)
      std::printf("%s\n", o.config.name.c_str());
    release_log();
  } else if (!o.managed) {
    for (const auto& l : n.listeners())
      std::printf("listening %s %s\n", l.transport.c_str(), l.socket_address.c_str());
    if (auto at = http.address(); !at.empty())
      std::printf("listening %s %s\n", o.config.http.certificate.empty() ? "http" : "https", at.c_str());
    std::printf("node %s is ready\n", o.config.name.c_str());
    std::fflush(stdout);
  }
  tell_ready(o, {{"ready", true}, {"tcp", first_tcp(n.listeners())}});
}

/// SIGHUP: the configuration as it is now is put into effect, as far as that goes without a new start: all of it or
/// nothing. It is read and checked on a thread of its own, since that makes services, as a start does, and code of
/// users may take its time; the main thread goes on to hear signals.
///
///     ──SIGHUP──▶ reading ──▶ n.reload ──▶ log-level, database
class reloading {
 public:
  /// All live longer than this.
  reloading(node_options& o, std::span<const service_type> services, node& n, http_service& http, std::optional<presence>& here,
            task_queue& main_thread)
    : options_{o}, services_{services}, node_{n}, http_{http}, here_{here}, main_thread_{main_thread} {}

  void begin() {
    reopen_log();
    log(level::info, "node", "SIGHUP: reading the configuration again");
    again_ = reads_;
    if (!std::exchange(reads_, true))
      std::thread{[this] {
        auto fresh = std::make_shared<node_options>(parse_again(options_, services_));
        main_thread_.post([this, fresh] { read(*fresh); });
      }}.detach();
  }
  /// Whether code of a service runs that has not returned: the process cannot end in order.
  bool is_reading() const { return reads_; }

 private:
  void read(node_options& fresh) {
    reads_ = false;
    if (std::exchange(again_, false))
      return begin();
    hide_in_log(fresh.places.secrets);
    for (const auto& p : fresh.problems)
      log(level::error, "node", p);
    if (!fresh.problems.empty())
      return log(level::warn, "node", "SIGHUP: the configuration is wrong, nothing was changed");
    if (here_ && fresh.config.control_socket.empty()) // as `enter` does
      fresh.config.control_socket = here_->home.control_socket(options_.config.name).string();
    auto after = [this, log_level = fresh.config.log.level, grace = fresh.config.stop_grace,
                  http = fresh.config.http](bool ok, std::vector<listener_info> listeners) {
      main_thread_.post([this, ok, log_level, grace, http, tcp = first_tcp(listeners)] { done(ok, log_level, grace, http, tcp); });
    };
    node_.reload(std::move(fresh.config), std::move(after));
  }

  void done(bool ok, const std::string& log_level, std::chrono::milliseconds stop_grace, const http_config& http, const std::string& tcp) {
    if (ok)
      options_.config.stop_grace = stop_grace;
    if (ok) {
      if (auto served = http_.serve(http); !served)
        log(level::error, "http", served.error());
      else
        options_.config.http = http;
    }
    if (auto& now = options_.config.log.level; ok && now != log_level) {
      now = log_level;
      set_log_level(parse_level(now));
      log(level::info, "node", "log-level is now " + now);
    }
    if (here_)
      if (auto written = here_->database.node_started(options_.config.name, tcp, ::getpid()); !written)
        log(level::error, "node", written.error());
  }

  node_options& options_;
  std::span<const service_type> services_;
  node& node_;
  http_service& http_;
  std::optional<presence>& here_;
  task_queue& main_thread_;
  bool reads_ = false;
  bool again_ = false; ///< a SIGHUP came while it read
};

/// Gives back what only the start needed: the node has taken its own copy of the configuration, and parsing
/// it has left holes.
void settle(node_options& o) {
  std::vector<service_config>{}.swap(o.config.services);
  ::malloc_trim(0);
}

/// Waits for a reason to stop, and then until nothing is under way any more, or somebody is in a hurry.
///
///     runs ──signal, request over control, end of standard input──▶ drains ──over, another signal──▶ returns
class waiting {
 public:
  waiting(node_options& o, node& n, http_service& http, reloading& reload, task_queue& tasks)
    : options_{o}, node_{n}, http_{http}, reload_{reload}, tasks_{tasks} {}

  void run() {
    sigset_t signals;
    sigemptyset(&signals);
    for (int s : {SIGTERM, SIGINT, SIGHUP})
      sigaddset(&signals, s);
    state::descriptor signal_fd{::signalfd(-1, &signals, SFD_CLOEXEC)};
    std::array<pollfd, 5> fds{{{signal_fd.get(), POLLIN, 0},
                               {node_.stop_requested_fd(), POLLIN, 0},
                               {options_.exit_on_eof ? STDIN_FILENO : -1, POLLIN, 0},
                               {tasks_.fd(), POLLIN, 0},
                               {node_.drained_fd(), POLLIN, 0}}};
    while (fds[4].revents == 0 && !hurries_) {
      auto n = ::poll(fds.data(), fds.size(), left());
      if (n == 0)
        return; // something keeps the socket thread: `stop` says so
      if (n < 0)
        continue;
      if (fds[0].revents != 0)
        take_signal(signal_fd.get());
      if (fds[3].revents != 0)
        tasks_.run();
      if (std::exchange(fds[1].revents, 0) != 0) {
        fds[1].fd = -1;
        stop("a request over control");
      }
      if (fds[2].revents != 0 && has_ended(STDIN_FILENO)) {
        fds[2].fd = -1;
        write_if_read(STDERR_FILENO, "  ! EOF received\n");
        stop("the end of standard input");
      }
    }
  }

  void stop(const std::string& why) {
    if (!std::exchange(stops_, true)) {
      log(level::info, "node", "stopping: " + why);
      http_.stopping();
      latest_ = clock::now() + options_.config.stop_grace + std::chrono::seconds{1};
    }
    if (!node_.drain())
      hurries_ = true;
  }

 private:
  using clock = std::chrono::steady_clock;

  /// Milliseconds until the node has to have drained, for `poll`.
  int left() const {
    if (!stops_)
      return -1;
    auto ms = std::chrono::ceil<std::chrono::milliseconds>(latest_ - clock::now());
    return static_cast<int>(std::clamp<std::int64_t>(ms.count(), 0, std::numeric_limits<int>::max()));
  }

  void take_signal(int fd) {
    signalfd_siginfo info{};
    if (::read(fd, &info, sizeof(info)) != sizeof(info))
      return;
    std::string name = info.ssi_signo == SIGHUP ? "SIGHUP" : info.ssi_signo == SIGTERM ? "SIGTERM" : "SIGINT";
    if (info.ssi_signo == SIGHUP && stops_)
      return log(level::warn, "node", "SIGHUP: the node is stopping, the configuration is not read");
    if (info.ssi_signo == SIGHUP)
      return reload_.begin();
    hurries_ = stops_;
    if (hurries_)
      log(level::warn, "node", name + " again: what is under way is cut off");
    stop(name);
  }

  static bool has_ended(int fd) {
    std::array<char, 4096> ignored;
    return ::read(fd, ignored.data(), ignored.size()) <= 0;
  }

  node_options& options_;
  node& node_;
  http_service& http_;
  reloading& reload_;
  task_queue& tasks_;
  bool stops_ = false;
  bool hurries_ = false;
  clock::time_point latest_{};
};

} // namespace

void report_failure(node_options& o, const error& e) {
  // Scripts and files may say any bytes; neither JSON nor a terminal takes them.
  auto cause = without_secrets(printable_lines(e.cause), o.places.secrets), hint = without_secrets(printable_lines(e.hint), o.places.secrets);
  tell_ready(o, {{"error", {{"code", static_cast<int>(e.code)}, {"cause", cause}, {"hint", hint}}}});
  write_if_read(STDERR_FILENO, "ockam-node: " + cause + "\n" + (hint.empty() ? "" : "  hint: " + hint + "\n"));
}

namespace {

/// The end of a node that has a log already, and cannot start.
int leave(node_options& o, const error& why, int code) {
  bool log_is_written = stop_logging();
  report_failure(o, why);
  if (!log_is_written)
    ::_exit(code);
  return code;
}

/// The function of a program that has one: with its end the node ends.
class own_part {
 public:
  /// All live until the node has stopped.
  own_part(const own_function& f, node& n, waiting& wait, task_queue& main_thread) : runs_{f != nullptr} {
    if (f)
      n.run(f, [this, &wait, &main_thread](const std::optional<std::string>& threw) {
        if (threw)
          log(level::error, "node", "an exception has left the program's own function: " + *threw);
        failed_ = threw.has_value();
        runs_ = false;
        main_thread.post([&wait] { wait.stop("its own function has ended"); });
      });
  }
  bool runs() const { return runs_; }
  bool has_failed() const { return failed_; }

 private:
  std::atomic<bool> runs_;
  std::atomic<bool> failed_ = false;
};

/// A dump of this process has none of its memory, which has keys. Its other traits stay, so that who looks for nodes
/// still finds it (which `PR_SET_DUMPABLE` would end).
void keep_memory_out_of_dumps() {
  rlimit none{0, 0};
  (void)::setrlimit(RLIMIT_CORE, &none);
  std::ofstream{"/proc/self/coredump_filter"} << "0"; // where dumps go to a program, the limit does not count
}

/// Null where the configuration has none.
result<channels::identity_ptr> load_identity(const identity_config& c) {
  if (c.vault.empty())
    return channels::identity_ptr{};
  keep_memory_out_of_dumps();
  auto now = std::chrono::duration_cast<std::chrono::seconds>(std::chrono::system_clock::now().time_since_epoch());
  auto who = channels::node_identity::load(c, static_cast<identities::timestamp>(now.count()));
  if (who)
    log(level::info, "identity", "this node is " + (*who)->name());
  return who;
}

/// Where the log is, for `ockam node logs`.
void note_log(const node_options& o, const presence& here) {
  if (auto ok = here.home.note_log(o.config.name, o.config.log.file); !ok)
    log(level::warn, "node", ok.error());
}

} // namespace

int run_node(node_options o, std::span<const service_type> services, const own_function& own) {
  hide_in_log(o.places.secrets);
  auto here = enter(o);
  if (!here) {
    report_failure(o, here.error());
    return code_without_place(here.error());
  }
  if (auto ok = start_logging(o.config.log, log_of(o, *here), o.config.name); !ok) {
    report_failure(o, ok.error());
    return exit_cannot_create;
  }
  if (*here)
    note_log(o, **here);
  auto who = load_identity(o.config.identity);
  if (!who) {
    log(level::error, "node", who.error());
    return leave(o, who.error(), code_of_start(who.error()));
  }
  channels::parts secure{*std::move(who)};
  auto facilities = secure.facilities();
  for (auto& f : portal_facilities(secure.routes())) // which may go through channels
    facilities.push_back(std::move(f));
  facilities.emplace_back(&make_relays);
  task_queue tasks;
  std::optional<node_file> own_file;
  if (o.managed && !o.config_file.empty())
    own_file.emplace(o.config_file, services, tasks);
  auto compare = [&](node_config running, comparison_done done) {
    tasks.post([&o, services, running = std::move(running), done = std::move(done)] { done(compare_with_file(o, services, running)); });
  };
  auto started =
    node::start(o.config, {all_transports(), services, own_file ? &*own_file : nullptr, facilities, secure.routes(), compare}, [&o](const error& e) {
      log(level::error, "node", e);
      log(level::error, "node", "something did not end in time: cut off");
      (void)stop_logging();
      report_failure(o, e);
      ::_exit(exit_forced);
    });
  if (!started) {
    log(level::error, "node", started.error());
    return leave(o, started.error(), code_of_start(started.error()));
  }
  auto& n = **started;
  if (*here)
    if (auto ok = (*here)->database.node_started(o.config.name, first_tcp(n.listeners()), ::getpid()); !ok) {
      n.stop(stop_deadline, [] { ::_exit(exit_forced); });
      return leave(o, ok.error(), exit_cannot_create);
    }
  http_service http{n, o.config.control_socket};
  if (auto ok = http.serve(o.config.http); !ok) {
    log(level::error, "http", ok.error());
    n.stop(stop_deadline, [] { ::_exit(exit_forced); });
    return leave(o, ok.error(), code_of_start(ok.error()));
  }
  if (own_file)
    if (auto ok = own_file->write_ports(o.config, n.listeners()); !ok)
      log(level::warn, "node", "the next start will be at other ports: " + ok.error().cause);
  settle(o);
  if (*here)
    (*here)->guard.reset();
  announce(o, n, http, own != nullptr);
  log(level::info, "node", "node " + o.config.name + " is ready");
  reloading reload{o, services, n, http, *here, tasks};
  waiting wait{o, n, http, reload, tasks};
  own_part program{own, n, wait, tasks};
  wait.run();
  http.close();
  n.stop(program.runs() ? own_deadline : stop_deadline, [&] {
    if (!program.runs())
      log(level::error, "node", "something did not end in time: cut off");
    else if (*here)
      (void)(*here)->database.node_stopped(o.config.name);
    (void)stop_logging();
    ::_exit(program.runs() ? exit_ok : exit_forced);
  });
  if (*here)
    (void)(*here)->database.node_stopped(o.config.name);
  log(level::info, "node", "stopped");
  auto code = program.has_failed() ? exit_internal : exit_ok;
  if (!stop_logging() || reload.is_reading())
    ::_exit(code);
  return code;
}

} // namespace ockam
