// SPDX-License-Identifier: Apache-2.0
#include "cli/ockam/log_reader.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <fcntl.h>
#include <poll.h>
#include <set>
#include <string_view>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

namespace ockam::cli {

namespace {

constexpr std::size_t longest_line = 1u << 20; ///< beyond which a line is cut into several
constexpr off_t most_looked_at = 4 << 20;      ///< of a file, for its last lines

bool same_file(int fd, const std::filesystem::path& p) {
  struct stat open {}, there {};
  return ::fstat(fd, &open) == 0 && ::stat(p.c_str(), &there) == 0 && open.st_ino == there.st_ino && open.st_dev == there.st_dev;
}

} // namespace

std::string time_of(const std::string& line) {
  constexpr std::string_view json_front = "{\"time\":\"", form = "0000-00-00T00:00:00.000Z";
  auto begin = line.starts_with(json_front) ? json_front.size() : 0;
  auto text = line.substr(begin, form.size());
  bool fits = text.size() == form.size() && std::equal(text.begin(), text.end(), form.begin(), [](char c, char f) {
                return f == '0' ? std::isdigit(static_cast<unsigned char>(c)) != 0 : c == f;
              });
  return fits ? text : std::string{};
}

void merge(std::vector<log_line>& lines) {
  std::stable_sort(lines.begin(), lines.end(), [](auto& l, auto& r) { return l.time < r.time; });
}

result<void> log_reader::open(std::size_t last_lines, std::vector<log_line>& out) {
  auto found = home_.log_file(node_);
  if (!found)
    return std::move(found).error();
  path_ = *found;
  if (!reopen())
    return system_error("cannot read " + path_.string(), errno);
  struct stat s {};
  if (::fstat(file_.get(), &s) == 0 && s.st_size > most_looked_at)
    ::lseek(file_.get(), s.st_size - most_looked_at, SEEK_SET);
  std::vector<log_line> all;
  read_file(all);
  auto skip = all.size() > last_lines ? all.size() - last_lines : 0;
  out.insert(out.end(), std::make_move_iterator(all.begin() + static_cast<std::ptrdiff_t>(skip)), std::make_move_iterator(all.end()));
  return {};
}

bool log_reader::reopen() {
  file_ = state::descriptor{::open(path_.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY)};
  half_.clear();
  return static_cast<bool>(file_);
}

void log_reader::read_on(std::vector<log_line>& out) {
  if (file_)
    read_file(out);
  struct stat s {};
  bool is_shorter = file_ && ::fstat(file_.get(), &s) == 0 && s.st_size < ::lseek(file_.get(), 0, SEEK_CUR);
  auto now = home_.log_file(node_); // another one when the day has turned
  if (now && (*now != path_ || !file_ || is_shorter || !same_file(file_.get(), path_))) {
    path_ = *now;
    if (reopen())
      read_file(out);
  }
}

void log_reader::read_file(std::vector<log_line>& out) {
  std::array<char, 65536> chunk;
  for (ssize_t n = 0; (n = ::read(file_.get(), chunk.data(), chunk.size())) > 0;) {
    std::string_view rest{chunk.data(), static_cast<std::size_t>(n)};
    for (auto end = rest.find('\n'); end != std::string_view::npos; end = rest.find('\n')) {
      add(half_.append(rest.substr(0, end)), out);
      half_.clear();
      rest.remove_prefix(end + 1);
    }
    half_.append(rest);
    if (half_.size() > longest_line)
      add(std::exchange(half_, {}), out);
  }
}

void log_reader::add(std::string text, std::vector<log_line>& out) {
  if (auto time = time_of(text); !time.empty())
    last_time_ = std::move(time);
  out.push_back({last_time_, node_, std::move(text)});
}

directory_watch::directory_watch(const std::vector<std::filesystem::path>& directories) : fd_{::inotify_init1(IN_CLOEXEC | IN_NONBLOCK)} {
  for (const auto& d : std::set(directories.begin(), directories.end()))
    (void)::inotify_add_watch(fd_.get(), d.c_str(), IN_MODIFY | IN_CREATE | IN_MOVED_TO);
}

void directory_watch::wait() {
  pollfd p{fd_.get(), POLLIN, 0};
  if (::poll(&p, 1, 1000) <= 0) // another file, or a system without inotify
    return;
  std::array<char, 8192> ignored;
  while (::read(fd_.get(), ignored.data(), ignored.size()) > 0) {
  }
}

} // namespace ockam::cli
