// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cli/state/descriptor.hpp"
#include "runtime/core/error.hpp"

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

struct sqlite3;

/// What the programs of one user share: `$OCKAM_HOME` with its database and a directory for each node.
/// No CAF. Thread: one at a time; any number of processes at once.
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
  /// The file of a vault of that name where nobody says otherwise.
  std::filesystem::path vault_file(std::string_view name) const { return root_ / ("vault-" + std::string{name}); }
  std::filesystem::path identities() const { return root_ / "identities"; }
  /// The change history of an identity in hex, for the nodes that have it.
  std::filesystem::path history_file(std::string_view identifier) const { return identities() / identifier; }
  /// The log of a node in the background is `STEM.2026-11-29.log`, a file for each day.
  std::filesystem::path log_stem(std::string_view name) const { return node(name) / "stdout"; }
  /// Where the node logs instead, as it says when it starts (empty: it does not): a symbolic link, `log`.
  result<void> note_log(std::string_view name, const std::filesystem::path& file) const;
  /// That, or the newest of the files. Error: `not_found` for a node that has none.
  result<std::filesystem::path> log_file(std::string_view name) const;
  /// All files that it has logged to and that are there, the oldest first. Error as above.
  result<std::vector<std::filesystem::path>> log_files(std::string_view name) const;
  /// Where the configuration is that the node runs with, as it says when it starts, unless that is its own file (empty: it has
  /// none): a symbolic link, `config`.
  result<void> note_config(std::string_view name, const std::filesystem::path& file) const;
  /// Where its control socket is instead, as it says when it starts (its own: where it always is): `control.sock` is a symbolic
  /// link to it then, so that whoever looks there finds it.
  result<void> note_control_socket(std::string_view name, const std::filesystem::path& socket) const;
  /// The configuration that the node runs with: what it has noted, or its own file.
  std::filesystem::path config_of_run(std::string_view name) const;
  /// Whether this process may work here. What root makes in the home of somebody else is root's, and keeps its owner from it.
  /// Error: `permission_denied`.
  result<void> check_owner() const;

  /// Makes the root (0700). Errors: `permission_denied`, `io_failure` with the path.
  result<void> create() const;
  /// Makes `identities/` (0700).
  result<void> create_identities_dir() const;
  /// Makes `nodes/` (0700).
  result<void> create_nodes_dir() const;
  /// Makes a node's directory (0700). One that was made for the foreground moves below `nodes/` when the node is to run in
  /// the background. Error also: `invalid_argument` when its control socket would not fit.
  result<void> create_node_dir(std::string_view name, bool foreground = false) const;

 private:
  std::filesystem::path root_;
};

/// Why the home, or something in it, cannot be used: whose it is, if it is somebody else's, and where else it may be.
error home_error(const std::string& what, int err, const std::filesystem::path& of);

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

 private:
  explicit node_lock(descriptor file) : file_{std::move(file)} {}
  descriptor file_;
};

/// Held by a program while it changes which nodes there are, or whether one of them runs: creates, starts, stops or
/// deletes it. Nobody else does any of that to this node meanwhile, and nobody resets the home. What was read before
/// the guard was held may be wrong since. Waits for others, who are bounded by deadlines of their own.
class name_guard {
 public:
  /// Errors: `permission_denied`, `io_failure` with the path.
  static result<name_guard> acquire(const home& h, std::string_view name);

  name_guard(name_guard&&) = default;
  name_guard& operator=(name_guard&&) = delete;
  ~name_guard();

 private:
  name_guard(descriptor home, std::filesystem::path path) : home_{std::move(home)}, path_{std::move(path)} {}
  descriptor home_;
  descriptor name_; ///< none: the lock on the home stands for it
  std::filesystem::path path_;
};

/// The same for all nodes at once: held while a home is reset.
class home_guard {
 public:
  /// Errors: as above.
  static result<home_guard> acquire(const home& h);

 private:
  explicit home_guard(descriptor home) : home_{std::move(home)} {}
  descriptor home_;
};

/// The same for the vaults and identities of the home, of which each change concerns the others: held while one is made,
/// changed or deleted, or a node is told which identity it has. Who holds the guard of a node as well has taken that one
/// first.
class keys_guard {
 public:
  /// Errors: as above.
  static result<keys_guard> acquire(const home& h);
  /// For who has the guard of a node, and with it that of the home.
  static result<keys_guard> acquire(const home& h, const name_guard& node);

 private:
  keys_guard(descriptor home, descriptor keys) : home_{std::move(home)}, keys_{std::move(keys)} {}
  static result<keys_guard> lock(const home& h, descriptor home);
  descriptor home_;
  descriptor keys_;
};

