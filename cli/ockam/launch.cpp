// SPDX-License-Identifier: Apache-2.0
#include "cli/ockam/launch.hpp"

#include <nlohmann/json.hpp>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <fstream>
#include <optional>
#include <poll.h>
#include <spawn.h>
#include <sstream>
#include <sys/wait.h>
#include <unistd.h>

namespace ockam::cli {

namespace {

constexpr const char* program = "ockam-node";
constexpr int ready_fd = 3; ///< where the node writes its line, in its own numbering

/// Both ends of a pipe; what is open at the end is closed.
struct pipe_ends {
  int read = -1;
  int write = -1;

  bool open() {
    int fds[2];
    if (::pipe2(fds, O_CLOEXEC) != 0)
      return false;
    read = fds[0];
    write = fds[1];
    return true;
  }
  void close_write() {
    if (write >= 0)
      ::close(std::exchange(write, -1));
  }
  ~pipe_ends() {
    close_write();
    if (read >= 0)
      ::close(read);
  }
};

/// Arguments or environment as exec takes them.
class pointers {
 public:
  explicit pointers(std::vector<std::string> texts) : texts_{std::move(texts)} {
    for (auto& t : texts_)
      list_.push_back(t.data());
    list_.push_back(nullptr);
  }
  char** get() { return list_.data(); }

 private:
  std::vector<std::string> texts_;
  std::vector<char*> list_;
};

pointers command_line(const std::vector<std::string>& options) {
  std::vector<std::string> words{program};
  words.insert(words.end(), options.begin(), options.end());
  words.insert(words.end(), {"--ready-fd", std::to_string(ready_fd)});
  return pointers{std::move(words)};
}

/// Ours, with OCKAM_HOME as an absolute path: the node may change its directory.
pointers environment(const state::home& h) {
  std::vector<std::string> all;
  for (char** e = environ; *e; ++e)
    if (std::strncmp(*e, "OCKAM_HOME=", 11) != 0)
      all.emplace_back(*e);
  all.push_back("OCKAM_HOME=" + h.root().string());
  return pointers{std::move(all)};
}

/// The line that the node wrote: ready, or its error. Nothing when it ended without one.
std::optional<result<started_node>> read_line(const std::string& text) {
  auto j = nlohmann::json::parse(text.substr(0, text.find('\n')), nullptr, false);
  if (!j.is_object())
    return std::nullopt;
  if (j.contains("ready"))
    return started_node{0, j.value("tcp", std::string{})};
  auto e = j.value("error", nlohmann::json::object());
  return error{static_cast<errc>(e.value("code", static_cast<int>(errc::internal))), e.value("cause", std::string{}),
               e.value("hint", std::string{})};
}

/// Everything that the node writes until it closes its end. Error: `timed_out`.
result<std::string> read_until_closed(int fd, const deadline& by) {
  std::string text;
  char chunk[1024];
  while (true) {
    pollfd p{fd, POLLIN, 0};
    auto n = ::poll(&p, 1, static_cast<int>(by.left().count()));
    if (n == 0)
      return error{errc::timed_out, "the node was not ready in time", "give it longer with --timeout"};
    auto got = n < 0 ? -1 : ::read(fd, chunk, sizeof(chunk));
    if (got > 0)
      text.append(chunk, static_cast<std::size_t>(got));
    else if (got == 0)
      return text;
    else if (errno != EINTR)
      return system_error("cannot read from the node", errno);
  }
}

std::string last_line_of(const std::filesystem::path& file) {
  std::ifstream in{file};
  std::string line, last;
  while (std::getline(in, line))
    if (!line.empty())
      last = line;
  return last;
}

/// A node that ended without a word.
error died(int pid, const std::filesystem::path& log) {
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  auto how = WIFSIGNALED(status) ? std::string{"a signal: "} + ::strsignal(WTERMSIG(status))
                                 : "exit code " + std::to_string(WEXITSTATUS(status));
  auto last = last_line_of(log);
  return {errc::internal, "the node ended before it was ready, by " + how + (last.empty() ? "" : ": " + last), {}};
}

} // namespace

result<std::string> find_node_program() {
  std::error_code ignored;
  auto self = std::filesystem::read_symlink("/proc/self/exe", ignored);
  std::vector<std::filesystem::path> places{self.parent_path()};
  if (const char* path = std::getenv("PATH")) {
    std::istringstream in{path};
    for (std::string dir; std::getline(in, dir, ':');)
      places.emplace_back(dir);
  }
  for (const auto& dir : places)
    if (auto file = dir / program; ::access(file.c_str(), X_OK) == 0)
      return file.string();
  return error{errc::not_found, "there is no ockam-node beside " + self.string() + " or in PATH", "is everything installed?"};
}

result<started_node> launch_in_background(const state::home& h, const std::string& name, const std::vector<std::string>& options,
                                          const deadline& by) {
  auto file = find_node_program();
  if (!file)
    return std::move(file).error();
  pipe_ends ready;
  if (!ready.open())
    return system_error("cannot make a pipe", errno);
  auto log = h.node(name) / "stderr.log";
  // Opened here, where it can be said what is wrong with it.
  state::descriptor log_fd{::open(log.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0600)};
  if (log_fd.get() < 0)
    return system_error("cannot write " + log.string(), errno);
  posix_spawn_file_actions_t files;
  ::posix_spawn_file_actions_init(&files);
  ::posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  ::posix_spawn_file_actions_adddup2(&files, log_fd.get(), STDOUT_FILENO);
  ::posix_spawn_file_actions_adddup2(&files, STDOUT_FILENO, STDERR_FILENO);
  ::posix_spawn_file_actions_adddup2(&files, ready.write, ready_fd);
  // A lock or a pipe of the calling script must not live as long as the node.
  ::posix_spawn_file_actions_addclosefrom_np(&files, ready_fd + 1);
  posix_spawnattr_t attributes;
  ::posix_spawnattr_init(&attributes);
  ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSID);
  pid_t pid = 0;
  auto rc = ::posix_spawn(&pid, file->c_str(), &files, &attributes, command_line(options).get(), environment(h).get());
  ::posix_spawnattr_destroy(&attributes);
  ::posix_spawn_file_actions_destroy(&files);
  if (rc != 0)
    return system_error("cannot start " + *file, rc);
  ready.close_write();
  auto text = read_until_closed(ready.read, by);
  if (!text) {
    ::kill(pid, SIGKILL);
    while (::waitpid(pid, nullptr, 0) < 0 && errno == EINTR) {
    }
    return std::move(text).error();
  }
  auto line = read_line(*text);
  if (!line)
    return died(pid, log);
  if (!*line) { // it goes by itself; whoever cleans up has to come after it
    while (::waitpid(pid, nullptr, 0) < 0 && errno == EINTR) {
    }
    return std::move(*line);
  }
  (*line)->pid = pid;
  return std::move(*line);
}

