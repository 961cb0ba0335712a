// SPDX-License-Identifier: Apache-2.0
#include "cli/ockam/output.hpp"

#include "cli/ockam/jq.hpp"

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
    case errc::permission_denied: return "OCK401";
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

std::string to_text(const json& j, bool compact) {
  return j.dump(compact ? -1 : 2, ' ', false, json::error_handler_t::replace);
}

result<void> output::show(const answer& a) {
  std::string text;
  if (style_.as_json && !style_.jq.empty()) {
    auto lines = run_jq(style_.jq, to_text(a.data, true), style_.compact);
    if (!lines)
      return std::move(lines).error();
    text = std::move(*lines);
  } else if (style_.as_json) {
    text = to_text(a.data, style_.compact);
  } else if (style_.out_is_terminal) {
    text = style_.color ? colored(a.text) : a.text;
  } else {
    text = a.plain ? *a.plain : to_text(a.data, style_.compact);
  }
  if (!write_line(stdout, text))
    return system_error("cannot write to standard output", errno);
  return {};
}

void output::line(std::string_view text) {
  if (!style_.as_json)
    write_line(stdout, style_.color && style_.out_is_terminal ? colored(text) : std::string{text});
}

void output::notice(std::string_view text) {
  if (!style_.quiet && style_.err_is_terminal)
    write_line(stderr, style_.color ? colored(text) : std::string{text});
}

void output::warn(std::string_view text) {
  if (style_.quiet)
    return;
  auto line = "  ! " + std::string{text};
  write_line(stderr, style_.color && style_.err_is_terminal ? colored(line) : line);
}

void output::detail(std::string_view text) {
  if (style_.verbose > 0)
    write_line(stderr, "    " + std::string{text});
}

void output::fail(const error& e) {
  if (style_.as_json) {
    json j{{"error", {{"code", to_string(e.code)}, {"number", static_cast<int>(e.code)}, {"cause", e.cause}, {"hint", e.hint}}}};
    write_line(stderr, to_text(j, style_.compact));
    return;
  }
  auto text = "    x " + e.cause + "\n";
  if (!e.hint.empty())
    text += "    help: " + e.hint + "\n";
  if (auto code = reference_code(e.code); !code.empty())
    text += "\n    Error code: " + std::string{code} + "\n";
  write_line(stderr, style_.color && style_.err_is_terminal ? colored(text) : text);
}

} // namespace ockam::cli
