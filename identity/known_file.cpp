// SPDX-License-Identifier: Apache-2.0
#include "identity/known_file.hpp"

#include "identity/private_file.hpp"
#include "runtime/core/hex.hpp"

#include <cerrno>
#include <fcntl.h>
#include <fstream>
#include <iterator>
#include <string_view>
#include <sys/stat.h>
#include <unistd.h>

namespace ockam::identities {

namespace {

/// Old lines up to this size are no reason to write the file anew.
constexpr std::uint64_t slack = 1u << 20;
constexpr mode_t owner_only = S_IRUSR | S_IWUSR;

std::string line_of(const identity& who) { return to_hex(who.exported()) + "\n"; }

/// Not secret, and too long for the locked memory that `private_file` reads into.
result<std::string> read_file(const std::string& path, std::size_t max_file) {
  struct stat about {};
  if (::stat(path.c_str(), &about) != 0)
    return errno == ENOENT ? error{errc::not_found, "there is no " + path, {}} : system_error("cannot read " + path, errno);
  if ((about.st_mode & (S_IWGRP | S_IWOTH)) != 0)
    return error{errc::permission_denied, path + " may be written by others than its owner", "chmod 600 " + path};
  if (!S_ISREG(about.st_mode) || static_cast<std::uint64_t>(about.st_size) > max_file)
    return error{errc::too_large, path + " is no file of at most " + std::to_string(max_file) + " bytes", {}};
  std::ifstream in{path, std::ios::binary};
  std::string out{std::istreambuf_iterator<char>{in}, {}};
  if (in.bad())
    return system_error("cannot read " + path, errno);
  return out;
}

error damaged(const std::string& path, std::size_t line, const std::string& why) {
  return {errc::corrupt_state, "known identities " + path + ", line " + std::to_string(line) + ": " + why,
          "bring back a copy; without the file, identities that have changed a key are taken with the old one again"};
}

} // namespace

result<std::shared_ptr<file_identities>> file_identities::open(std::string path, std::size_t max_file) {
  std::shared_ptr<file_identities> out{new file_identities{std::move(path), max_file}};
  if (auto ok = out->load(); !ok)
    return std::move(ok).error();
  return out;
}

file_identities::~file_identities() {
  if (fd_ >= 0)
    ::close(fd_);
}

result<void> file_identities::load() {
  auto text = read_file(path_, max_file_);
  if (!text && text.error().code == errc::not_found)
    return {};
  if (!text)
    return error{text.error().code, "known identities: " + text.error().cause, text.error().hint};
  std::string_view rest{*text};
  bool torn = !rest.empty() && rest.back() != '\n';
  for (std::size_t n = 1;; ++n) {
    auto end = rest.find('\n');
    if (end == std::string_view::npos)
      break;
    auto encoded = parse_hex(rest.substr(0, end));
    auto who = encoded ? identity::import(*encoded) : result<identity>{std::move(encoded).error()};
    auto taken = who ? take_back(*who) : result<void>{who.error()};
    if (!taken)
      return damaged(path_, n, taken.error().cause);
    bytes_ += end + 1;
    rest.remove_prefix(end + 1);
  }
  for (const auto& [id, who] : all())
    live_ += line_of(who).size();
  return torn || bytes_ > 2 * live_ + slack ? rewrite() : result<void>{};
}

result<void> file_identities::record(const identity& who) {
  auto line = line_of(who);
  auto before = all().find(who.id());
  auto old = before == all().end() ? 0 : line_of(before->second).size();
  if (bytes_ + line.size() > max_file_ && bytes_ > live_)
    (void)rewrite();
  if (bytes_ + line.size() > max_file_)
    return error{errc::limit_reached, "known identities " + path_ + ": no room for the new history of " + to_string(who.id()) + ", at most "
                   + std::to_string(max_file_) + " bytes are read again", {}};
  if (auto ok = append(line); !ok)
    return error{ok.error().code, "cannot keep the new history of " + to_string(who.id()) + ": " + ok.error().cause, ok.error().hint};
  bytes_ += line.size();
  live_ += line.size() - old;
  if (bytes_ > 2 * live_ + slack)
    (void)rewrite(); // what is there holds as well; the next one tries again
  return {};
}

result<void> file_identities::append(const std::string& line) {
  if (fd_ < 0)
    fd_ = ::open(path_.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, owner_only);
  if (fd_ < 0)
    return system_error("cannot write " + path_, errno);
  auto written = ::write(fd_, line.data(), line.size());
  if (written == static_cast<ssize_t>(line.size()) && ::fsync(fd_) == 0)
    return {};
  auto why = system_error("cannot write " + path_, written < 0 ? errno : ENOSPC);
  (void)!::ftruncate(fd_, static_cast<off_t>(bytes_)); // no half of a line before the next one
  return why;
}

result<void> file_identities::rewrite() {
  std::string text;
  for (const auto& [id, who] : all())
    text += line_of(who);
  if (auto ok = private_file::replace(path_, std::as_bytes(std::span{text})); !ok)
    return ok;
  if (fd_ >= 0)
    ::close(std::exchange(fd_, -1));
  bytes_ = live_ = text.size();
  return {};
}

} // namespace ockam::identities