result<started_node> become_node(const state::home& h, const std::vector<std::string>& options, bool& announcer) {
  auto file = find_node_program();
  if (!file)
    return std::move(file).error();
  pipe_ends ready;
  if (!ready.open())
    return system_error("cannot make a pipe", errno);
  auto node = ::getpid();
  // The announcer is a grandchild, so that the node does not get a child that it knows nothing of.
  auto child = ::fork();
  if (child < 0)
    return system_error("cannot start a process", errno);
  if (child == 0) {
    if (::fork() != 0)
      ::_exit(0);
    announcer = true;
    ready.close_write();
    auto text = read_until_closed(ready.read, deadline{std::chrono::hours{1}});
    auto line = text ? read_line(*text) : std::nullopt;
    if (!line)
      return error{errc::internal, "the node ended before it was ready", {}};
    if (*line)
      (*line)->pid = node;
    return std::move(*line);
  }
  while (::waitpid(child, nullptr, 0) < 0 && errno == EINTR) {
  }
  if (::dup2(ready.write, ready_fd) < 0 || (ready.write == ready_fd && ::fcntl(ready_fd, F_SETFD, 0) < 0))
    return system_error("cannot pass on a pipe", errno);
  ::execve(file->c_str(), command_line(options).get(), environment(h).get());
  return system_error("cannot start " + *file, errno);
}

} // namespace ockam::cli