/// One line of table `node`.
struct node_row {
  std::string name;
  bool is_default = false;
  std::string tcp_listener_address; ///< the last one it really had
  std::optional<int> pid;           ///< set while it runs; still set but lock free: it was killed
};

/// One line of table `vault`: a file with private keys, or one that says which token has them.
struct vault_row {
  std::string name;
  std::string path; ///< absolute
  bool is_default = false;
  bool is_chosen = false; ///< the user has said that it is the default; otherwise it was just the first one
  bool is_sealed = false;
  std::optional<std::string> passphrase_file = {}; ///< of one that is sealed; none: it is typed
  bool is_token = false;
};

/// One line of table `identity`.
struct identity_row {
  std::string name;
  std::string identifier; ///< `I…`
  std::string history;    ///< in hex, as it is shown to others
  std::optional<std::string> vault; ///< that its key is in; one that was imported need not have a key here
  bool is_default = false;
};

enum class node_status { running, stopped, killed };
std::string_view to_string(node_status s);

/// The database. The first node added becomes the default. One of an earlier schema is brought up to date when it is opened, and
/// as it was is kept beside it, `….schema-1`. Errors: `corrupt_state` (not a database, a
/// newer schema: says so; hint: `ockam reset -y`), `permission_denied`, `io_failure`, `not_found`.
class database {
 public:
  /// One that is not there is made, with a row for each node that the home has all the same: a lost database costs
  /// no node.
  static result<database> open(const home& h);
  /// Its file has been deleted or replaced since, by a reset: what it says is of the past, and what it is told is lost.
  bool is_gone() const;

  result<std::vector<node_row>> nodes();                  ///< in order of creation
  result<std::optional<node_row>> node(std::string_view name);
  result<std::optional<node_row>> default_node();
  /// Adds the node or updates its address and pid (used by the node itself when it is up).
  result<void> node_started(std::string_view name, std::string_view tcp_listener_address, int pid);
  result<void> node_stopped(std::string_view name);       ///< clears the pid; no error when unknown
  result<void> remove_node(std::string_view name);        ///< the oldest of the rest becomes default
  result<void> set_default(std::string_view name);

  /// A copy of it as it is at one moment, whoever writes meanwhile, in a file that is not there yet (0600). Errors: those of
  /// the system.
  result<void> copy_to(const std::filesystem::path& file);
  /// The schema that this program writes.
  static int schema();
  /// That of a file. Error: `corrupt_state` for one that is no database of this program.
  static result<int> schema_of(const std::filesystem::path& file);
  /// No node runs, and what lies below `from` lies below `to`: for a database that comes from elsewhere.
  result<void> move_home(const std::string& from, const std::string& to);

  // Vaults and identities. The first of each becomes the default, and when that goes the oldest of the rest. Changes are
  // for who holds the `keys_guard`.
  result<std::vector<vault_row>> vaults();                     ///< in order of creation
  result<std::optional<vault_row>> vault(std::string_view name);
  result<void> add_vault(const vault_row& v);                  ///< `already_exists`; whether it is the default is not asked
  result<void> move_vault(std::string_view name, std::string_view path);
  result<void> choose_default_vault(std::string_view name);
  result<void> remove_vault(std::string_view name);
  result<std::vector<identity_row>> identities();              ///< in order of creation
  result<std::optional<identity_row>> identity(std::string_view name);
  result<std::optional<identity_row>> identity_of(std::string_view identifier);
  result<std::optional<identity_row>> default_identity();
  result<void> add_identity(const identity_row& i);            ///< as `add_vault`
  /// What is known of the same identifier is replaced, its place and whether it is the default stay.
  result<void> update_identity(const identity_row& i);
  result<void> set_default_identity(std::string_view name);
  result<void> remove_identity(std::string_view name);

 private:
  result<std::optional<identity_row>> one_identity(const char* where, std::optional<std::string_view> what);
  struct closer { void operator()(sqlite3* db) const; };
  using connection = std::unique_ptr<sqlite3, closer>;
  static result<connection> connect(const std::string& path, int flags);
  static result<void> make_if_missing(const home& h);
  /// Runs changes that need no room, also where there is none on the disk.
  result<void> shrink(const std::function<result<void>()>& steps);

  connection db_;
};

/// Names of the nodes that have a directory, wherever they run, in order: for when the database cannot say.
std::vector<std::string> node_directories(const home& h);

/// Row and lock together. One whose lock file was removed while it runs is found by its process.
node_status status_of(const home& h, const node_row& row);

} // namespace ockam::state
