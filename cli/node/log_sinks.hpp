// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <spdlog/details/file_helper.h>
#include <spdlog/sinks/base_sink.h>

#include <atomic>
#include <filesystem>
#include <memory>
#include <mutex>
#include <string>

/// Where the log of a node that belongs to a home goes.
namespace ockam {

/// A log in files, each of bounded size. Throws `spdlog_ex`, as sinks do, where nothing can be written.
class file_log : public spdlog::sinks::base_sink<std::mutex> {
 public:
  /// The file is opened anew before the next line: it may have been moved away. Thread: any.
  void reopen() noexcept { reopen_ = true; }

 protected:
  explicit file_log(std::size_t max_size) : max_size_{max_size} {}
  /// Where this day's lines go.
  virtual std::filesystem::path file_of(const std::string& day) const = 0;
  /// Puts what the current file has elsewhere.
  virtual void put_away() = 0;
  virtual void opened() {}
  /// Keeps the one before when it cannot be opened.
  void open(std::string day);
  const std::string& day() const noexcept { return day_; }

 private:
  void sink_it_(const spdlog::details::log_msg& m) final;
  void flush_() final { file_->flush(); }
  bool is_full_for(std::size_t n);
  void begin_anew();
  void write(const spdlog::memory_buf_t& line);

  std::size_t max_size_;
  std::string day_;
  std::unique_ptr<spdlog::details::file_helper> file_;
  std::size_t size_ = 0;
  std::atomic<bool> reopen_{false};
};

/// One file, `NAME.log`. When it has its size, what it had becomes `NAME.1.log`, and what that was `NAME.2.log`, and so on to
/// `max_files`.
class rotating_log final : public file_log {
 public:
  rotating_log(std::filesystem::path file, std::size_t max_size, std::size_t max_files);

 private:
  std::filesystem::path file_of(const std::string&) const override { return file_; }
  std::filesystem::path old_file(std::size_t n) const;
  void put_away() override;

  std::filesystem::path file_;
  std::size_t max_files_;
};

/// A file for each day (UTC), `STEM.2026-11-29.log`, as the reference names them. One that reaches its size goes on under
/// the same name, and what it had becomes `STEM.2026-11-29.1.log`, `.2.log`, and so on. Of those before the current one
/// `max_files` are kept.
class daily_log final : public file_log {
 public:
  daily_log(std::filesystem::path stem, std::size_t max_size, std::size_t max_files);

 private:
  std::filesystem::path file_of(const std::string& day) const override;
  void put_away() override;
  void opened() override { remove_old(); }
  void remove_old() const;

  std::filesystem::path stem_;
  std::size_t max_files_;
};

/// Standard output. Until `release` lines are kept back: the name of the node comes first, when it is known that the node
/// has started.
class stdout_log final : public spdlog::sinks::base_sink<std::mutex> {
 public:
  ~stdout_log() override { release(); }
  void release();

 private:
  void sink_it_(const spdlog::details::log_msg& m) override;
  void flush_() override;

  std::string held_;
  bool released_ = false;
};

} // namespace ockam
