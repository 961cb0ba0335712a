// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "runtime/core/error.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <map>
#include <set>
#include <span>
#include <string>
#include <string_view>

namespace ockam {

/// What a service was told when it was started: the further keys of its section `[service NAME]`, or
/// `--option k=v`. A service asks for its options in its constructor, by name and type. What it asks for
/// with a value of another type gets `otherwise`; what it never asks for it does not know. Either is an
/// error, and the service is not started: no exceptions, no second list of names.
class service_options {
 public:
  using values = std::map<std::string, std::string, std::less<>>;

  service_options() = default;
  explicit service_options(values v) : values_{std::move(v)} {}

  bool has(std::string_view name) const;
  std::string text(std::string_view name, std::string_view otherwise = {}) const;
  /// An option that must be there.
  std::string required(std::string_view name) const;
  /// One of a few words. `otherwise` is returned as it is.
  std::string choice(std::string_view name, std::string_view otherwise, std::initializer_list<std::string_view> words) const;
  std::int64_t number(std::string_view name, std::int64_t otherwise, std::int64_t least = 0,
                      std::int64_t most = INT64_MAX) const;
  double real(std::string_view name, double otherwise) const;
  /// yes, no, true, false, on, off.
  bool flag(std::string_view name, bool otherwise) const;
  /// `500ms`, `10s`, `2m`, `1h`, `1d`; seconds without a unit.
  std::chrono::milliseconds duration(std::string_view name, std::chrono::milliseconds otherwise) const;
  /// Bytes: `4096`, `64KiB`, `16MiB`.
  std::uint64_t size(std::string_view name, std::uint64_t otherwise) const;
  /// All of them, and all are then known.
  const values& all() const;

  bool empty() const noexcept { return values_.empty(); }
  /// Takes these out: who they are for has read them.
  void remove(std::span<const std::string_view> names);

  /// Says that an option is wrong, in words of the service's own.
  void reject(std::string_view name, std::string_view why) const;

  /// The first option that is missing or of the wrong type. Error: `invalid_argument`.
  result<void> wrong() const;
  /// The first option that nobody has asked for. Error: `invalid_argument`, with the nearest name.
  result<void> unknown() const;

 private:
  const std::string* find(std::string_view name) const;

  values values_;
  mutable std::set<std::string, std::less<>> asked_;
  mutable std::string problem_;
};

} // namespace ockam
