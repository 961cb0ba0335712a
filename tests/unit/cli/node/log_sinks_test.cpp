// SPDX-License-Identifier: Apache-2.0
#include "cli/node/log_sinks.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <set>
#include <sstream>
#include <stdlib.h>

namespace ockam {
namespace {

namespace fs = std::filesystem;
using clock = spdlog::log_clock;

class daily_log_test : public testing::Test {
 protected:
  static fs::path fresh_directory() {
    std::string pattern = "/tmp/ok-unit-XXXXXX";
    return ::mkdtemp(pattern.data());
  }
  ~daily_log_test() override { fs::remove_all(where); }

  /// Days of the tests are long after the one on which they run, whose file is the first.
  static clock::time_point at(const char* day) {
    tm t{};
    ::strptime(day, "%Y-%m-%d", &t);
    return clock::from_time_t(::timegm(&t));
  }
  static void write(file_log& log, clock::time_point t, std::string_view text) {
    spdlog::details::log_msg m{t, {}, "", spdlog::level::info, text};
    log.log(m);
    log.flush();
  }
  std::set<std::string> files() const {
    std::set<std::string> out;
    for (const auto& e : fs::directory_iterator{where})
      out.insert(e.path().filename().string());
    return out;
  }
  std::string text(const std::string& file) const {
    std::ostringstream out;
    out << std::ifstream{where / file}.rdbuf();
    return out.str();
  }
  fs::path where = fresh_directory();
};

TEST_F(daily_log_test, has_a_file_for_each_day) {
  daily_log log{where / "stdout", 1 << 20, 5};
  log.set_pattern("%v");
  auto today = *files().begin();
  write(log, at("2199-01-01"), "one");
  write(log, at("2199-01-02"), "two");
  write(log, at("2199-01-01"), "a clock that was set back");
  EXPECT_EQ(files(), (std::set<std::string>{today, "stdout.2199-01-01.log", "stdout.2199-01-02.log"}));
  EXPECT_EQ(text("stdout.2199-01-01.log"), "one\n");
  EXPECT_EQ(text("stdout.2199-01-02.log"), "two\na clock that was set back\n");
}

TEST_F(daily_log_test, goes_on_where_it_was) {
  for (auto* line : {"one", "two"}) {
    daily_log log{where / "stdout", 1 << 20, 5};
    log.set_pattern("%v");
    write(log, at("2199-01-01"), line);
  }
  EXPECT_EQ(text("stdout.2199-01-01.log"), "one\ntwo\n");
}

TEST_F(daily_log_test, is_limited_in_size_and_number) {
  daily_log log{where / "stdout", 10, 2};
  log.set_pattern("%v");
  for (auto* line : {"first", "second", "third", "fourth", "fifth"})
    write(log, at("2199-01-01"), line);
  EXPECT_EQ(files(), (std::set<std::string>{"stdout.2199-01-01.3.log", "stdout.2199-01-01.4.log", "stdout.2199-01-01.log"}));
  EXPECT_EQ(text("stdout.2199-01-01.log"), "fifth\n");
  EXPECT_EQ(text("stdout.2199-01-01.4.log"), "fourth\n");
  write(log, at("2199-01-02"), "next");
  EXPECT_EQ(files(), (std::set<std::string>{"stdout.2199-01-01.4.log", "stdout.2199-01-01.log", "stdout.2199-01-02.log"}));
}

TEST_F(daily_log_test, keeps_its_hands_off_other_files) {
  for (auto* name : {"stdout.log", "stdout.2000-01-01.x.log", "stderr.log", "stdout.2000-01-01.txt"})
    std::ofstream{where / name} << "not ours";
  daily_log log{where / "stdout", 10, 0};
  log.set_pattern("%v");
  write(log, at("2199-01-01"), "one");
  write(log, at("2199-01-02"), "two");
  EXPECT_EQ(files(), (std::set<std::string>{"stdout.log", "stdout.2000-01-01.x.log", "stderr.log", "stdout.2000-01-01.txt", "stdout.2199-01-02.log"}));
}

TEST_F(daily_log_test, says_where_it_cannot_be_written) {
  EXPECT_THROW((daily_log{"/proc/nowhere/stdout", 10, 1}), spdlog::spdlog_ex);
  EXPECT_THROW((rotating_log{"/proc/nowhere/n.log", 10, 1}), spdlog::spdlog_ex);
}

class rotating_log_test : public daily_log_test {};

TEST_F(rotating_log_test, is_limited_in_size_and_number) {
  rotating_log log{where / "n.log", 10, 2};
  log.set_pattern("%v");
  for (auto* line : {"first", "second", "third", "fourth"})
    write(log, clock::now(), line);
  EXPECT_EQ(files(), (std::set<std::string>{"n.log", "n.1.log", "n.2.log"}));
  EXPECT_EQ(text("n.log") + text("n.1.log") + text("n.2.log"), "fourth\nthird\nsecond\n");
}

TEST_F(rotating_log_test, goes_on_in_a_new_file_when_it_is_told_that_the_old_one_was_moved) {
  rotating_log log{where / "n.log", 1000, 2};
  log.set_pattern("%v");
  write(log, clock::now(), "one");
  fs::rename(where / "n.log", where / "moved");
  write(log, clock::now(), "two");
  log.reopen();
  write(log, clock::now(), "three");
  EXPECT_EQ(text("moved"), "one\ntwo\n");
  EXPECT_EQ(text("n.log"), "three\n");
}

TEST_F(rotating_log_test, loses_nothing_when_it_cannot_be_opened_anew) {
  fs::create_directory(where / "d");
  rotating_log log{where / "d/n.log", 1000, 2};
  log.set_pattern("%v");
  fs::rename(where / "d", where / "moved");
  std::ofstream{where / "d"} << "no directory";
  log.reopen();
  EXPECT_THROW(write(log, clock::now(), "one"), spdlog::spdlog_ex);
  write(log, clock::now(), "two");
  EXPECT_EQ(text("moved/n.log"), "one\ntwo\n");
}

TEST_F(rotating_log_test, one_that_somebody_else_has_cut_has_room_again) {
  rotating_log log{where / "n.log", 10, 2};
  log.set_pattern("%v");
  write(log, clock::now(), "12345678");
  fs::resize_file(where / "n.log", 0);
  write(log, clock::now(), "87654321");
  EXPECT_EQ(files(), std::set<std::string>{"n.log"});
  EXPECT_EQ(text("n.log"), "87654321\n");
}

} // namespace
} // namespace ockam
