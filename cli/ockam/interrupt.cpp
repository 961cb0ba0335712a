// SPDX-License-Identifier: Apache-2.0
#include "cli/ockam/interrupt.hpp"

#include <cerrno>
#include <csignal>
#include <ctime>

namespace ockam::cli {

namespace {

volatile std::sig_atomic_t has_come = 0;

void note(int signal) {
  struct sigaction a {};
  a.sa_handler = [](int) { has_come = 1; };
  ::sigaction(signal, &a, nullptr);
}

} // namespace

void catch_interrupt() {
  note(SIGINT);
}

void catch_ends() {
  for (int signal : {SIGINT, SIGTERM, SIGHUP}) {
    struct sigaction now {};
    if (::sigaction(signal, nullptr, &now) == 0 && now.sa_handler != SIG_IGN) // as of nohup
      note(signal);
  }
}

bool interrupted() {
  return has_come != 0;
}

void pause_for(std::chrono::milliseconds d) {
  timespec left{d.count() / 1000, d.count() % 1000 * 1'000'000};
  while (!has_come && ::nanosleep(&left, &left) != 0 && errno == EINTR) {
  }
}

} // namespace ockam::cli
