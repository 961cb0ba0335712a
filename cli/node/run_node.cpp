// SPDX-License-Identifier: Apache-2.0
#include "cli/node/run_node.hpp"

#include "channels/channels.hpp"
#include "cli/node/config_model.hpp"
#include "cli/node/http_service.hpp"
#include "cli/node/logging.hpp"
#include "cli/node/node_file.hpp"
#include "cli/node/passed_sockets.hpp"
#include "cli/node/presence.hpp"
#include "cli/node/reloading.hpp"
#include "cli/node/service_manager.hpp"
#include "cli/node/tracing_service.hpp"
#include "cli/node/waiting.hpp"
#include "identity/passphrase.hpp"
#include "identity/token_vault.hpp"
#include "portals/portals.hpp"
#include "relays/relays.hpp"
#include "runtime/core/printable.hpp"
#include "runtime/node/node.hpp"
#include "transports/transports.hpp"

#include <nlohmann/json.hpp>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <malloc.h>
#include <optional>
#include <unistd.h>
#include <utility>
#include <vector>

namespace ockam {

namespace {

constexpr std::chrono::milliseconds stop_deadline{1800}; // two seconds for all that comes after what was under way
constexpr std::chrono::milliseconds own_deadline{500};   // as long as somebody at a terminal waits for a program to end

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

/// Gives back what only the start needed: the node has taken its own copy of the configuration, and parsing
/// it has left holes.
void settle(node_options& o) {
  std::vector<service_config>{}.swap(o.config.services);
  ::malloc_trim(0);
}

} // namespace

void report_failure(node_options& o, const error& e) {
  // Scripts and files may say any bytes; neither JSON nor a terminal takes them.
  auto cause = without_secrets(printable_lines(e.cause), o.places.secrets), hint = without_secrets(printable_lines(e.hint), o.places.secrets);
  tell_ready(o, {{"error", {{"code", static_cast<int>(e.code)}, {"cause", cause}, {"hint", hint}}}});
  write_if_read(STDERR_FILENO, "ockam-node: " + cause + "\n" + (hint.empty() ? "" : "  hint: " + hint + "\n"));
}

namespace {

/// The end of a node that has a log already, and cannot start.
int leave(node_options& o, const service_manager& manager, error why, int code) {
  manager.failed(why.cause);
  bool log_is_written = stop_logging();
  if (code == exit_config && !o.managed && !o.config_file.empty()) // this is the first one; the check goes on
    why.hint += (why.hint.empty() ? "" : "; ") + std::string{"see all problems with: ockam-node --config "} + o.config_file + " --check-config";
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

/// Whether somebody is there who can be asked: a program in the background would be stopped by that.
bool has_operator() { return ::isatty(STDIN_FILENO) != 0 && ::tcgetpgrp(STDIN_FILENO) == ::getpgrp(); }

/// Asks the operator for the passphrase of a vault, three times at most, as `login` does.
result<channels::identity_ptr> load_identity_with_typed(const identity_config& c, identities::timestamp now) {
  for (int left = 3;; --left) {
    auto typed = identities::passphrase::ask("Passphrase of the vault " + printable(c.vault) + ": ");
    if (!typed)
      return std::move(typed).error();
    auto who = channels::node_identity::load(c, now, &*typed);
    if (who || who.error().code != errc::permission_denied || left == 1)
      return who;
  }
}

/// Null where the configuration has none.
result<channels::identity_ptr> load_identity(const identity_config& c) {
  if (c.vault.empty())
    return channels::identity_ptr{};
  auto since = std::chrono::duration_cast<std::chrono::seconds>(std::chrono::system_clock::now().time_since_epoch());
  auto now = static_cast<identities::timestamp>(since.count());
  bool is_typed = c.passphrase_file.empty() && c.passphrase_credential.empty() && has_operator() && identities::needs_passphrase(c.vault);
  auto who = is_typed ? load_identity_with_typed(c, now) : channels::node_identity::load(c, now);
  if (who)
    log(level::info, "identity", "this node is " + (*who)->name());
  return who;
}

/// Whoever has started the node, if that speaks the protocols of systemd. A node that `ockam node create` has started is
/// nobody's service, whatever that runs in.
service_manager manager_of(const node_options& o) {
  auto m = service_manager::from_environment();
  return o.managed && !o.foreground ? service_manager{} : std::move(m);
}

/// Where log, configuration and control socket are, for `ockam logs`, bundles and backups, and whoever asks the node.
void note_places(const node_options& o, const presence& here) {
  for (const auto& ok : {here.home.note_log(o.config.name, o.config.log.file), here.home.note_config(o.config.name, o.config_file),
                         here.home.note_control_socket(o.config.name, o.config.control_socket)})
    if (!ok)
      log(level::warn, "node", ok.error());
}

} // namespace

int run_node(node_options o, std::span<const service_type> services, const own_function& own) {
  hide_in_log(o.places.secrets);
  auto manager = manager_of(o);
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
    note_places(o, **here);
  auto keys = o.config.identity;
  if (*here && keys.known_identities.empty())
    keys.known_identities = ((*here)->home.node(o.config.name) / "known_identities").string();
  auto who = load_identity(keys);
  if (!who) {
    log(level::error, "node", who.error());
    return leave(o, manager, who.error(), code_of_start(who.error()));
  }
  channels::parts secure{*std::move(who)};
  auto facilities = secure.facilities();
  for (auto& f : portal_facilities(secure.routes())) // which may go through channels
    facilities.push_back(std::move(f));
  facilities.push_back(make_relays(secure.routes()));
  task_queue tasks;
  passed_sockets sockets{manager};
  std::optional<node_file> own_file;
  if (o.managed && !o.config_file.empty())
    own_file.emplace(o.config_file, services, tasks);
  auto compare = [&](node_config running, comparison_done done) {
    tasks.post([&o, services, running = std::move(running), done = std::move(done)] { done(compare_with_file(o, services, running)); });
  };
  tracing_service traces{o.config.name};
  traces.serve(o.config.tracing);
  auto started =
    node::start(o.config, {all_transports(), services, own_file ? &*own_file : nullptr, facilities, secure.routes(), compare, &traces.spans(), &sockets}, [&o](const error& e) {
      log(level::error, "node", e);
      log(level::error, "node", "something did not end in time: cut off");
      (void)stop_logging();
      report_failure(o, e);
      ::_exit(exit_forced);
    });
  if (!started) {
    log(level::error, "node", started.error());
    return leave(o, manager, started.error(), code_of_start(started.error()));
  }
  auto& n = **started;
  if (*here)
    if (auto ok = (*here)->database.node_started(o.config.name, first_tcp(n.listeners()), ::getpid()); !ok) {
      n.stop(stop_deadline, [] { ::_exit(exit_forced); });
      return leave(o, manager, ok.error(), exit_cannot_create);
    }
  http_service http{n, o.config.control_socket};
  if (auto ok = http.serve(o.config.http); !ok) {
    log(level::error, "http", ok.error());
    n.stop(stop_deadline, [] { ::_exit(exit_forced); });
    return leave(o, manager, ok.error(), code_of_start(ok.error()));
  }
  if (own_file)
    if (auto ok = own_file->write_ports(o.config, n.listeners()); !ok)
      log(level::warn, "node", "the next start will be at other ports: " + ok.error().cause);
  settle(o);
  if (*here)
    (*here)->guard.reset();
  sockets.close_unused();
  announce(o, n, http, own != nullptr);
  manager.ready(status_of(n.listeners()));
  log(level::info, "node", "node " + o.config.name + " is ready");
  reloading reload{{o, services, n, http, traces, secure, *here, tasks, manager}};
  waiting wait{{o, n, http, reload, tasks, manager, sockets}};
  own_part program{own, n, wait, tasks};
  wait.run();
  traces.finish(wait.end_of_grace());
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
  if (!stop_logging() || reload.is_reading() || traces.is_stuck())
    ::_exit(code);
  return code;
}

} // namespace ockam
