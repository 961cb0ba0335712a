// SPDX-License-Identifier: Apache-2.0
#include "cli/state/node_process.hpp"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <fstream>
#include <functional>
#include <poll.h>
#include <sstream>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <utility>

namespace ockam::state {

namespace {

namespace fs = std::filesystem;

/// What the kernel writes behind the path of an open file that is not there any more.
constexpr std::string_view deleted = " (deleted)";

std::optional<int> number_of(const std::string& text) {
  int n = 0;
  auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), n);
  if (ec != std::errc{} || end != text.data() + text.size() || n <= 0)
    return std::nullopt;
  return n;
}

/// Whether the descriptor holds an exclusive flock: who only looks whether a node runs has a shared one.
bool holds_lock(const fs::path& process, const std::string& fd) {
  std::ifstream in{process / "fdinfo" / fd};
  for (std::string line; std::getline(in, line);)
    if (line.starts_with("lock:") && line.find("FLOCK") != std::string::npos && line.find("WRITE") != std::string::npos)
      return true;
  return false;
}

/// A descriptor of a process: where its file is, without ` (deleted)`.
struct open_file {
  fs::path process; ///< /proc/PID
  std::string fd;
  fs::path path;
  bool gone; ///< the file was removed
};

/// Whether the process has a descriptor that locks a file which `wanted` says yes to.
bool locks_one(const fs::path& process, const std::function<bool(const open_file&)>& wanted) {
  std::error_code ended, unseen; // processes of others, or that end meanwhile, have nothing to show
  for (fs::directory_iterator it{process / "fd", ended}, end; !ended && it != end; it.increment(ended)) {
    auto target = fs::read_symlink(it->path(), unseen).string();
    bool gone = target.ends_with(deleted);
    open_file f{process, it->path().filename().string(), gone ? target.substr(0, target.size() - deleted.size()) : target, gone};
    if (!unseen && wanted(f) && holds_lock(process, f.fd))
      return true;
  }
  return false;
}

std::vector<process> holders(const std::function<bool(const open_file&)>& wanted) {
  std::vector<process> out;
  std::error_code failed;
  for (fs::directory_iterator it{"/proc", failed}, end; !failed && it != end; it.increment(failed)) {
    auto pid = number_of(it->path().filename().string());
    if (!pid || *pid == ::getpid())
      continue;
    // First the descriptor, then the question whether it is the right one: the number may go to another meanwhile.
    auto p = process::of(*pid);
    if (p && locks_one(it->path(), wanted) && !p->ended_within(std::chrono::milliseconds{0}))
      out.push_back(std::move(*p));
  }
  return out;
}

fs::path without_links(const fs::path& p) {
  std::error_code failed;
  auto out = fs::weakly_canonical(p, failed);
  return failed ? p : out;
}

bool is_below(const fs::path& p, const fs::path& directory) {
  auto [d, rest] = std::mismatch(directory.begin(), directory.end(), p.begin(), p.end());
  return d == directory.end();
}

} // namespace

std::optional<process> process::of(int pid) {
  descriptor fd{static_cast<int>(::syscall(SYS_pidfd_open, pid, 0))};
  if (!fd)
    return std::nullopt;
  return process{std::move(fd)};
}

int process::pid() const {
  std::ifstream in{"/proc/self/fdinfo/" + std::to_string(fd_.get())};
  for (std::string key; in >> key;)
    if (int n = -1; key == "Pid:" && in >> n)
      return n > 0 ? n : -1;
  return -1;
}

bool process::signal(int number) const {
  return ::syscall(SYS_pidfd_send_signal, fd_.get(), number, nullptr, 0) == 0;
}

bool process::ended_within(std::chrono::milliseconds time) const {
  const auto until = std::chrono::steady_clock::now() + time;
  pollfd p{fd_.get(), POLLIN, 0};
  while (true) {
    auto left = std::chrono::ceil<std::chrono::milliseconds>(until - std::chrono::steady_clock::now());
    auto n = ::poll(&p, 1, std::max(0, static_cast<int>(left.count())));
    if (n >= 0 || errno != EINTR)
      return n > 0;
  }
}

std::optional<process> process_of(const home& h, std::string_view name) {
  auto path = h.lock_file(name);
  auto file = path.filename();
  // A directory that is gone does not say any more in which of the two places it was.
  auto usual = without_links(h.nodes() / name / file), other = without_links(h.foreground_nodes() / name / file);
  struct stat there{};
  bool exists = ::stat(path.c_str(), &there) == 0;
  auto found = holders([&](const open_file& f) {
    if (f.gone)
      return f.path == usual || f.path == other;
    // Its path may be another one in the mount namespace of the process.
    struct stat its{};
    return exists && f.path.filename() == file && ::stat((f.process / "fd" / f.fd).c_str(), &its) == 0
           && its.st_dev == there.st_dev && its.st_ino == there.st_ino;
  });
  if (found.empty())
    return std::nullopt;
  return std::move(found.front());
}

std::vector<process> node_processes(const home& h) {
  auto root = without_links(h.root());
  auto lock = h.lock_file("n").filename();
  return holders([&](const open_file& f) { return f.path.filename() == lock && is_below(f.path, root); });
}

} // namespace ockam::state
