// SPDX-License-Identifier: Apache-2.0
#include "runtime/core/service_options.hpp"

#include "runtime/core/address.hpp"
#include "runtime/core/suggest.hpp"
#include "runtime/core/units.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <vector>

namespace ockam {

const std::string* service_options::find(std::string_view name) const {
  asked_.emplace(name);
  auto it = values_.find(name);
  return it == values_.end() ? nullptr : &it->second;
}

void service_options::reject(std::string_view name, std::string_view why) const {
  if (problem_.empty())
    problem_ = "option " + printable(name) + ": " + std::string{why};
}

bool service_options::has(std::string_view name) const {
  return find(name) != nullptr;
}

std::string service_options::text(std::string_view name, std::string_view otherwise) const {
  const auto* v = find(name);
  return v ? *v : std::string{otherwise};
}

std::string service_options::required(std::string_view name) const {
  const auto* v = find(name);
  if (!v)
    reject(name, "it is missing");
  return v ? *v : std::string{};
}

std::string service_options::choice(std::string_view name, std::string_view otherwise,
                                    std::initializer_list<std::string_view> words) const {
  const auto* v = find(name);
  if (!v)
    return std::string{otherwise};
  if (std::find(words.begin(), words.end(), *v) != words.end())
    return *v;
  std::string list;
  for (auto w : words)
    list += (list.empty() ? "" : ", ") + std::string{w};
  reject(name, "\"" + printable(*v) + "\" is not one of: " + list);
  return std::string{otherwise};
}

std::int64_t service_options::number(std::string_view name, std::int64_t otherwise, std::int64_t least,
                                     std::int64_t most) const {
  const auto* v = find(name);
  if (!v)
    return otherwise;
  std::int64_t n = 0;
  auto [end, ec] = std::from_chars(v->data(), v->data() + v->size(), n);
  if (ec == std::errc{} && end == v->data() + v->size() && n >= least && n <= most)
    return n;
  auto bounds = most == INT64_MAX ? " of at least " + std::to_string(least)
                                  : " from " + std::to_string(least) + " to " + std::to_string(most);
  reject(name, "\"" + printable(*v) + "\" is not a whole number" + bounds);
  return otherwise;
}

double service_options::real(std::string_view name, double otherwise) const {
  const auto* v = find(name);
  if (!v)
    return otherwise;
  double n = 0;
  auto [end, ec] = std::from_chars(v->data(), v->data() + v->size(), n);
  if (ec == std::errc{} && end == v->data() + v->size())
    return n;
  reject(name, "\"" + printable(*v) + "\" is not a number");
  return otherwise;
}

bool service_options::flag(std::string_view name, bool otherwise) const {
  const auto* v = find(name);
  if (!v)
    return otherwise;
  constexpr std::array<std::string_view, 3> yes{"yes", "true", "on"}, no{"no", "false", "off"};
  if (std::find(yes.begin(), yes.end(), *v) != yes.end())
    return true;
  if (std::find(no.begin(), no.end(), *v) == no.end())
    reject(name, "\"" + printable(*v) + "\" is neither yes nor no");
  return otherwise && std::find(no.begin(), no.end(), *v) == no.end();
}

std::chrono::milliseconds service_options::duration(std::string_view name, std::chrono::milliseconds otherwise) const {
  const auto* v = find(name);
  if (!v)
    return otherwise;
  auto d = parse_duration(*v);
  if (!d)
    reject(name, d.error().cause);
  return d ? *d : otherwise;
}

std::uint64_t service_options::size(std::string_view name, std::uint64_t otherwise) const {
  const auto* v = find(name);
  if (!v)
    return otherwise;
  auto n = parse_size(*v);
  if (!n)
    reject(name, n.error().cause);
  return n ? *n : otherwise;
}

const service_options::values& service_options::all() const {
  for (const auto& [name, value] : values_)
    asked_.insert(name);
  return values_;
}

result<void> service_options::wrong() const {
  if (!problem_.empty())
    return error{errc::invalid_argument, problem_, {}};
  return {};
}

result<void> service_options::unknown() const {
  for (const auto& [name, value] : values_) {
    if (asked_.contains(name))
      continue;
    std::vector<std::string> known{asked_.begin(), asked_.end()};
    auto near = nearest(name, known);
    return error{errc::invalid_argument, "this service has no option named " + printable(name),
                 near ? "did you mean " + *near + "?" : std::string{}};
  }
  return {};
}

void service_options::remove(std::span<const std::string_view> names) {
  for (auto name : names)
    if (auto it = values_.find(name); it != values_.end())
      values_.erase(it);
  if (values_.empty())
    asked_.clear(); // only what somebody gave can be unknown
}

} // namespace ockam
