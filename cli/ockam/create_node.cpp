// SPDX-License-Identifier: Apache-2.0
#include "cli/ockam/create_node.hpp"

#include "cli/ockam/names.hpp"
#include "cli/ockam/nodes.hpp"
#include "cli/ockam/stop_node.hpp"

#include <cerrno>
#include <fcntl.h>
#include <fstream>
#include <sstream>
#include <unistd.h>
#include <utility>

namespace ockam::cli {

namespace {

namespace fs = std::filesystem;

/// What cannot be looked at is not there: who then writes to it says why.
bool there(const fs::path& p) {
  std::error_code unseen;
  return fs::exists(p, unseen);
}

std::optional<std::string> read_file(const fs::path& p) {
  std::ifstream in{p};
  if (!in)
    return std::nullopt;
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

/// Whole or not at all: into a file beside it, then renamed.
result<void> write_file(const fs::path& p, const std::string& text) {
  auto fresh = p;
  fresh += ".new";
  auto fd = ::open(fresh.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (fd < 0)
    return system_error("cannot write " + fresh.string(), errno);
  auto written = ::write(fd, text.data(), text.size());
  auto err = written < 0 ? errno : ENOSPC;
  ::close(fd);
  if (written != static_cast<ssize_t>(text.size()))
    return system_error("cannot write " + fresh.string(), err);
  if (::rename(fresh.c_str(), p.c_str()) != 0)
    return system_error("cannot write " + p.string(), errno);
  return {};
}

/// Puts the directory of a node back as it was, unless the node has come up.
class undo {
 public:
  undo(const state::home& h, const std::string& name, bool existed)
    : dir_{h.node(name)}, ini_{h.config_file(name)}, existed_{existed}, before_{read_file(ini_)} {}
  ~undo() { run(); }
  undo(const undo&) = delete;
  undo& operator=(const undo&) = delete;

  void keep() { kept_ = true; }
  void run() {
    if (std::exchange(kept_, true))
      return;
    std::error_code ignored;
    if (!existed_)
      fs::remove_all(dir_, ignored);
    else if (before_)
      (void)write_file(ini_, *before_);
    else
      fs::remove(ini_, ignored);
  }

 private:
  fs::path dir_;
  fs::path ini_;
  bool existed_;
  std::optional<std::string> before_;
  bool kept_ = false;
};

result<void> check_free(invocation& in, const std::string& name) {
  auto running = error{errc::already_exists, "Node " + name + " is already running", "stop it with: ockam node stop " + name};
  if (state::node_lock::held(in.home, name))
    return running;
  auto db = in.database();
  if (!db)
    return std::move(db).error();
  auto row = (*db)->node(name);
  if (!row)
    return std::move(row).error();
  if (*row && lost_process(in.home, **row)) {
    running.cause += " (pid " + std::to_string(*(*row)->pid) + "), but its directory is gone";
    running.hint = "remove it with: ockam node delete " + name + " -y";
    return running;
  }
  return {};
}

/// The node read its configuration from a file that is not there any more when the user looks.
error without_file(error e, const fs::path& ini) {
  if (e.cause.starts_with(ini.string() + ":"))
    if (auto end = e.cause.find(": "); end != std::string::npos)
      e.cause = "the configuration is wrong: " + e.cause.substr(end + 2);
  return e;
}

} // namespace

bool says_its_name(const invocation& in, const new_node& n) {
  return n.foreground && !in.out.style().as_json && !in.out.style().out_is_terminal;
}

result<started_node> create_node(invocation& in, const new_node& n) {
  auto text = n.ini.text();
  if (!text)
    return std::move(text).error();
  auto guard = state::name_guard::acquire(in.home, n.name);
  if (!guard)
    return std::move(guard).error();
  if (auto free = check_free(in, n.name); !free)
    return std::move(free).error();
  auto existed = there(in.home.node(n.name));
  if (auto ok = in.home.create_node_dir(n.name, n.foreground); !ok)
    return std::move(ok).error();
  undo back{in.home, n.name, existed};
  auto ini = in.home.config_file(n.name);
  if (auto ok = write_file(ini, *text); !ok)
    return std::move(ok).error();
  std::vector<std::string> options{"--config", ini.string(), "--managed"};
  if (n.foreground)
    options.emplace_back("--foreground");
  if (says_its_name(in, n))
    options.emplace_back("--say-name");
  if (n.exit_on_eof)
    options.emplace_back("--exit-on-eof");
  in.out.detail("wrote " + ini.string());
  bool announcer = false;
  auto started = n.foreground ? become_node(in.home, options, announcer) : launch_in_background(in.home, n.name, options, in.by());
  if (!started && announcer) { // the node has said it
    back.run();
    ::_exit(exit_failure);
  }
  if (!started)
    return without_file(std::move(started).error(), ini);
  back.keep();
  return started;
}

result<started_node> restart_node(invocation& in, const state::node_row& row) {
  auto guard = state::name_guard::acquire(in.home, row.name);
  if (!guard)
    return std::move(guard).error();
  if (auto free = check_free(in, row.name); !free)
    return std::move(free).error();
  auto ini = in.home.config_file(row.name);
  if (!there(ini)) {
    bool dir = there(in.home.node(row.name));
    return error{errc::not_found, dir ? "node " + row.name + " has no configuration at " + ini.string()
                                      : "the directory of node " + row.name + " is gone: " + in.home.node(row.name).string(),
                 dir ? "it was not made by 'ockam node create': start it the way it was started before"
                     : "make it anew with: ockam node create " + row.name};
  }
  if (auto ok = in.home.create_node_dir(row.name); !ok) // one that was in the foreground no longer is
    return std::move(ok).error();
  std::vector<std::string> options{"--config", in.home.config_file(row.name).string(), "--managed"};
  if (!row.tcp_listener_address.empty())
    options.insert(options.end(), {"--tcp-listener-address", row.tcp_listener_address});
  return launch_in_background(in.home, row.name, options, in.by());
}

result<std::string> create_default_node(invocation& in) {
  auto name = random_node_name(in.home);
  new_node n{.name = name, .ini = plain_node_ini(name)};
  auto started = create_node(in, n);
  if (!started)
    return std::move(started).error();
  in.out.notice(done_line("There was no default node: created " + name));
  return name;
}

std::string random_node_name(const state::home& h) {
  auto name = two_words();
  while (there(h.node(name)))
    name = two_words();
  return name;
}

} // namespace ockam::cli
