// SPDX-License-Identifier: Apache-2.0
#include "key_value.hpp"

#include <cstdio>
#include <filesystem>
#include <stdexcept>

namespace {

constexpr std::size_t longest_key = 256;
constexpr std::size_t longest_list = 1u << 20;

/// The first word of a line; the line goes on behind it.
std::string_view take_word(std::string_view& line) {
  auto end = line.find(' ');
  auto word = line.substr(0, end);
  line = end == std::string_view::npos ? std::string_view{} : line.substr(end + 1);
  return word;
}

} // namespace

key_value::key_value(const ockam::service_options& o)
  : file_{o.text("file")}, max_keys_{static_cast<std::size_t>(o.number("max-keys", 100'000, 1))},
    max_value_{o.size("max-value", 64u << 10)} {}

void key_value::on_start() {
  if (!file_.empty())
    load();
}

void key_value::on_message(ockam::message_ptr m) {
  auto text = m->text();
  if (!text)
    return reply_error(std::move(m), "a request is text: get KEY, put KEY VALUE, delete KEY, list PREFIX, count");
  auto line = std::string{*text};
  std::string_view rest = line;
  auto word = take_word(rest);
  if (rest.find('\n') != std::string_view::npos)
    return reply_error(std::move(m), "a request is one line");
  if (word == "count")
    return answer(std::move(m), std::to_string(values_.size()));
  if (word == "list") {
    std::string out;
    for (auto it = values_.lower_bound(rest); it != values_.end() && it->first.starts_with(rest) && out.size() < longest_list; ++it)
      out.append(out.empty() ? "" : "\n").append(it->first);
    return answer(std::move(m), out);
  }
  std::string key{take_word(rest)};
  if (key.empty() || key.size() > longest_key)
    return reply_error(std::move(m), "a key has 1 to 256 bytes and no spaces");
  if (word == "put")
    return put(std::move(m), key, rest);
  if (word == "delete")
    return remove(std::move(m), key);
  if (word != "get")
    return reply_error(std::move(m), "there is no request " + std::string{word} + ": get, put, delete, list, count");
  auto it = values_.find(key);
  if (it == values_.end())
    return reply_error(std::move(m), "there is no value for " + key);
  answer(std::move(m), it->second);
}

void key_value::answer(ockam::message_ptr m, std::string_view text) {
  reply_text(std::move(m), text);
}

void key_value::put(ockam::message_ptr m, std::string_view key, std::string_view value) {
  if (value.size() > max_value_)
    return reply_error(std::move(m), "the value has over " + std::to_string(max_value_) + " bytes");
  auto it = values_.find(key);
  if (it == values_.end() && values_.size() >= max_keys_)
    return reply_error(std::move(m), "there are " + std::to_string(max_keys_) + " keys already");
  append("put " + std::string{key} + " " + std::string{value});
  values_.insert_or_assign(std::string{key}, std::string{value});
  counter("stored").store(values_.size());
  answer(std::move(m), "stored");
}

void key_value::remove(ockam::message_ptr m, const std::string& key) {
  auto it = values_.find(key);
  if (it == values_.end())
    return reply_error(std::move(m), "there is no value for " + key);
  append("delete " + key);
  values_.erase(it);
  counter("stored").store(values_.size());
  answer(std::move(m), "deleted");
}

/// Reads the log and writes it anew, with nothing in it that is not so any more.
void key_value::load() {
  std::ifstream in{file_};
  if (!in && std::filesystem::exists(file_))
    throw std::runtime_error{"cannot read " + file_};
  for (std::string line; std::getline(in, line);) {
    if (in.eof())
      break; // the last line was cut off: the node died in the middle of it
    std::string_view rest = line;
    auto word = take_word(rest);
    std::string key{take_word(rest)};
    if (word == "put")
      values_.insert_or_assign(key, std::string{rest});
    else if (word == "delete")
      values_.erase(key);
    else
      throw std::runtime_error{file_ + " is not a log of this store"};
  }
  if (in.bad()) // what could not be read must not be written over
    throw std::runtime_error{"cannot read " + file_};
  auto fresh = file_ + ".new";
  {
    std::ofstream out{fresh};
    for (const auto& [key, value] : values_)
      out << "put " << key << ' ' << value << '\n';
    if (!out.flush())
      throw std::runtime_error{"cannot write " + fresh};
  }
  if (std::rename(fresh.c_str(), file_.c_str()) != 0)
    throw std::runtime_error{"cannot write " + file_};
  log_.open(file_, std::ios::app);
  counter("stored").store(values_.size());
  log_info("has " + std::to_string(values_.size()) + " values from " + file_);
}

/// An exception ends the worker: better no store than one that forgets.
void key_value::append(std::string_view line) {
  if (file_.empty())
    return;
  log_ << line << '\n';
  if (!log_.flush())
    throw std::runtime_error{"cannot write " + file_};
}
