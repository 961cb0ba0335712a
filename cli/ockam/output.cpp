// SPDX-License-Identifier: Apache-2.0
#include "cli/ockam/output.hpp"

#include "runtime/core/address.hpp"
#include "runtime/core/printable.hpp"
#include "runtime/core/utf8.hpp"

#include <array>
#include <cerrno>
#include <cstdio>

namespace ockam::cli {

namespace {

struct sign {
  std::string_view text;
  std::string_view color; ///< ANSI escape sequence
};
constexpr std::array<sign, 5> signs{
  {{"✔", "\033[32m"}, {"!", "\033[33m"}, {"x", "\033[31m"}, {"│", "\033[36m"}, {">", "\033[36m"}}};

/// Colours the sign that a line begins with.
std::string colored(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    auto line = text.substr(0, text.find('\n'));
    auto word = line.find_first_not_of(' ');
    for (const auto& s : signs)
      if (word != std::string_view::npos && line.substr(word).starts_with(s.text) && line.substr(word + s.text.size()).starts_with(' ')) {
        out.append(line.substr(0, word)).append(s.color).append(s.text).append("\033[0m");
        line.remove_prefix(word + s.text.size());
        text.remove_prefix(word + s.text.size());
        break;
      }
    out.append(line);
    text.remove_prefix(line.size());
    if (!text.empty()) {
      out.push_back('\n');
      text.remove_prefix(1);
    }
  }
  return out;
}

/// JSON has no other texts than UTF-8.
void make_utf8(json& j) {
  if (j.is_string()) {
    if (auto& text = j.get_ref<json::string_t&>(); !is_utf8(text))
      text = printable(text);
  } else if (j.is_object()) {
    std::vector<std::string> odd;
    for (auto& [key, value] : j.items()) {
      make_utf8(value);
      if (!is_utf8(key))
        odd.push_back(key);
    }
    for (const auto& key : odd) {
      j[printable(key)] = std::move(j[key]);
      j.erase(key);
    }
  } else if (j.is_array()) {
    for (auto& each : j)
      make_utf8(each);
  }
}

/// What JSON leaves as it is and a terminal obeys: DEL and the controls from U+0080 to U+009F, all in texts.
std::string json_for_terminal(std::string_view text) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    auto c = static_cast<unsigned char>(text[i]);
    bool c1 = c == 0xc2 && i + 1 < text.size() && static_cast<unsigned char>(text[i + 1]) < 0xa0;
    if (c1)
      c = static_cast<unsigned char>(text[++i]);
    if (c1 || c == 0x7f)
      out.append("\\u00").append({digits[c >> 4], digits[c & 15]});
    else
      out.push_back(text[i]);
  }
  return out;
}

bool write_line(std::FILE* to, std::string_view text) {
  std::fwrite(text.data(), 1, text.size(), to);
  if (!text.empty() && text.back() != '\n')
    std::fputc('\n', to);
  return std::fflush(to) == 0 && std::ferror(to) == 0;
}

/// The numbers that users of the reference know.
std::string_view reference_code(errc code) {
  switch (code) {
    case errc::not_found: return "OCK404";
    case errc::already_exists:
    case errc::address_in_use: return "OCK409";
    case errc::permission_denied:
    case errc::not_authentic:
    case errc::not_authorized: return "OCK401";
    case errc::internal: return "OCK500";
    default: return {};
  }
}

} // namespace

std::string done_line(std::string_view text) {
  return "  ✔ " + std::string{text};
}

std::string item_line(std::string_view text) {
  return "  │ " + std::string{text};
}

std::string to_text(json j, bool compact) {
  make_utf8(j);
  return j.dump(compact ? -1 : 2);
}

result<void> output::show(const answer& a) {
  std::string text;
  if (!style_.as_json && style_.out_is_terminal) {
    text = on_terminal(a.text);
  } else if (style_.as_json && !style_.jq.empty()) {
    auto lines = query(to_text(a.data, true), style_.compact);
    if (!lines)
      return std::move(lines).error();
    text = std::move(*lines);
  } else if (style_.as_json || !a.plain) {
    text = to_text(a.data, style_.compact);
  } else {
    text = *a.plain;
  }
  if (style_.as_json && style_.out_is_terminal)
    text = json_for_terminal(text);
  if (!write_line(stdout, text))
    return system_error("cannot write to standard output", errno);
  return {};
}

result<std::string> output::query(const std::string& text, bool compact) {
  if (!query_) {
    auto q = jq_query::compile(style_.jq);
    if (!q)
      return std::move(q).error();
    query_.emplace(*std::move(q));
  }
  return query_->run(text, compact);
}

result<void> output::data_line(json data) {
  auto text = to_text(std::move(data), true) + "\n";
  if (!style_.jq.empty()) {
    auto lines = query(text, true);
    if (!lines)
      return std::move(lines).error();
    text = std::move(*lines);
  }
  if (style_.out_is_terminal)
    text = json_for_terminal(text);
  if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size())
    return system_error("cannot write to standard output", errno);
  return {};
}

result<void> output::end_of_lines() {
  return std::fflush(stdout) == 0 && std::ferror(stdout) == 0 ? result<void>{} : result<void>{system_error("cannot write to standard output", errno)};
}

void output::line(std::string_view text) {
  if (!style_.as_json)
    write_line(stdout, style_.out_is_terminal ? on_terminal(text) : std::string{text});
}

void output::notice(std::string_view text) {
  if (!style_.quiet && style_.err_is_terminal)
    write_line(stderr, on_terminal(text));
}

void output::warn(std::string_view text) {
  if (style_.quiet)
    return;
  write_error("  ! " + std::string{text});
}

void output::aside(std::string_view text) {
  write_error(text);
}

void output::detail(std::string_view text) {
  if (style_.verbose > 0)
    write_error("    " + std::string{text});
}

void output::progress(std::string_view text) {
  if (!style_.err_is_terminal || style_.quiet)
    return;
  auto line = "\r\033[K" + printable(text);
  (void)std::fwrite(line.data(), 1, line.size(), stderr);
  std::fflush(stderr);
}

void output::screen(std::string_view text) {
  std::string out = "\033[H"; // each line is written over the one before: nothing flickers
  auto all = on_terminal(text);
  for (std::string_view rest = all; !rest.empty();) {
    auto end = rest.find('\n');
    out.append(rest.substr(0, end)).append("\033[K\r\n");
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
  }
  out += "\033[J";
  (void)std::fwrite(out.data(), 1, out.size(), stdout);
  std::fflush(stdout);
}

void output::fail(const error& e) {
  if (style_.as_json) {
    json j{{"error", {{"code", to_string(e.code)}, {"number", static_cast<int>(e.code)}, {"cause", e.cause}, {"hint", e.hint}}}};
    write_line(stderr, json_for_terminal(to_text(std::move(j), style_.compact)));
    return;
  }
  auto text = "    x " + e.cause + "\n";
  if (!e.hint.empty())
    text += "    help: " + e.hint + "\n";
  if (auto code = reference_code(e.code); !code.empty())
    text += "\n    Error code: " + std::string{code} + "\n";
  write_error(text);
}

std::string output::on_terminal(std::string_view text) const {
  auto safe = printable_lines(text);
  return style_.color ? colored(safe) : safe;
}

void output::write_error(std::string_view text) const {
  write_line(stderr, style_.err_is_terminal ? on_terminal(text) : printable_lines(text));
}

} // namespace ockam::cli
