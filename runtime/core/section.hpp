// SPDX-License-Identifier: Apache-2.0
// Sections of a configuration and their keys, described as data: what reads a configuration file, what makes the
// options of the command line and what writes the reference in docs/configuration.md all ask the same descriptors.
#pragma once

#include "runtime/core/error.hpp"

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace ockam {

/// What the text of a value has to be.
enum class key_type : std::uint8_t {
  text,     ///< anything; `least` and `most` bound its bytes
  number,   ///< from `least` to `most`
  size,     ///< bytes, as `parse_size` reads them, from `least` to `most`
  duration, ///< as `parse_duration` reads it, from `least` to `most` milliseconds; each of `words` stands for zero
  flag,     ///< yes or no
  choice,   ///< one of `words`
  list,     ///< texts with commas between
  path      ///< of a file
};

/// One key of a section. Plain data with static texts, so that it can be a constant in a header.
struct key_descriptor {
  std::string_view name;
  key_type type = key_type::text;
  std::string_view about = {};    ///< for help: begins with a small letter, has no full stop
  std::string_view fallback = {}; ///< what holds when it is not there, written as a value; empty: nothing
  std::uint64_t least = 0;
  std::uint64_t most = 0;
  std::span<const std::string_view> words = {};
  std::string_view value = {};    ///< what it takes, for help: HOST:PORT; empty: as the type says
  std::string_view example = {};  ///< for the hint when it is missing
  bool required = false;
  /// What the type does not tell. Error: its cause begins with what is wrong, without the key.
  result<void> (*check)(const std::string& text) = nullptr;
};

/// What stands behind the kind in the brackets.
enum class section_name : std::uint8_t {
  none,   ///< there is one such section: [node]
  label,  ///< a name for people and logs: [tcp-listener main]
  address ///< the address of the worker that the section makes, which no other may have: [service echo]
};

/// One kind of section.
struct section_descriptor {
  std::string kind; ///< the first word in the brackets: tcp-listener
  section_name name = section_name::none;
  std::string_view about; ///< for help
  std::vector<key_descriptor> keys;
  /// The key that a single value stands for, where one is given instead of a section: `--tcp-listener ADDRESS`, and
  /// in YAML. Empty: there is none.
  std::string_view main_key = {};
  bool open = false; ///< keys beside these are options of what the section makes
};

/// A value, as its key's type says: text, choice and path; number and size; duration; flag; list.
using key_value = std::variant<std::string, std::uint64_t, std::chrono::milliseconds, bool, std::vector<std::string>>;

/// The values of keys as they were written.
using option_texts = std::map<std::string, std::string>;

/// A section as it stands in a configuration.
struct config_section {
  std::string kind; ///< tcp-listener
  std::string name;
  option_texts keys;
};

/// Null: there is no such key.
const key_descriptor* find_key(std::span<const key_descriptor> keys, std::string_view name);

/// Reads a value. Errors: those of `check`, else `invalid_argument`; the cause does not name the key.
result<key_value> read_value(const key_descriptor& k, const std::string& text);

/// "did you mean address?", or the list of all keys when none is near.
std::string hint_for_unknown(std::string_view name, std::span<const key_descriptor> keys);

/// What a key takes, for help: SIZE, DURATION, HOST:PORT; empty for a flag.
std::string_view value_form(const key_descriptor& k);

/// For help: what it is, its words and its default.
std::string help_text(const key_descriptor& k);

/// Values of several keys, all of the right form, with the defaults of those that were not given.
class option_values {
 public:
  /// Error: `invalid_argument`, or what a key's `check` says, with the key in front; for a key that is not among
  /// `keys`, the hint names the nearest. `keys` outlive it.
  static result<option_values> read(std::span<const key_descriptor> keys, const option_texts& given);

  /// Whether it was given.
  bool has(std::string_view key) const { return given_.contains(key); }
  /// What was given, else the default, else nothing of that type. The key has to be one of the type `T`.
  template <class T>
  T get(std::string_view key) const {
    if (auto it = given_.find(key); it != given_.end())
      return std::get<T>(it->second);
    const auto* k = find_key(keys_, key);
    if (!k || k->fallback.empty())
      return T{};
    auto v = read_value(*k, std::string{k->fallback});
    return v ? std::get<T>(*std::move(v)) : T{};
  }

 private:
  std::span<const key_descriptor> keys_;
  std::map<std::string, key_value, std::less<>> given_;
};

/// Whether both say the same: in whatever form a value is written, and what is left out is its default. The order of a
/// list says nothing.
bool means_the_same(std::span<const key_descriptor> keys, const option_texts& l, const option_texts& r);

/// Only whether there is an error.
template <class T>
result<void> outcome_of(result<T> r) {
  if (!r)
    return std::move(r).error();
  return {};
}

/// A `key_descriptor::check` from a function that parses.
template <auto Parse>
result<void> checked_by(const std::string& text) {
  return outcome_of(Parse(text));
}

/// Keys of several lists, in their order.
template <std::size_t N, std::size_t M>
constexpr std::array<key_descriptor, N + M> joined_keys(const std::array<key_descriptor, N>& first,
                                                        const std::array<key_descriptor, M>& second) {
  std::array<key_descriptor, N + M> out{};
  for (std::size_t i = 0; i < N; ++i)
    out[i] = first[i];
  for (std::size_t i = 0; i < M; ++i)
    out[N + i] = second[i];
  return out;
}

} // namespace ockam
