// SPDX-License-Identifier: Apache-2.0
#include "cli/node/log_sinks.hpp"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <ctime>
#include <tuple>
#include <utility>
#include <vector>

namespace ockam {

namespace {

namespace fs = std::filesystem;

std::string day_of(spdlog::log_clock::time_point t) {
  auto seconds = spdlog::log_clock::to_time_t(t);
  tm parts{};
  ::gmtime_r(&seconds, &parts);
  char out[16];
  auto n = std::strftime(out, sizeof(out), "%Y-%m-%d", &parts);
  return {out, n};
}

/// A file of the log that is not the current one: `STEM.DAY.N.log`, or `STEM.DAY.log` of another day, which comes after
/// those of its day that have a number.
struct old_file {
  std::string day;
  int number;
  fs::path path;

  friend bool operator<(const old_file& l, const old_file& r) { return std::tie(l.day, l.number) < std::tie(r.day, r.number); }
};

constexpr std::string_view suffix = ".log";
constexpr std::size_t day_length = 10;
constexpr int without_number = 1'000'000'000;

std::vector<old_file> files_of(const fs::path& stem) {
  std::vector<old_file> out;
  std::error_code ignored;
  auto prefix = stem.filename().string() + ".";
  for (const auto& e : fs::directory_iterator{stem.parent_path(), ignored}) {
    auto name = e.path().filename().string();
    if (!name.starts_with(prefix) || !name.ends_with(suffix) || name.size() < prefix.size() + day_length + suffix.size())
      continue;
    auto middle = std::string_view{name}.substr(prefix.size(), name.size() - prefix.size() - suffix.size());
    auto number = without_number;
    if (auto rest = middle.substr(day_length); !rest.empty()) {
      auto [end, wrong] = std::from_chars(rest.data() + 1, rest.data() + rest.size(), number);
      if (rest.front() != '.' || wrong != std::errc{} || end != rest.data() + rest.size())
        continue;
    }
    out.push_back({std::string{middle.substr(0, day_length)}, number, e.path()});
  }
  std::sort(out.begin(), out.end());
  return out;
}

} // namespace

void file_log::open(std::string day) {
  auto file = std::make_unique<spdlog::details::file_helper>();
  file->open(file_of(day));
  size_ = file->size();
  file_ = std::move(file);
  day_ = std::move(day);
  opened();
}

void file_log::sink_it_(const spdlog::details::log_msg& m) {
  spdlog::memory_buf_t line;
  formatter_->format(m, line);
  try {
    if (auto day = day_of(m.time); day > day_) // never back: a clock that is set right would make files without end
      open(std::move(day));
    else if (reopen_.exchange(false))
      open(day_);
    else if (is_full_for(line.size()))
      begin_anew();
  } catch (const spdlog::spdlog_ex&) {
    write(line); // to the one before
    throw;
  }
  write(line);
}

/// Somebody else may have cut it (logrotate's copytruncate).
bool file_log::is_full_for(std::size_t n) {
  if (size_ == 0 || size_ + n <= max_size_)
    return false;
  file_->flush();
  size_ = file_->size();
  return size_ > 0 && size_ + n > max_size_;
}

void file_log::begin_anew() {
  put_away();
  open(day_);
}

void file_log::write(const spdlog::memory_buf_t& line) {
  file_->write(line);
  size_ += line.size();
}

rotating_log::rotating_log(fs::path file, std::size_t max_size, std::size_t max_files)
  : file_log{max_size}, file_{std::move(file)}, max_files_{max_files} {
  open(day_of(spdlog::log_clock::now()));
}

fs::path rotating_log::old_file(std::size_t n) const {
  return file_.parent_path() / (file_.stem().string() + "." + std::to_string(n) + file_.extension().string());
}

/// What cannot be renamed (a directory that may not be written) goes on growing rather than losing lines.
void rotating_log::put_away() {
  std::error_code failed;
  for (auto n = max_files_; n > 0; --n)
    fs::rename(n == 1 ? file_ : old_file(n - 1), old_file(n), failed);
}

daily_log::daily_log(fs::path stem, std::size_t max_size, std::size_t max_files)
  : file_log{max_size}, stem_{std::move(stem)}, max_files_{max_files} {
  open(day_of(spdlog::log_clock::now()));
}

fs::path daily_log::file_of(const std::string& day) const {
  return stem_.string() + "." + day + std::string{suffix};
}

void daily_log::put_away() {
  int last = 0;
  for (const auto& f : files_of(stem_))
    if (f.day == day() && f.number != without_number)
      last = std::max(last, f.number);
  std::error_code failed;
  fs::rename(file_of(day()), stem_.string() + "." + day() + "." + std::to_string(last + 1) + std::string{suffix}, failed);
}

void daily_log::remove_old() const {
  auto all = files_of(stem_);
  std::erase_if(all, [&](const old_file& f) { return f.path == file_of(day()); });
  std::error_code ignored;
  for (std::size_t i = 0; i + max_files_ < all.size(); ++i)
    fs::remove(all[i].path, ignored);
}

void stdout_log::release() {
  std::lock_guard lock{mutex_};
  if (!std::exchange(released_, true)) {
    std::fwrite(held_.data(), 1, held_.size(), stdout);
    std::string{}.swap(held_);
    std::fflush(stdout);
  }
}

void stdout_log::sink_it_(const spdlog::details::log_msg& m) {
  spdlog::memory_buf_t line;
  formatter_->format(m, line);
  if (released_)
    std::fwrite(line.data(), 1, line.size(), stdout);
  else
    held_.append(line.data(), line.size());
}

void stdout_log::flush_() {
  if (released_)
    std::fflush(stdout);
}

} // namespace ockam
