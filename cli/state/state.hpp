// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "runtime/core/error.hpp"

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

struct sqlite3;

/// What the programs of one user share: `$OCKAM_HOME` with its database and a directory for each node.
/// No CAF. Thread: one at a time; any number of processes at once (WAL, busy timeout).
namespace ockam::state {

/// `$OCKAM_HOME`, or `~/.ockam`. Nothing is created by the constructor.
class home {
 public:
  static result<home> from_environment();
  explicit home(std::filesystem::path root) : root_{std::move(root)} {}

  const std::filesystem::path& root() const { return root_; }
  std::filesystem::path database() const { return root_ / "application_database.sqlite3"; }
  std::filesystem::path nodes() const { return root_ / "nodes"; }
  std::filesystem::path foreground_nodes() const { return root_ / "run"; }
  /// The directory of a node: below `nodes/`; of one that was created in the foreground below `run/`.
  std::filesystem::path node(std::string_view name) const;
  /// Where that is for a node that is to be: where it is already, or else by where it will run.
  std::filesystem::path node_to_be(std::string_view name, bool foreground) const;
  std::filesystem::path control_socket(std::string_view name) const { return node(name) / "control.sock"; }
  std::filesystem::path script_history() const { return root_ / "script_history"; }
  std::filesystem::path lock_file(std::string_view name) const { return node(name) / "lock"; }
  std::filesystem::path config_file(std::string_view name) const { return node(name) / "node.ini"; }
  /// The log of a node in the background is `STEM.2026-11-29.log`, a file for each day.
  std::filesystem::path log_stem(std::string_view name) const { return node(name) / "stdout"; }
  /// The newest of them. Error: `not_found` for a node that has none.
  result<std::filesystem::path> log_file(std::string_view name) const;

  /// Makes the root (0700). Errors: `permission_denied`, `io_failure` with the path.
  result<void> create() const;
  /// Makes `nodes/` (0700).
  result<void> create_nodes_dir() const;
  /// Makes a node's directory (0700). One that was made for the foreground moves below `nodes/` when the node is to run in
  /// the background. Error also: `invalid_argument` when its control socket would not fit.
  result<void> create_node_dir(std::string_view name, bool foreground = false) const;

 private:
  std::filesystem::path root_;
};

/// `[A-Za-z0-9_-]+`, at most 64 bytes (the control socket's path has to fit 107). Error: `invalid_argument`.
result<void> check_node_name(std::string_view name);

/// Held by the process that is the node: `flock` on the node's lock file. Released by the destructor and
/// by the kernel when the process dies, so "is it running" never depends on a pid.
class node_lock {
 public:
  /// Errors: `already_exists` when another process holds it (the cause names the node).
  static result<node_lock> acquire(const home& h, std::string_view name);
  /// Whether some process holds it now.
  static bool held(const home& h, std::string_view name);

  node_lock(node_lock&&) noexcept;
  node_lock& operator=(node_lock&&) noexcept;
  ~node_lock();

 private:
  explicit node_lock(int fd) : fd_{fd} {}
  int fd_ = -1;
};

/// Held by a program of this user while it creates, starts, stops or deletes a node, so that two who do it
/// at once do not tread on each other's files. Waits for the other, who is bounded by deadlines of its own.
class name_guard {
 public:
  /// Errors: `permission_denied`, `io_failure` with the path.
  static result<name_guard> acquire(const home& h, std::string_view name);

  name_guard(name_guard&&) noexcept;
  name_guard& operator=(name_guard&&) = delete;
  ~name_guard();

 private:
  name_guard(int fd, std::filesystem::path path) : fd_{fd}, path_{std::move(path)} {}
  int fd_;
  std::filesystem::path path_;
};

/// One line of table `node`.
struct node_row {
  std::string name;
  bool is_default = false;
  std::string tcp_listener_address; ///< the last one it really had, so that `node start` reuses it
  std::optional<int> pid;           ///< set while it runs; still set but lock free: it was killed
};

enum class node_status { running, stopped, killed };
std::string_view to_string(node_status s);

/// The database. The first node added becomes the default. Errors: `corrupt_state` (not a database, a
/// newer schema: says so; hint: `ockam reset -y`), `permission_denied`, `io_failure`, `not_found`.
class database {
 public:
  static result<database> open(const home& h);

  result<std::vector<node_row>> nodes();                  ///< in order of creation
  result<std::optional<node_row>> node(std::string_view name);
  result<std::optional<node_row>> default_node();
  /// Adds the node or updates its address and pid (used by the node itself when it is up).
  result<void> node_started(std::string_view name, std::string_view tcp_listener_address, int pid);
  result<void> node_stopped(std::string_view name);       ///< clears the pid; no error when unknown
  result<void> remove_node(std::string_view name);        ///< the oldest of the rest becomes default
  result<void> set_default(std::string_view name);

 private:
  struct closer { void operator()(sqlite3* db) const; };
  using connection = std::unique_ptr<sqlite3, closer>;
  static result<connection> connect(const std::string& path, int flags);
  static result<void> make_if_missing(const std::string& path);

  connection db_;
};

/// Row and lock together.
node_status status_of(const home& h, const node_row& row);

} // namespace ockam::state
