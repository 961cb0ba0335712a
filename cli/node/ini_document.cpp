// SPDX-License-Identifier: Apache-2.0
#include "cli/node/ini_document.hpp"

#include "runtime/core/address.hpp"

#include <algorithm>

namespace ockam {

namespace {

constexpr std::string_view blanks = " \t\r";
constexpr std::string_view byte_order_mark = "\xef\xbb\xbf";

bool is_blank(char c) {
  return blanks.find(c) != std::string_view::npos;
}

std::string_view trim(std::string_view s) {
  auto first = s.find_first_not_of(blanks);
  return first == std::string_view::npos ? std::string_view{} : s.substr(first, s.find_last_not_of(blanks) - first + 1);
}

bool is_rest(std::string_view s) { // nothing, or a comment
  auto t = trim(s);
  return t.empty() || t.front() == '#';
}

/// One blank between the kind and the name.
std::string normal_title(std::string_view inside) {
  auto s = trim(inside);
  auto blank = s.find_first_of(blanks);
  if (blank == std::string_view::npos)
    return std::string{s};
  return std::string{s.substr(0, blank)} + " " + std::string{trim(s.substr(blank))};
}

/// Where the comment of a value without quotes begins; behind its end when there is none.
std::size_t comment_of(std::string_view line, std::size_t begin) {
  for (auto p = begin; p < line.size(); ++p)
    if (line[p] == '#' && is_blank(line[p - 1]))
      return p;
  return line.size();
}

/// Whether the text is this one section and nothing else: names and keys may come from anywhere.
bool says(const ini_document& d, std::string_view title, const ini_document::keys& k) {
  if (!d.problems().empty() || d.sections().size() != 1 || d.sections().front().title != title)
    return false;
  const auto& entries = d.sections().front().entries;
  return std::equal(entries.begin(), entries.end(), k.begin(), k.end(),
                    [](auto& e, auto& one) { return e.key == one.first && e.value == one.second; });
}

} // namespace

ini_document::ini_document(std::string_view text) {
  byte_order_mark_ = text.starts_with(byte_order_mark);
  if (byte_order_mark_)
    text.remove_prefix(byte_order_mark.size());
  while (!text.empty()) {
    auto end = text.find('\n');
    lines_.emplace_back(text.substr(0, end));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  parse();
}

void ini_document::parse() {
  sections_.clear();
  problems_.clear();
  if (byte_order_mark_)
    problems_.push_back({1, "the file begins with a byte order mark", "save it as UTF-8 without one (BOM)"});
  for (int number = 1; number <= static_cast<int>(lines_.size()); ++number)
    read_line(number);
}

void ini_document::read_line(int number) {
  std::string_view line = lines_[static_cast<std::size_t>(number - 1)];
  if (is_rest(line))
    return;
  if (trim(line).front() == '[')
    return read_title(number);
  auto equals = line.find('=');
  if (equals == std::string_view::npos || trim(line.substr(0, equals)).empty())
    return problems_.push_back({number, "this line is neither a section nor key = value", "sections look like [node], keys like name = n1"});
  read_entry(number, equals);
}

void ini_document::read_title(int number) {
  std::string_view line = lines_[static_cast<std::size_t>(number - 1)];
  auto open = line.find('[');
  auto close = open;
  do
    close = line.find(']', close + 1);
  while (close != std::string_view::npos && !is_rest(line.substr(close + 1)));
  if (close == std::string_view::npos)
    return problems_.push_back({number, "this line is neither a section nor key = value", "sections look like [node], keys like name = n1"});
  auto inside = line.substr(open + 1, close - open - 1);
  auto title = normal_title(inside);
  if (!inside.empty() && (is_blank(inside.front()) || is_blank(inside.back())))
    problems_.push_back({number, "there are blanks inside the brackets", "write [" + printable(title) + "]"});
  if (title.empty())
    problems_.push_back({number, "the brackets are empty", "sections look like [node]"});
  sections_.push_back({std::move(title), number, {}});
}

void ini_document::read_entry(int number, std::size_t equals) {
  std::string_view line = lines_[static_cast<std::size_t>(number - 1)];
  if (sections_.empty())
    sections_.push_back({{}, number, {}});
  ini_entry e{std::string{trim(line.substr(0, equals))}, {}, number, equals + 1, equals + 1};
  auto begin = line.find_first_not_of(blanks, equals + 1);
  if (begin != std::string_view::npos && line[begin] == '"') {
    auto p = begin + 1;
    for (; p < line.size() && line[p] != '"'; ++p) {
      if (line[p] == '\\' && p + 1 < line.size() && (line[p + 1] == '"' || line[p + 1] == '\\'))
        ++p;
      e.value.push_back(line[p]);
    }
    if (p >= line.size())
      problems_.push_back({number, e.key + ": the quote is not closed", "\\\" stands for a quote between quotes"});
    else if (!is_rest(line.substr(p + 1)))
      problems_.push_back({number, e.key + ": there is text behind the closing quote", "\\\" stands for a quote between quotes"});
    e.begin = begin;
    e.end = std::min(p + 1, line.size());
  } else if (begin != std::string_view::npos) {
    auto comment = comment_of(line, begin);
    auto value = trim(line.substr(begin, comment - begin));
    auto after = comment < line.size() ? line.substr(comment + 1) : std::string_view{};
    if (value.find('#') != std::string_view::npos || (value.empty() && !after.empty() && !is_blank(after.front())))
      problems_.push_back({number, printable(e.key) + ": it is not clear whether # begins a comment here",
                           "a value with # stands in quotes: \"" + printable(trim(line.substr(begin))) + "\"; a comment has blanks around its #"});
    e.value = std::string{value};
    e.begin = begin;
    e.end = begin + value.size();
  }
  sections_.back().entries.push_back(std::move(e));
}

const ini_section* ini_document::find(std::string_view title) const {
  auto it = std::find_if(sections_.begin(), sections_.end(), [&](auto& s) { return s.title == title; });
  return it == sections_.end() ? nullptr : &*it;
}

result<void> ini_document::put(std::string_view title, const keys& k) {
  auto written = "[" + std::string{title} + "]\n";
  for (const auto& [key, value] : k) {
    auto v = ini_value(value);
    if (!v)
      return error{errc::invalid_argument, key + ": " + v.error().cause, v.error().hint};
    written += key + " = " + *v + "\n";
  }
  if (!says(ini_document{written}, title, k))
    return error{errc::invalid_argument, "\"" + printable(title) + "\" cannot be a name in a node's configuration", "no line end, no ] before a #, no blanks at its ends"};
  if (const auto* old = find(title)) {
    for (auto e = old->entries.rbegin(); e != old->entries.rend(); ++e)
      if (std::none_of(k.begin(), k.end(), [&](auto& one) { return one.first == e->key; }))
        lines_.erase(lines_.begin() + e->line - 1);
    parse();
    for (const auto& [key, value] : k)
      if (auto ok = set(title, key, value); !ok)
        return ok;
    return {};
  }
  const std::string end = !lines_.empty() && lines_.front().ends_with('\r') ? "\r" : "";
  if (!lines_.empty() && !trim(lines_.back()).empty())
    lines_.push_back(end);
  for (std::string_view rest = written; !rest.empty(); rest.remove_prefix(rest.find('\n') + 1))
    lines_.push_back(std::string{rest.substr(0, rest.find('\n'))} + end);
  parse();
  return {};
}

result<void> ini_document::set(std::string_view title, std::string_view key, std::string_view value) {
  auto written = ini_value(value);
  if (!written)
    return std::move(written).error();
  const auto* s = find(title);
  if (!s)
    return put(title, {{std::string{key}, std::string{value}}});
  auto e = std::find_if(s->entries.begin(), s->entries.end(), [&](auto& one) { return one.key == key; });
  if (e == s->entries.end())
    insert_key(*s, key, *written);
  else if (e->value != value)
    lines_[static_cast<std::size_t>(e->line - 1)].replace(e->begin, e->end - e->begin, e->begin == e->end ? " " + *written : *written);
  parse();
  return {};
}

/// Behind the last key that it has.
void ini_document::insert_key(const ini_section& s, std::string_view key, const std::string& written) {
  auto after = s.entries.empty() ? s.line : s.entries.back().line;
  const std::string end = lines_[static_cast<std::size_t>(s.line - 1)].ends_with('\r') ? "\r" : "";
  lines_.insert(lines_.begin() + after, std::string{key} + " = " + written + end);
}

bool ini_document::remove(std::string_view title) {
  const auto* s = find(title);
  if (!s)
    return false;
  auto first = lines_.begin() + s->line - 1;
  auto last = lines_.begin() + (s->entries.empty() ? s->line : s->entries.back().line);
  while (last != lines_.end() && trim(*last).empty())
    ++last;
  if (last == lines_.end()) // the last one: the blank lines before it go too
    while (first != lines_.begin() && trim(*(first - 1)).empty())
      --first;
  lines_.erase(first, last);
  parse();
  return true;
}

std::string ini_document::text() const {
  std::string out{byte_order_mark_ ? byte_order_mark : std::string_view{}};
  for (const auto& l : lines_)
    out += l + "\n";
  return out;
}

result<std::string> ini_value(std::string_view value) {
  if (value.find_first_of(std::string_view{"\r\n\0", 3}) != std::string_view::npos)
    return error{errc::invalid_argument, "\"" + printable(value) + "\" cannot be a value in a node's configuration", "no line end"};
  bool plain = value.find('#') == std::string_view::npos && !value.starts_with('"') && trim(value) == value;
  if (plain)
    return std::string{value};
  std::string out = "\"";
  for (char c : value) {
    if (c == '"' || c == '\\')
      out.push_back('\\');
    out.push_back(c);
  }
  return out + "\"";
}

} // namespace ockam
