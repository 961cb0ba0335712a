// SPDX-License-Identifier: Apache-2.0
#include "cli/node/journal.hpp"

#include "runtime/core/address.hpp"

#include <array>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

namespace ockam {

namespace {

/// syslog(3): trace and debug 7, info 6, warn 4, error 3.
constexpr std::array<char, 6> priorities{'7', '7', '6', '4', '3', '3'};
constexpr std::string_view message_field = "MESSAGE=", priority_field = "PRIORITY=";

/// A field, which ends with its line: `printable` leaves no end of line in a value.
std::string field(std::string_view name, std::string_view value) {
  return std::string{name} + printable(value) + "\n";
}

std::string_view value_of(std::string_view entry, std::string_view name) {
  auto at = entry.find(name);
  if (at == std::string_view::npos)
    return {};
  at += name.size();
  return entry.substr(at, entry.find('\n', at) - at);
}

} // namespace

bool standard_error_is_journal() {
  const char* said = std::getenv("JOURNAL_STREAM");
  struct stat s{};
  return said && ::fstat(STDERR_FILENO, &s) == 0 && said == std::to_string(s.st_dev) + ":" + std::to_string(s.st_ino);
}

std::string journal_entry(level l, std::string_view node, std::string_view component, std::string_view message) {
  return field(priority_field, std::string_view{&priorities[static_cast<std::size_t>(l)], 1}) + "SYSLOG_IDENTIFIER=ockam-node\n"
         + field("OCKAM_NODE=", node) + field("OCKAM_COMPONENT=", component)
         + field(message_field, std::string{component} + ": " + std::string{message});
}


journal_log::journal_log(const std::string& path) : fd_{::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)} {
  to_.sun_family = AF_UNIX;
  std::strncpy(to_.sun_path, path.c_str(), sizeof(to_.sun_path) - 1);
}

journal_log::~journal_log() {
  ::close(fd_);
}

void journal_log::sink_it_(const spdlog::details::log_msg& m) {
  std::string_view entry{m.payload.data(), m.payload.size()};
  if (::sendto(fd_, entry.data(), entry.size(), MSG_NOSIGNAL, reinterpret_cast<const sockaddr*>(&to_), sizeof(to_)) >= 0)
    return;
  auto line = "<" + std::string{value_of(entry, priority_field)} + ">" + std::string{value_of(entry, message_field)} + "\n";
  std::fwrite(line.data(), 1, line.size(), stderr);
}

} // namespace ockam
