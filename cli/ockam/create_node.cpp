// SPDX-License-Identifier: Apache-2.0
#include "cli/ockam/create_node.hpp"

#include "cli/ockam/names.hpp"
#include "cli/ockam/node_identity.hpp"
#include "cli/ockam/nodes.hpp"
#include "cli/state/files.hpp"
#include "cli/state/node_process.hpp"

#include <cerrno>
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

/// Configurations that are kept of nodes whose name was used again; the oldest goes.
constexpr int kept_files = 9;

fs::path kept_file(const fs::path& ini, int n) {
  return ini.string() + ".old" + (n == 1 ? "" : "." + std::to_string(n));
}

/// Puts the configuration of the node that had the name before out of the way: node.ini.old, an older one
/// node.ini.old.2, and so on.
result<void> keep_old(const fs::path& ini) {
  for (int n = kept_files; n > 0; --n) {
    auto from = n == 1 ? ini : kept_file(ini, n - 1);
    if (there(from) && ::rename(from.c_str(), kept_file(ini, n).c_str()) != 0)
      return system_error("cannot keep " + from.string(), errno);
  }
  return {};
}

void take_back(const fs::path& ini) {
  std::error_code failed;
  for (int n = 1; n <= kept_files && there(kept_file(ini, n)) && !failed; ++n)
    fs::rename(kept_file(ini, n), n == 1 ? ini : kept_file(ini, n - 1), failed);
}

/// Puts the directory of a node back as it was, unless the node has come up.
class undo {
 public:
  undo(const state::home& h, const std::string& name, bool existed) : dir_{h.node(name)}, ini_{h.config_file(name)}, existed_{existed} {}
  ~undo() { run(); }
  undo(const undo&) = delete;
  undo& operator=(const undo&) = delete;

  void old_is_kept() { old_ = true; }
  bool has_old() const { return old_; }
  void keep() { kept_ = true; }
  void run() {
    if (std::exchange(kept_, true))
      return;
    std::error_code ignored;
    if (!existed_)
      fs::remove_all(dir_, ignored);
    else
      fs::remove(ini_, ignored);
    if (old_)
      take_back(ini_);
  }

 private:
  fs::path dir_;
  fs::path ini_;
  bool existed_;
  bool old_ = false;
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
  if (!*row || !(*row)->pid)
    return {};
  if (auto p = state::process_of(in.home, name)) {
    running.cause += " (pid " + std::to_string(p->pid()) + "), but its " + (there(in.home.node(name)) ? "lock file" : "directory") + " is gone";
    running.hint = there(in.home.node(name)) ? "stop it with: ockam node stop " + name + ", which keeps its configuration"
                                             : "remove it with: ockam node delete " + name + " -y";
    return running;
  }
  return {};
}

/// Writes the new configuration. The one that a node of this name had is kept if it says something else.
result<void> write_configuration(invocation& in, const state::name_guard& node, const ini_file& what, const fs::path& ini, undo& back) {
  auto text = what.text();
  auto held = text ? hold_identity(in, what, node) : result<state::keys_guard>{std::move(text).error()};
  if (!held)
    return std::move(held).error();
  if (auto before = state::read_file(ini); before && *before != *text) {
    if (auto ok = keep_old(ini); !ok)
      return ok;
    back.old_is_kept();
  }
  return state::replace_file(ini, *text);
}

void say_old_is_kept(invocation& in, const std::string& name) {
  auto ini = in.home.config_file(name);
  auto old = kept_file(ini, 1).string();
  in.out.warn("There was a node " + name + " already: its configuration is kept in " + old + ". To go back to it: ockam node stop " + name
              + " && cp " + old + " " + ini.string() + " && ockam node start " + name);
}

/// The name that the command holds the guard of, whatever the file says meanwhile.
std::vector<std::string> options_of(const std::string& name, const fs::path& ini) {
  return {"--config", ini.string(), "--managed", "--name", name};
}

/// The node read its configuration from a file that is not there any more when the user looks.
error without_file(error e, const fs::path& ini) {
  if (e.cause.starts_with(ini.string() + ":"))
    if (auto end = e.cause.find(": "); end != std::string::npos)
      e.cause = "the configuration is wrong: " + e.cause.substr(end + 2);
  const auto place = ini.string() + ":"; // of what else is wrong
  for (auto at = e.hint.find(place); at != std::string::npos; at = e.hint.find(place, at)) {
    auto end = e.hint.find(": ", at);
    e.hint.erase(at, end == std::string::npos ? place.size() : end + 2 - at);
  }
  return e;
}

} // namespace

bool says_its_name(const invocation& in, const new_node& n) {
  return n.foreground && !in.out.style().as_json && !in.out.style().out_is_terminal;
}

result<started_node> create_node(invocation& in, new_node n) {
  if (auto ok = choose_identity(in, n.ini, n.identity); !ok)
    return std::move(ok).error();
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
  if (auto ok = write_configuration(in, *guard, n.ini, ini, back); !ok)
    return std::move(ok).error();
  auto options = options_of(n.name, ini);
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
    { auto done = std::move(*guard); }
    ::_exit(exit_failure);
  }
  if (!started)
    return without_file(std::move(started).error(), ini);
  back.keep();
  if (back.has_old())
    say_old_is_kept(in, n.name);
  return started;
}

result<started_node> restart_node(invocation& in, const std::string& name) {
  auto guard = state::name_guard::acquire(in.home, name);
  if (!guard)
    return std::move(guard).error();
  if (auto row = known_node(in, name); !row)
    return std::move(row).error();
  if (auto free = check_free(in, name); !free)
    return std::move(free).error();
  auto ini = in.home.config_file(name);
  if (!there(ini)) {
    bool dir = there(in.home.node(name));
    return error{errc::not_found, dir ? "node " + name + " has no configuration at " + ini.string()
                                      : "the directory of node " + name + " is gone: " + in.home.node(name).string(),
                 dir ? "it was not made by 'ockam node create': start it the way it was started before"
                     : "make it anew with: ockam node create " + name};
  }
  if (auto ok = in.home.create_node_dir(name); !ok) // one that was in the foreground no longer is
    return std::move(ok).error();
  if (auto ok = refresh_history(in, name); !ok)
    return std::move(ok).error();
  return launch_in_background(in.home, name, options_of(name, in.home.config_file(name)), in.by());
}

result<std::string> create_default_node(invocation& in) {
  auto name = random_node_name(in.home);
  auto started = create_node(in, {.name = name, .ini = plain_node_ini(name)});
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
