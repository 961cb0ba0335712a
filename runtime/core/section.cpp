// SPDX-License-Identifier: Apache-2.0
#include "runtime/core/section.hpp"

#include "runtime/core/address.hpp"
#include "runtime/core/suggest.hpp"
#include "runtime/core/units.hpp"

#include <algorithm>
#include <charconv>
#include <iterator>
#include <optional>

namespace ockam {

namespace {

error wrong(std::string cause, std::string hint = {}) {
  return {errc::invalid_argument, std::move(cause), std::move(hint)};
}

std::string joined(std::span<const std::string_view> words) {
  std::string out;
  for (auto w : words)
    out += (out.empty() ? "" : ", ") + std::string{w};
  return out;
}

std::string quoted(const std::string& text) {
  return "\"" + printable(text) + "\"";
}

bool is_word(const key_descriptor& k, const std::string& text) {
  return std::find(k.words.begin(), k.words.end(), text) != k.words.end();
}

/// `shown` is how a bound of this key is written.
error out_of_bounds(const key_descriptor& k, const std::string& text, std::string (*shown)(std::uint64_t)) {
  return wrong(printable(text) + " is not between " + shown(k.least) + " and " + shown(k.most),
               k.fallback.empty() ? std::string{} : "the default is " + std::string{k.fallback});
}

result<key_value> read_number(const key_descriptor& k, const std::string& text) {
  std::uint64_t n = 0;
  auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), n);
  if (text.empty() || ec != std::errc{} || end != text.data() + text.size() || n < k.least || n > k.most)
    return wrong(quoted(text) + " is not a number from " + std::to_string(k.least) + " to " + std::to_string(k.most));
  return key_value{n};
}

result<key_value> read_size(const key_descriptor& k, const std::string& text) {
  auto n = parse_size(text);
  if (!n)
    return std::move(n).error();
  if (*n < k.least || *n > k.most)
    return out_of_bounds(k, text, &size_text);
  return key_value{*n};
}

std::string duration_text(std::uint64_t ms) {
  return to_string(std::chrono::milliseconds{static_cast<std::int64_t>(ms)});
}

result<key_value> read_duration(const key_descriptor& k, const std::string& text) {
  if (is_word(k, text))
    return key_value{std::chrono::milliseconds{0}};
  auto d = parse_duration(text);
  if (!d) {
    auto e = std::move(d).error();
    if (!k.words.empty())
      e.hint += ", or " + joined(k.words);
    return e;
  }
  if (auto ms = static_cast<std::uint64_t>(d->count()); ms < k.least || ms > k.most)
    return out_of_bounds(k, text, &duration_text);
  return key_value{*d};
}

result<key_value> read_text(const key_descriptor& k, const std::string& text) {
  if (k.most != 0 && (text.size() < k.least || text.size() > k.most))
    return wrong(text.empty() ? "it is empty" : "it has " + std::to_string(text.size()) + " bytes",
                 std::to_string(k.least) + " to " + std::to_string(k.most) + " bytes");
  return key_value{text};
}

/// What is given and empty, as by a command in quotes that has failed, says neither nobody nor anybody.
result<key_value> read_list(const key_descriptor& k, const std::string& text) {
  auto all = split_list(text);
  if (all.empty())
    return wrong("it is empty", std::string{k.about});
  return key_value{std::move(all)};
}

result<key_value> read_typed(const key_descriptor& k, const std::string& text) {
  switch (k.type) {
    case key_type::number: return read_number(k, text);
    case key_type::size: return read_size(k, text);
    case key_type::duration: return read_duration(k, text);
    case key_type::flag:
      if (text != "yes" && text != "no")
        return wrong(quoted(text) + " is neither yes nor no");
      return key_value{text == "yes"};
    case key_type::choice:
      if (!is_word(k, text))
        return wrong(quoted(text) + " is not one of: " + joined(k.words));
      return key_value{text};
    case key_type::list: return read_list(k, text);
    case key_type::text:
    case key_type::path: break;
  }
  return read_text(k, text);
}

} // namespace

const key_descriptor* find_key(std::span<const key_descriptor> keys, std::string_view name) {
  auto it = std::find_if(keys.begin(), keys.end(), [&](auto& k) { return k.name == name; });
  return it == keys.end() ? nullptr : &*it;
}

result<key_value> read_value(const key_descriptor& k, const std::string& text) {
  if (k.check)
    if (auto ok = k.check(text); !ok)
      return std::move(ok).error();
  return read_typed(k, text);
}

std::string hint_for_unknown(std::string_view name, std::span<const key_descriptor> keys) {
  std::vector<std::string_view> names;
  for (const auto& k : keys)
    names.push_back(k.name);
  auto near = nearest(name, names);
  return near ? "did you mean " + *near + "?" : names.empty() ? std::string{} : "keys: " + joined(names);
}

std::string_view value_form(const key_descriptor& k) {
  if (!k.value.empty())
    return k.value;
  switch (k.type) {
    case key_type::text: return "TEXT";
    case key_type::number: return "N";
    case key_type::size: return "SIZE";
    case key_type::duration: return "DURATION";
    case key_type::flag: return {};
    case key_type::choice: return "WORD";
    case key_type::list: return "LIST";
    case key_type::path: return "FILE";
  }
  return {};
}

std::string help_text(const key_descriptor& k) {
  std::string out{k.about};
  if (!k.words.empty())
    out += ": " + joined(k.words) + (k.type == key_type::duration ? " or a duration" : "");
  if (!k.fallback.empty())
    out += " (" + std::string{k.fallback} + ")";
  return out;
}

bool means_the_same(std::span<const key_descriptor> keys, const option_texts& l, const option_texts& r) {
  auto meaning = [](const key_descriptor& k, const option_texts& in) -> std::optional<key_value> {
    auto it = in.find(std::string{k.name});
    if (it == in.end() && k.fallback.empty())
      return std::nullopt;
    auto v = read_value(k, it == in.end() ? std::string{k.fallback} : it->second);
    if (!v)
      return key_value{it == in.end() ? std::string{k.fallback} : it->second};
    if (auto* list = std::get_if<std::vector<std::string>>(&*v))
      std::sort(list->begin(), list->end());
    return *std::move(v);
  };
  auto is_known = [&](auto& given) { return find_key(keys, given.first) != nullptr; };
  option_texts others[2];
  std::remove_copy_if(l.begin(), l.end(), std::inserter(others[0], others[0].end()), is_known);
  std::remove_copy_if(r.begin(), r.end(), std::inserter(others[1], others[1].end()), is_known);
  return others[0] == others[1] && std::all_of(keys.begin(), keys.end(), [&](auto& k) { return meaning(k, l) == meaning(k, r); });
}

result<option_values> option_values::read(std::span<const key_descriptor> keys, const option_texts& given) {
  option_values out;
  out.keys_ = keys;
  for (const auto& [name, text] : given) {
    const auto* k = find_key(keys, name);
    if (!k)
      return wrong("there is no option " + printable(name), hint_for_unknown(name, keys));
    auto v = read_value(*k, text);
    if (!v) {
      auto e = std::move(v).error();
      e.cause = name + ": " + e.cause;
      return e;
    }
    out.given_.emplace(name, *std::move(v));
  }
  return out;
}

} // namespace ockam
