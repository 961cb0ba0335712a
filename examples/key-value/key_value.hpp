// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ockam/service.hpp>

#include <cstdint>
#include <fstream>
#include <map>
#include <string>
#include <string_view>

/// Keeps texts by key. A request is one line of text; the answer is a text, or an error for who asked:
///
///     get KEY          the value; an error when there is none
///     put KEY VALUE    `stored`; the value is the rest of the line
///     delete KEY       `deleted`; an error when there is none
///     list PREFIX      the keys that begin so, a line each
///     count            how many there are
///
/// With the option `file` what was stored survives a restart: each change is a line at the end of a log, which is
/// written anew when it is read. Options `max-keys` (100,000) and `max-value` (64KiB) bound the memory.
class key_value final : public ockam::worker {
 public:
  explicit key_value(const ockam::service_options& o);

  void on_start() override;
  void on_message(ockam::message_ptr m) override;

 private:
  void answer(ockam::message_ptr m, std::string_view text);
  void put(ockam::message_ptr m, std::string_view key, std::string_view value);
  void remove(ockam::message_ptr m, const std::string& key);
  void load();
  void append(std::string_view line);

  std::string file_;
  std::size_t max_keys_;
  std::size_t max_value_;
  std::map<std::string, std::string, std::less<>> values_;
  std::ofstream log_;
};
