// SPDX-License-Identifier: Apache-2.0
#include "cli/node/logging.hpp"

#include "cli/node/config_value.hpp"
#include "cli/node/journal.hpp"
#include "cli/node/log_sinks.hpp"
#include "runtime/core/address.hpp"

#include <nlohmann/json.hpp>
#include <spdlog/async.h>
#include <spdlog/spdlog.h>
#include <spdlog/sinks/stdout_sinks.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <ctime>
#include <future>
#include <memory>
#include <thread>

namespace ockam {

namespace {

/// Lines that wait for the disk; the oldest are lost beyond. Each has its place of 400 bytes from the start.
constexpr std::size_t queue_lines = 1024;
constexpr std::array<std::string_view, 6> names{"trace", "debug", "info", "warn", "error", "off"};

std::shared_ptr<spdlog::async_logger> logger;
std::shared_ptr<stdout_log> standard_output; ///< where the log goes there
std::shared_ptr<file_log> files;             ///< where it goes to files
std::atomic<std::shared_ptr<const std::vector<std::string>>> hidden; ///< texts that no line shows

std::string shown(std::string_view message) {
  auto text = printable(message);
  auto secrets = hidden.load();
  return secrets ? without_secrets(std::move(text), *secrets) : text;
}

spdlog::level::level_enum to_spdlog(level l) {
  return static_cast<spdlog::level::level_enum>(l == level::off ? SPDLOG_LEVEL_OFF : static_cast<int>(l));
}

/// RFC 3339 in UTC with milliseconds.
std::string now_text() {
  timespec t{};
  ::clock_gettime(CLOCK_REALTIME, &t);
  tm parts{};
  ::gmtime_r(&t.tv_sec, &parts);
  std::array<char, 40> out{};
  auto n = std::strftime(out.data(), out.size(), "%Y-%m-%dT%H:%M:%S", &parts);
  std::snprintf(out.data() + n, out.size() - n, ".%03ldZ", t.tv_nsec / 1'000'000);
  return out.data();
}

/// What goes wrong with the log itself (a full disk) is said once a minute, on standard error; a node
/// does not stop for it.
void report_trouble(const std::string& what) {
  static std::atomic<std::time_t> last{0};
  auto now = std::time(nullptr);
  auto before = last.load();
  if (now - before >= 60 && last.compare_exchange_strong(before, now))
    std::fprintf(stderr, "ockam-node: the log cannot be written: %s\n", what.c_str());
}

/// Whoever asks for JSON gets that, wherever it goes.
bool goes_to_journal(const log_config& c, const default_log& otherwise) {
  return c.file.empty() && otherwise.where == default_log::place::standard_error && c.format != "json" && standard_error_is_journal();
}

spdlog::sink_ptr make_sink(const log_config& c, const default_log& otherwise) {
  using place = default_log::place;
  if (!c.file.empty())
    return files = std::make_shared<rotating_log>(c.file, c.max_size, c.max_files);
  if (otherwise.where == place::daily_files)
    return files = std::make_shared<daily_log>(otherwise.stem, c.max_size, c.max_files);
  if (otherwise.where == place::standard_output)
    return standard_output = std::make_shared<stdout_log>();
  if (goes_to_journal(c, otherwise))
    return std::make_shared<journal_log>();
  return std::make_shared<spdlog::sinks::stderr_sink_mt>();
}

} // namespace

level parse_level(std::string_view name) {
  for (std::size_t i = 0; i < names.size(); ++i)
    if (names[i] == name)
      return static_cast<level>(i);
  return level::info;
}

std::string json_line(std::string_view time, level l, std::string_view node, std::string_view component, std::string_view message) {
  nlohmann::ordered_json line{{"time", time}, {"level", names[static_cast<std::size_t>(l)]}, {"node", node},
                              {"component", component}, {"message", printable(message)}};
  return line.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

result<void> start_logging(const log_config& c, const default_log& otherwise, const std::string& node_name) {
  set_log_level(parse_level(c.level));
  try {
    auto sink = make_sink(c, otherwise);
    spdlog::init_thread_pool(queue_lines, 1);
    logger = std::make_shared<spdlog::async_logger>("node", sink, spdlog::thread_pool(), spdlog::async_overflow_policy::overrun_oldest);
  } catch (const spdlog::spdlog_ex& e) {
    standard_output.reset();
    return error{errc::permission_denied, std::string{"cannot open the log file: "} + e.what(), "log-file names another one"};
  }
  logger->set_error_handler(report_trouble);
  logger->set_level(spdlog::level::trace); // the runtime has chosen already
  logger->set_pattern("%v");
  logger->flush_on(spdlog::level::info);
  bool json = c.format == "json", journal = goes_to_journal(c, otherwise);
  set_log_sink([json, journal, node_name](level l, std::string_view component, std::string_view message) {
    auto text = journal ? journal_entry(l, node_name, component, shown(message))
                : json  ? json_line(now_text(), l, node_name, component, shown(message))
                        : now_text() + " " + std::string{names[static_cast<std::size_t>(l)]} + " " + std::string{component} + ": " + shown(message);
    logger->log(to_spdlog(l), text);
  });
  return {};
}

void hide_in_log(const std::vector<std::string>& secrets) {
  auto all = hidden.load() ? *hidden.load() : std::vector<std::string>{};
  for (const auto& s : secrets)
    if (std::find(all.begin(), all.end(), s) == all.end())
      all.push_back(s);
  hidden.store(std::make_shared<const std::vector<std::string>>(std::move(all)));
}

void release_log() {
  if (standard_output)
    standard_output->release();
}

void reopen_log() {
  if (files)
    files->reopen();
}

bool stop_logging() {
  constexpr std::chrono::milliseconds patience{500};
  set_log_level(level::off);
  auto ended = std::make_shared<std::promise<void>>();
  std::thread{[ended] {
    if (logger)
      logger->flush();
    standard_output.reset();
    files.reset();
    logger.reset();
    spdlog::shutdown(); // waits for the log's thread
    ended->set_value();
  }}.detach();
  return ended->get_future().wait_for(patience) == std::future_status::ready;
}

} // namespace ockam
