// SPDX-License-Identifier: Apache-2.0
#include "cli/ockam/run_program.hpp"

#include "cli/ockam/interrupt.hpp"
#include "cli/ockam/launch.hpp"
#include "cli/state/descriptor.hpp"

#include <array>
#include <cerrno>
#include <csignal>
#include <fcntl.h>
#include <poll.h>
#include <span>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

namespace ockam::cli {

namespace {

constexpr std::size_t most_output = 16u << 20;

/// While it lives, signals that end a program come in where it waits (`wait`), and so between no question and the wait after it.
class ends_while_waiting {
 public:
  ends_while_waiting() {
    sigset_t ends;
    ::sigemptyset(&ends);
    for (int signal : {SIGINT, SIGTERM, SIGHUP})
      ::sigaddset(&ends, signal);
    ::pthread_sigmask(SIG_BLOCK, &ends, &before_);
  }
  ~ends_while_waiting() { ::pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  ends_while_waiting(const ends_while_waiting&) = delete;
  ends_while_waiting& operator=(const ends_while_waiting&) = delete;

  /// As `poll` without a time-out.
  int wait(std::span<pollfd> fds) { return ::ppoll(fds.data(), fds.size(), nullptr, &before_); }

 private:
  sigset_t before_{};
};

/// Reads both until they end, so that neither fills its pipe. When this program is told to end, so is that one.
void read_both(pid_t pid, int out_fd, int err_fd, program_result& into) {
  ends_while_waiting ends;
  if (interrupted()) // before
    ::kill(pid, SIGTERM);
  std::array<pollfd, 2> fds{{{out_fd, POLLIN, 0}, {err_fd, POLLIN, 0}}};
  std::array<std::string*, 2> texts{&into.out, &into.err};
  std::array<char, 16384> chunk;
  while (fds[0].fd >= 0 || fds[1].fd >= 0) {
    if (ends.wait(fds) < 0) {
      if (errno != EINTR)
        return;
      if (interrupted())
        ::kill(pid, SIGTERM);
      continue; // what stands in `revents` is of the time before
    }
    for (std::size_t i = 0; i < fds.size(); ++i) {
      if (fds[i].fd < 0 || fds[i].revents == 0)
        continue;
      auto n = ::read(fds[i].fd, chunk.data(), chunk.size());
      if (n > 0 && texts[i]->size() < most_output)
        texts[i]->append(chunk.data(), static_cast<std::size_t>(n));
      if (n == 0 || (n < 0 && errno != EINTR))
        fds[i].fd = -1;
    }
  }
}

} // namespace

result<program_result> run_node_program(const std::vector<std::string>& words) {
  auto file = find_node_program();
  return file ? run_program(*file, words) : result<program_result>{std::move(file).error()};
}

result<program_result> run_program(const std::string& file, const std::vector<std::string>& words) {
  int out[2], err[2];
  if (::pipe2(out, O_CLOEXEC) != 0)
    return system_error("cannot make a pipe", errno);
  state::descriptor out_read{out[0]}, out_write{out[1]};
  if (::pipe2(err, O_CLOEXEC) != 0)
    return system_error("cannot make a pipe", errno);
  state::descriptor err_read{err[0]}, err_write{err[1]};
  posix_spawn_file_actions_t files;
  ::posix_spawn_file_actions_init(&files);
  ::posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  ::posix_spawn_file_actions_adddup2(&files, out_write.get(), STDOUT_FILENO);
  ::posix_spawn_file_actions_adddup2(&files, err_write.get(), STDERR_FILENO);
  std::vector<std::string> texts{file};
  texts.insert(texts.end(), words.begin(), words.end());
  std::vector<char*> argv;
  for (auto& t : texts)
    argv.push_back(t.data());
  argv.push_back(nullptr);
  pid_t pid = 0;
  auto rc = ::posix_spawnp(&pid, file.c_str(), &files, nullptr, argv.data(), environ);
  ::posix_spawn_file_actions_destroy(&files);
  if (rc != 0)
    return system_error("cannot start " + file, rc);
  { auto ours = std::move(out_write), too = std::move(err_write); } // what is still open would never end
  program_result r;
  read_both(pid, out_read.get(), err_read.get(), r);
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  r.exit_code = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
  return r;
}

} // namespace ockam::cli
