// SPDX-License-Identifier: Apache-2.0
#include "cli/node/waiting.hpp"

#include "cli/node/presence.hpp"
#include "cli/state/descriptor.hpp"
#include "runtime/core/log.hpp"

#include <algorithm>
#include <array>
#include <csignal>
#include <limits>
#include <poll.h>
#include <sys/signalfd.h>
#include <unistd.h>
#include <utility>

namespace ockam {

life_signs::life_signs(const service_manager& manager, node& n, task_queue& main_thread)
  : manager_{manager}, node_{n}, main_thread_{main_thread}, every_{manager.watchdog() / 3} {
  if (every_.count() > 0)
    next_ = clock::now();
}

void life_signs::look() {
  next_ = clock::now() + every_;
  if (!std::exchange(asked_, true))
    node_.prove_life([this] {
      main_thread_.post([this] {
        asked_ = false;
        manager_.alive();
      });
    });
}

namespace {

constexpr std::chrono::seconds beyond_grace{1}; ///< before the socket thread counts as stuck

} // namespace

void waiting::run() {
  sigset_t signals;
  sigemptyset(&signals);
  for (int s : {SIGTERM, SIGINT, SIGHUP})
    sigaddset(&signals, s);
  state::descriptor signal_fd{::signalfd(-1, &signals, SFD_CLOEXEC)};
  std::array<pollfd, 5> fds{{{signal_fd.get(), POLLIN, 0},
                             {parts_.of.stop_requested_fd(), POLLIN, 0},
                             {parts_.options.exit_on_eof ? STDIN_FILENO : -1, POLLIN, 0},
                             {parts_.tasks.fd(), POLLIN, 0},
                             {parts_.of.drained_fd(), POLLIN, 0}}};
  while (fds[4].revents == 0 && !hurries_) {
    auto n = ::poll(fds.data(), fds.size(), left());
    auto now = clock::now();
    if (n == 0 && now >= latest_)
      return; // something keeps the socket thread: `stop` says so
    if (now >= life_.next())
      life_.look();
    if (!stops_ && now >= parts_.http.next_try())
      parts_.http.try_again();
    if (n <= 0)
      continue;
    if (fds[0].revents != 0)
      take_signal(signal_fd.get());
    if (fds[3].revents != 0)
      parts_.tasks.run();
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

void waiting::stop(const std::string& why) {
  if (!std::exchange(stops_, true)) {
    log(level::info, "node", "stopping: " + why);
    auto longest = parts_.options.config.stop_grace + beyond_grace;
    latest_ = clock::now() + longest;
    parts_.manager.stopping(longest + std::chrono::seconds{3}, "stopping: " + why);
    parts_.sockets.stopping();
    parts_.http.stopping();
  }
  if (!parts_.of.drain())
    hurries_ = true;
}

waiting::clock::time_point waiting::end_of_grace() const {
  constexpr std::chrono::milliseconds least{500};
  if (hurries_)
    return clock::now();
  auto soon = clock::now() + least;
  return stops_ ? std::max(soon, latest_ - beyond_grace) : soon;
}

/// Milliseconds until the node has to have drained, to tell that it lives, or to try its HTTP address again, for `poll`.
int waiting::left() const {
  auto next = std::min(latest_, life_.next());
  if (!stops_)
    next = std::min(next, parts_.http.next_try());
  if (next == clock::time_point::max())
    return -1;
  auto ms = std::chrono::ceil<std::chrono::milliseconds>(next - clock::now());
  return static_cast<int>(std::clamp<std::int64_t>(ms.count(), 0, std::numeric_limits<int>::max()));
}

void waiting::take_signal(int fd) {
  signalfd_siginfo info{};
  if (::read(fd, &info, sizeof(info)) != sizeof(info))
    return;
  std::string name = info.ssi_signo == SIGHUP ? "SIGHUP" : info.ssi_signo == SIGTERM ? "SIGTERM" : "SIGINT";
  if (info.ssi_signo == SIGHUP && stops_)
    return log(level::warn, "node", "SIGHUP: the node is stopping, the configuration is not read");
  if (info.ssi_signo == SIGHUP)
    return parts_.reload.begin();
  hurries_ = stops_;
  if (hurries_)
    log(level::warn, "node", name + " again: what is under way is cut off");
  stop(name);
}

bool waiting::has_ended(int fd) {
  std::array<char, 4096> ignored;
  return ::read(fd, ignored.data(), ignored.size()) <= 0;
}

} // namespace ockam
