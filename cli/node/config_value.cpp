// SPDX-License-Identifier: Apache-2.0
#include "cli/node/config_value.hpp"

#include "runtime/core/address.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <dirent.h>
#include <fcntl.h>
#include <filesystem>
#include <fnmatch.h>
#include <memory>
#include <sys/stat.h>
#include <unistd.h>

namespace ockam {

namespace {

constexpr std::string_view opening = "${", escape = "$${", file_word = "file:", fallback_sign = ":-";
constexpr std::size_t least_secret = 4;

error wrong(std::string cause, std::string hint = {}) {
  return {errc::invalid_config, std::move(cause), std::move(hint)};
}

bool is_variable_name(std::string_view s) {
  auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; };
  return !s.empty() && letter(s.front()) && std::all_of(s.begin(), s.end(), [&](char c) { return letter(c) || (c >= '0' && c <= '9'); });
}

struct closing_descriptor {
  int fd;
  ~closing_descriptor() {
    if (fd >= 0)
      ::close(fd);
  }
};

result<std::string> read_regular_file(const std::string& path, std::size_t most) {
  closing_descriptor file{::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)}; // a pipe must not hold up anybody
  struct stat s {};
  if (file.fd < 0 || ::fstat(file.fd, &s) != 0)
    return system_error("cannot read " + printable(path), errno);
  if (!S_ISREG(s.st_mode))
    return wrong(printable(path) + " is not a file" + (S_ISDIR(s.st_mode) ? " but a directory" : ""));
  std::string out;
  std::array<char, 16384> chunk;
  for (;;) {
    auto n = ::read(file.fd, chunk.data(), chunk.size());
    if (n < 0 && errno == EINTR)
      continue;
    if (n < 0)
      return system_error("cannot read " + printable(path), errno);
    if (n == 0)
      return out;
    out.append(chunk.data(), static_cast<std::size_t>(n));
    if (out.size() > most)
      return error{errc::limit_reached, printable(path) + " has more than " + std::to_string(most) + " bytes", {}};
  }
}

result<std::vector<std::string>> matching_files(const std::string& directory, const std::string& pattern, std::size_t most) {
  std::unique_ptr<DIR, int (*)(DIR*)> dir{::opendir(directory.empty() ? "." : directory.c_str()), &::closedir};
  if (!dir)
    return system_error("cannot read the directory " + printable(directory), errno);
  std::vector<std::string> out;
  while (const auto* e = ::readdir(dir.get())) {
    if (::fnmatch(pattern.c_str(), e->d_name, FNM_PERIOD) != 0)
      continue;
    if (out.size() == most)
      return error{errc::limit_reached, "more than " + std::to_string(most) + " files of " + printable(directory) + " match " + printable(pattern), {}};
    out.push_back((std::filesystem::path{directory} / e->d_name).string());
  }
  std::sort(out.begin(), out.end());
  return out;
}

/// What stands between `${` and `}`.
result<void> put_in(std::string_view inside, const std::string& directory, const config_world& world, expanded_value& out) {
  if (inside.starts_with(file_word)) {
    auto path = (std::filesystem::path{directory} / inside.substr(file_word.size())).lexically_normal().string();
    auto text = world.read(path, max_secret);
    if (!text)
      return wrong("${" + printable(inside) + "}: " + text.error().cause, "a file that this user can read, as seen from the directory of the configuration");
    if (text->ends_with('\n'))
      text->pop_back();
    if (text->ends_with('\r'))
      text->pop_back();
    if (text->find_first_of(std::string_view{"\r\n\0", 3}) != std::string::npos)
      return wrong("${" + printable(inside) + "}: the file has several lines, a value is one", "keep the value alone in its file");
    out.is_secret = true;
    out.secrets.push_back(*text);
    out.files.push_back(std::move(path));
    out.text += *text;
    return {};
  }
  auto sign = inside.find(fallback_sign);
  std::string name{inside.substr(0, sign)};
  if (!is_variable_name(name))
    return wrong("${" + printable(inside) + "} is neither a variable of the environment nor a file", "${NAME}, ${NAME:-TEXT} or ${file:PATH}; $${ stands for ${");
  auto value = world.variable(name);
  if (sign != std::string_view::npos && (!value || value->empty()))
    value = std::string{inside.substr(sign + fallback_sign.size())};
  if (!value)
    return wrong("the variable " + name + " of the environment is not set", "set it where the node is started, or write ${" + name + ":-DEFAULT}; $${ stands for ${");
  if (value->find_first_of("\r\n") != std::string::npos)
    return wrong("the variable " + name + " of the environment has several lines, a value is one");
  out.variables.push_back(std::move(name));
  out.text += *value;
  return {};
}

} // namespace

const config_world& config_world::real() {
  static const config_world w{[](const std::string& name) -> std::optional<std::string> {
                                const char* value = std::getenv(name.c_str());
                                return value ? std::optional<std::string>{value} : std::nullopt;
                              },
                              &read_regular_file, &matching_files};
  return w;
}

const config_world& config_world::empty() {
  static const config_world w{[](auto&) { return std::optional<std::string>{}; },
                              [](auto& path, auto) { return result<std::string>{error{errc::not_found, "there is no " + printable(path), {}}}; },
                              [](auto&, auto&, auto) { return result<std::vector<std::string>>{std::vector<std::string>{}}; }};
  return w;
}

result<expanded_value> expand_value(std::string_view written, const std::string& directory, const config_world& world) {
  expanded_value out;
  while (!written.empty()) {
    auto next = written.find('$');
    out.text += written.substr(0, next);
    written.remove_prefix(next == std::string_view::npos ? written.size() : next);
    if (written.starts_with(escape)) {
      out.text += opening;
      written.remove_prefix(escape.size());
    } else if (written.starts_with(opening)) {
      auto end = written.find('}');
      if (end == std::string_view::npos)
        return wrong("${ is not closed", "$${ stands for ${");
      if (auto ok = put_in(written.substr(opening.size(), end - opening.size()), directory, world, out); !ok)
        return std::move(ok).error();
      written.remove_prefix(end + 1);
    } else if (!written.empty()) {
      out.text.push_back('$');
      written.remove_prefix(1);
    }
  }
  return out;
}

bool is_expression(std::string_view written) {
  return written.find(opening) != std::string_view::npos;
}

std::string escape_value(std::string_view text) {
  std::string out;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text.substr(at).starts_with(opening))
      out.push_back('$');
    out.push_back(text[at]);
  }
  return out;
}

std::string without_secrets(std::string text, const std::vector<std::string>& secrets, std::string_view shown) {
  auto hide = [&](const std::string& s) {
    for (auto at = s.size() < least_secret ? std::string::npos : text.find(s); at != std::string::npos; at = text.find(s, at + shown.size()))
      text.replace(at, s.size(), shown);
  };
  // The longest first: a shorter one may stand in it, and would leave the rest to be read.
  std::vector<std::string> all;
  for (const auto& one : secrets) {
    all.push_back(one);
    if (auto escaped = printable(one); escaped != one)
      all.push_back(std::move(escaped));
  }
  std::stable_sort(all.begin(), all.end(), [](const auto& l, const auto& r) { return l.size() > r.size(); });
  for (const auto& one : all)
    hide(one);
  return text;
}

} // namespace ockam
