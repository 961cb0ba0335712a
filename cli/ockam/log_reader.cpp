// SPDX-License-Identifier: Apache-2.0
#include "cli/ockam/log_reader.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <fcntl.h>
#include <iterator>
#include <poll.h>
#include <set>
#include <string_view>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

namespace ockam::cli {

namespace {

constexpr std::size_t longest_line = 1u << 20; ///< beyond which a line is cut into several

bool same_file(int fd, const std::filesystem::path& p) {
  struct stat open {}, there {};
  return ::fstat(fd, &open) == 0 && ::stat(p.c_str(), &there) == 0 && open.st_ino == there.st_ino && open.st_dev == there.st_dev;
}

/// Where the last `n` lines of a file begin; as many as it has are taken off `n`.
off_t begin_of_last_lines(int fd, std::size_t& n) {
  std::array<char, 65536> chunk;
  const auto wanted = n;
  std::size_t ends = 0; // of lines, seen from the back: that of the line before the first is the last that is looked for
  for (auto to = std::max<off_t>(0, ::lseek(fd, 0, SEEK_END)); to > 0;) {
    auto from = std::max<off_t>(0, to - static_cast<off_t>(chunk.size()));
    auto size = ::pread(fd, chunk.data(), static_cast<std::size_t>(to - from), from);
    if (size <= 0)
      return to;
    for (auto i = size; i-- > 0;)
      if (chunk[static_cast<std::size_t>(i)] == '\n' && ends++ == wanted) {
        n = 0;
        return from + i + 1;
      }
    to = from;
  }
  n = wanted - ends;
  return 0;
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
  auto found = home_.log_files(node_);
  if (!found)
    return std::move(found).error();
  path_ = found->back();
  if (!reopen())
    return system_error("cannot read " + path_.string(), errno);
  auto left = last_lines;
  ::lseek(file_.fd.get(), begin_of_last_lines(file_.fd.get(), left), SEEK_SET);
  std::vector<open_file> older; // the newest first
  for (auto p = std::next(found->rbegin()); left > 0 && p != found->rend(); ++p) {
    open_file f{state::descriptor{::open(p->c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY)}, {}};
    if (!f.fd)
      continue; // gone meanwhile, or somebody else's
    ::lseek(f.fd.get(), begin_of_last_lines(f.fd.get(), left), SEEK_SET);
    older.push_back(std::move(f));
  }
  for (auto f = older.rbegin(); f != older.rend(); ++f) {
    read_file(*f, out);
    if (!f->half.empty())
      add(std::move(f->half), out);
  }
  read_file(file_, out);
  return {};
}

bool log_reader::reopen() {
  file_ = {state::descriptor{::open(path_.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY)}, {}};
  return static_cast<bool>(file_.fd);
}

void log_reader::read_on(std::vector<log_line>& out) {
  if (before_.fd)
    read_file(before_, out);
  if (file_.fd)
    read_file(file_, out);
  struct stat s {};
  bool is_shorter = file_.fd && ::fstat(file_.fd.get(), &s) == 0 && s.st_size < ::lseek(file_.fd.get(), 0, SEEK_CUR);
  auto now = home_.log_file(node_); // another one when the day has turned
  bool is_another = now && (*now != path_ || !file_.fd || !same_file(file_.fd.get(), path_));
  if (!now || (!is_another && !is_shorter))
    return;
  if (file_.fd && !is_shorter) {
    read_file(file_, out); // what has come between the look above and the rotation
    before_ = std::move(file_);
  }
  path_ = *now;
  if (reopen())
    read_file(file_, out);
}

void log_reader::read_file(open_file& f, std::vector<log_line>& out) {
  std::array<char, 65536> chunk;
  for (ssize_t n = 0; (n = ::read(f.fd.get(), chunk.data(), chunk.size())) > 0;) {
    std::string_view rest{chunk.data(), static_cast<std::size_t>(n)};
    for (auto end = rest.find('\n'); end != std::string_view::npos; end = rest.find('\n')) {
      add(f.half.append(rest.substr(0, end)), out);
      f.half.clear();
      rest.remove_prefix(end + 1);
    }
    f.half.append(rest);
    if (f.half.size() > longest_line)
      add(std::exchange(f.half, {}), out);
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
