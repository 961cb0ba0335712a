// SPDX-License-Identifier: Apache-2.0
#include "cli/ockam/stop_node.hpp"

#include <cerrno>
#include <csignal>
#include <fstream>
#include <poll.h>
#include <sstream>
#include <sys/syscall.h>
#include <unistd.h>

namespace ockam::cli {

namespace {

/// A node cuts off what does not end within two seconds.
constexpr std::chrono::milliseconds in_order{3'000};
constexpr std::chrono::milliseconds after_kill{2'000};
constexpr std::chrono::milliseconds ask_time{1'000};

/// A process by its descriptor, so that no signal ever goes to another one that got its number.
class process {
 public:
  explicit process(int pid) : fd_{static_cast<int>(::syscall(SYS_pidfd_open, pid, 0))} {}
  process(const process&) = delete;
  process& operator=(const process&) = delete;
  ~process() {
    if (fd_ >= 0)
      ::close(fd_);
  }

  bool exists() const { return fd_ >= 0; }
  bool signal(int number) const { return ::syscall(SYS_pidfd_send_signal, fd_, number, nullptr, 0) == 0; }
  /// Whether it has ended within `time`.
  bool ended_within(std::chrono::milliseconds time) const {
    deadline by{time};
    pollfd p{fd_, POLLIN, 0};
    int n;
    while ((n = ::poll(&p, 1, static_cast<int>(by.left().count()))) < 0 && errno == EINTR) {
    }
    return n > 0;
  }

 private:
  int fd_;
};

bool ask_to_stop(const state::home& h, const std::string& name) {
  deadline by{ask_time};
  auto c = control_client::connect(h.control_socket(name).string(), name, by);
  if (!c)
    return false;
  control::Request r;
  r.mutable_stop_node();
  return static_cast<bool>(c->call(std::move(r), by));
}

/// Under the guard of its name.
result<void> stop_guarded(invocation& in, const state::node_row& row, bool force) {
  if (!state::node_lock::held(in.home, row.name) && !lost_process(in.home, row))
    return error{errc::unreachable, "Node " + row.name + " is not running", "start it with: ockam node start " + row.name};
  if (auto ok = end_node(in.home, row, force); !ok)
    return ok;
  auto db = in.database();
  if (!db)
    return std::move(db).error();
  return (*db)->node_stopped(row.name); // a node that was killed could not say so itself
}

} // namespace

result<void> end_node(const state::home& h, const state::node_row& row, bool force) {
  process p{row.pid.value_or(-1)};
  if (!p.exists())
    return error{errc::internal, "node " + row.name + " runs, but its process cannot be found", {}};
  if (force) {
    p.signal(SIGKILL);
  } else if (!ask_to_stop(h, row.name) && !p.signal(SIGTERM)) {
    return system_error("cannot stop node " + row.name, errno);
  }
  if (p.ended_within(force ? after_kill : in_order))
    return {};
  p.signal(SIGKILL);
  if (p.ended_within(after_kill))
    return {};
  return error{errc::timed_out, "node " + row.name + " (pid " + std::to_string(*row.pid) + ") does not end, not even when killed", {}};
}

bool lost_process(const state::home& h, const state::node_row& row) {
  if (!row.pid || state::node_lock::held(h, row.name))
    return false;
  std::ifstream in{"/proc/" + std::to_string(*row.pid) + "/cmdline"};
  std::ostringstream words;
  words << in.rdbuf();
  return words.str().find(h.config_file(row.name).string()) != std::string::npos;
}

result<void> stop_node(invocation& in, const state::node_row& row, bool force) {
  auto guard = state::name_guard::acquire(in.home, row.name);
  if (!guard)
    return std::move(guard).error();
  return stop_guarded(in, row, force);
}

result<void> delete_node(invocation& in, const state::node_row& row, bool force) {
  auto guard = state::name_guard::acquire(in.home, row.name);
  if (!guard)
    return std::move(guard).error();
  if (auto ok = stop_guarded(in, row, force); !ok && ok.error().code != errc::unreachable)
    return ok;
  std::error_code failed;
  std::filesystem::remove_all(in.home.node(row.name), failed);
  if (failed)
    return system_error("cannot delete " + in.home.node(row.name).string(), failed.value());
  auto db = in.database();
  if (!db)
    return std::move(db).error();
  return (*db)->remove_node(row.name);
}

} // namespace ockam::cli
