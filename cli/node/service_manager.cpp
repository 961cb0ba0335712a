// SPDX-License-Identifier: Apache-2.0
#include "cli/node/service_manager.hpp"

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <fcntl.h>
#include <optional>
#include <sys/time.h>
#include <unistd.h>
#include <utility>

namespace ockam {

namespace {

constexpr int first_passed_fd = 3; // sd_listen_fds(3)
constexpr std::int64_t most_passed = 1024;

/// The variable, which is then gone; empty when there is none.
std::string take(const char* name) {
  const char* value = std::getenv(name);
  std::string out = value ? value : "";
  ::unsetenv(name);
  return out;
}

std::optional<std::int64_t> number(const std::string& text) {
  std::int64_t n = 0;
  auto [end, wrong] = std::from_chars(text.data(), text.data() + text.size(), n);
  if (text.empty() || wrong != std::errc{} || end != text.data() + text.size() || n < 0)
    return std::nullopt;
  return n;
}

/// The parts of a text between colons.
std::vector<std::string> parts_of(const std::string& text) {
  std::vector<std::string> out;
  for (std::size_t at = 0; at <= text.size();) {
    auto end = std::min(text.find(':', at), text.size());
    out.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  return out;
}

/// A line of a message has no end of line in it.
std::string one_line(std::string_view text) {
  std::string out{text};
  std::replace_if(out.begin(), out.end(), [](unsigned char c) { return c < ' '; }, ' ');
  return out;
}

std::string monotonic_now() {
  timespec t{};
  ::clock_gettime(CLOCK_MONOTONIC, &t);
  return std::to_string(static_cast<std::int64_t>(t.tv_sec) * 1'000'000 + t.tv_nsec / 1'000);
}

} // namespace

bool can_be_kept_as(std::string_view name) {
  return !name.empty() && name.size() <= 255
         && std::all_of(name.begin(), name.end(), [](unsigned char c) { return c > ' ' && c < 127 && c != ':'; });
}

service_manager service_manager::from_environment() {
  service_manager out;
  auto at = take("NOTIFY_SOCKET");
  auto interval = number(take("WATCHDOG_USEC"));
  auto watched = take("WATCHDOG_PID");
  auto for_whom = number(take("LISTEN_PID"));
  auto count = number(take("LISTEN_FDS"));
  auto names = parts_of(take("LISTEN_FDNAMES"));
  if (for_whom == ::getpid() && count && *count <= most_passed)
    for (std::size_t i = 0; i < static_cast<std::size_t>(*count); ++i) {
      auto fd = first_passed_fd + static_cast<int>(i);
      if (::fcntl(fd, F_SETFD, FD_CLOEXEC) == 0)
        out.sockets_.push_back({i < names.size() ? names[i] : std::string{}, fd});
    }
  if (at.size() < 2 || (at.front() != '/' && at.front() != '@') || at.size() >= sizeof(out.to_.sun_path))
    return out;
  out.to_.sun_family = AF_UNIX;
  std::memcpy(out.to_.sun_path, at.data(), at.size());
  if (at.front() == '@')
    out.to_.sun_path[0] = '\0'; // of the abstract kind
  out.to_size_ = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + at.size());
  out.fd_ = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  timeval second{1, 0};
  ::setsockopt(out.fd_, SOL_SOCKET, SO_SNDTIMEO, &second, sizeof(second));
  if (interval && (watched.empty() || number(watched) == ::getpid()))
    out.watchdog_ = std::chrono::microseconds{*interval};
  return out;
}

service_manager::service_manager(service_manager&& other) noexcept {
  *this = std::move(other);
}

service_manager& service_manager::operator=(service_manager&& other) noexcept {
  std::swap(fd_, other.fd_);
  std::swap(to_, other.to_);
  std::swap(to_size_, other.to_size_);
  std::swap(watchdog_, other.watchdog_);
  std::swap(sockets_, other.sockets_);
  std::swap(stopping_, other.stopping_);
  return *this;
}

service_manager::~service_manager() {
  if (fd_ >= 0)
    ::close(fd_);
  for (const auto& s : sockets_)
    ::close(s.fd);
}

std::vector<passed_socket> service_manager::take_sockets() {
  return std::exchange(sockets_, {});
}

void service_manager::ready(std::string_view status) const {
  if (!stopping_)
    send("READY=1\nSTATUS=" + one_line(status));
}

void service_manager::reloading() const {
  send("RELOADING=1\nMONOTONIC_USEC=" + monotonic_now() + "\nSTATUS=reading the configuration again");
}

void service_manager::stopping(std::chrono::microseconds longest, std::string_view status) {
  stopping_ = true;
  send("STOPPING=1\nEXTEND_TIMEOUT_USEC=" + std::to_string(longest.count()) + "\nSTATUS=" + one_line(status));
}

void service_manager::failed(std::string_view why) const {
  send("STATUS=" + one_line(why));
}

void service_manager::alive() const {
  send("WATCHDOG=1");
}

void service_manager::keep(const std::string& name, int fd) const {
  if (can_be_kept_as(name))
    send("FDSTORE=1\nFDNAME=" + name, MSG_DONTWAIT, fd);
}

void service_manager::forget(const std::string& name) const {
  if (can_be_kept_as(name))
    send("FDSTOREREMOVE=1\nFDNAME=" + name, MSG_DONTWAIT);
}

void service_manager::send(const std::string& text, int flags, int fd) const {
  if (fd_ < 0)
    return;
  iovec body{const_cast<char*>(text.data()), text.size()};
  msghdr m{};
  m.msg_name = const_cast<sockaddr_un*>(&to_);
  m.msg_namelen = to_size_;
  m.msg_iov = &body;
  m.msg_iovlen = 1;
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
  if (fd >= 0) {
    m.msg_control = control;
    m.msg_controllen = sizeof(control);
    auto* c = CMSG_FIRSTHDR(&m);
    c->cmsg_level = SOL_SOCKET;
    c->cmsg_type = SCM_RIGHTS;
    c->cmsg_len = CMSG_LEN(sizeof(int));
    std::memcpy(CMSG_DATA(c), &fd, sizeof(fd));
  }
  (void)::sendmsg(fd_, &m, flags | MSG_NOSIGNAL);
}

} // namespace ockam
