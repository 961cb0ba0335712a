// SPDX-License-Identifier: Apache-2.0
#include "cli/ockam/invocation.hpp"

#include "runtime/core/address.hpp"
#include "runtime/core/units.hpp"

#include <iostream>
#include <unistd.h>

namespace ockam::cli {

namespace {

constexpr std::chrono::milliseconds default_timeout{10'000};
constexpr std::chrono::milliseconds longest_timeout = std::chrono::hours{24};

} // namespace

const deadline& invocation::by() {
  if (!by_) {
    auto given = parse_duration(args.get("timeout"));
    by_.emplace(given ? *given : default_timeout);
  }
  return *by_;
}

result<void> invocation::confirm(const std::string& question) {
  if (args.has("yes"))
    return {};
  if (args.has("no-input") || ::getenv("NO_INPUT") || !::isatty(STDIN_FILENO) || !::isatty(STDERR_FILENO))
    return error{errc::invalid_argument, "Use --yes to confirm", "nobody can be asked here: add -y to the command"};
  std::cerr << printable(question) << " [y/N] " << std::flush;
  std::string line;
  std::getline(std::cin, line);
  if (line == "y" || line == "Y" || line == "yes")
    return {};
  return error{errc::invalid_argument, "Nothing was done", {}};
}

result<void> none_to_delete(invocation& in, const std::string& things) {
  return in.out.show({json::array(), "  > There are no " + things + " to delete"});
}

option timeout_option() {
  return {.name = "timeout", .value = "DURATION", .about = "Give up after this time", .fallback = "10s", .check = &check_duration};
}

result<void> check_duration(const std::string& text) {
  auto d = parse_duration(text);
  if (!d)
    return error{errc::invalid_argument, "Invalid duration", d.error().hint};
  if (*d > longest_timeout)
    return error{errc::invalid_argument, "it is over a day", {}};
  return {};
}

result<void> check_pair(const std::string& text) {
  if (text.find('=') == std::string::npos || text.front() == '=')
    return error{errc::invalid_argument, "invalid key=value pair: no `=` found in `" + printable(text) + "`", {}};
  return {};
}

} // namespace ockam::cli
