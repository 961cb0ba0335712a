// SPDX-License-Identifier: Apache-2.0
#include "identity/passphrase.hpp"

#include "identity/private_file.hpp"

#include <fcntl.h>
#include <termios.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>

namespace ockam::identities::passphrase {

namespace {

constexpr std::size_t max_line = max_size + 2; // with its break

result<secret> checked(bytes_view line) {
  if (!line.empty() && line.back() == std::byte{'\n'})
    line = line.first(line.size() - 1);
  if (!line.empty() && line.back() == std::byte{'\r'})
    line = line.first(line.size() - 1);
  if (line.empty() || line.size() > max_size)
    return error{errc::invalid_argument,
                 line.empty() ? "an empty passphrase"
                              : "a passphrase of more than " + std::to_string(max_size) + " bytes",
                 {}};
  return secret::copy_of(line);
}

result<secret> read(const std::string& path, private_file::readers who) {
  auto content = private_file::read(path, max_line, who);
  return content ? checked(content->bytes()) : std::move(content);
}

/// The terminal without echo, as it was before when this ends.
class silent_terminal {
 public:
  silent_terminal() : fd_{::open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY)} {
    if (fd_ < 0 || ::tcgetattr(fd_, &before_) != 0)
      return;
    termios silent = before_;
    silent.c_lflag &= static_cast<tcflag_t>(~(ECHO | ECHONL));
    silent_ = ::tcsetattr(fd_, TCSAFLUSH, &silent) == 0;
  }
  silent_terminal(const silent_terminal&) = delete;
  silent_terminal& operator=(const silent_terminal&) = delete;
  ~silent_terminal() {
    if (silent_)
      (void)::tcsetattr(fd_, TCSAFLUSH, &before_);
    if (fd_ >= 0)
      ::close(fd_);
  }
  /// The descriptor, or -1 when what is typed would be seen.
  int fd() const noexcept { return silent_ ? fd_ : -1; }

 private:
  int fd_;
  termios before_{};
  bool silent_ = false;
};

} // namespace

result<secret> from_file(const std::string& path) { return read(path, private_file::readers::owner_only); }

result<secret> from_systemd(std::string_view name) {
  const char* folder = std::getenv("CREDENTIALS_DIRECTORY");
  if (!folder || name.empty() || name.find('/') != std::string_view::npos)
    return error{errc::not_found, "no credential of systemd of that name",
                 "LoadCredential= in the unit of the service"};
  return read(std::string{folder} + "/" + std::string{name}, private_file::readers::of_systemd);
}

result<secret> ask(std::string_view prompt) {
  silent_terminal terminal;
  if (terminal.fd() < 0)
    return error{errc::not_found, "no terminal to ask for a passphrase at", "give it in a file"};
  (void)!::write(terminal.fd(), prompt.data(), prompt.size());
  secret line{max_line};
  std::size_t have = 0;
  while (have < line.size()) {
    auto n =
      ::read(terminal.fd(), line.writable().data() + have, line.size() - have); // a terminal gives a line at a time
    if (n < 0 && errno == EINTR)
      continue;
    if (n < 0)
      return system_error("/dev/tty", errno);
    have += static_cast<std::size_t>(n);
    if (n == 0 || line.bytes()[have - 1] == std::byte{'\n'})
      break;
  }
  (void)!::write(terminal.fd(), "\n", 1);
  return checked(line.bytes().first(have));
}

} // namespace ockam::identities::passphrase
