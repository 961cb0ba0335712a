// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <spdlog/details/file_helper.h>
#include <spdlog/sinks/base_sink.h>

#include <filesystem>
#include <mutex>
#include <string>

/// Where the log of a node that belongs to a home goes.
namespace ockam {

/// A file for each day (UTC), `STEM.2026-11-29.log`, as the reference names them. One that reaches its size goes on under
/// the same name, and what it had becomes `STEM.2026-11-29.1.log`, `.2.log`, and so on. Of those before the current one
/// `max_files` are kept. Throws `spdlog_ex`, as sinks do, where nothing can be written.
class daily_log final : public spdlog::sinks::base_sink<std::mutex> {
 public:
  daily_log(std::filesystem::path stem, std::size_t max_size, std::size_t max_files);

 private:
  void sink_it_(const spdlog::details::log_msg& m) override;
  void flush_() override { file_.flush(); }
  void open(std::string day);
  void begin_anew();
  void remove_old() const;
  std::filesystem::path current() const;

  std::filesystem::path stem_;
  std::size_t max_size_;
  std::size_t max_files_;
  std::string day_;
  spdlog::details::file_helper file_;
  std::size_t size_ = 0;
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
