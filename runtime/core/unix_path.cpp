// SPDX-License-Identifier: Apache-2.0
#include "runtime/core/unix_path.hpp"

#include "runtime/core/address.hpp"

#include <charconv>

namespace ockam {

namespace {

constexpr std::size_t max_path = 107; // sun_path has 108 bytes, the last one is 0

} // namespace

result<std::string> parse_unix_path(std::string_view text) {
  auto invalid = [&](const std::string& why, std::string hint) {
    return error{errc::invalid_address, "\"" + printable(text) + "\" is not the path of a Unix socket: " + why, std::move(hint)};
  };
  if (!text.starts_with('/'))
    return invalid("it has to be absolute", "for example /run/ockam/n1.sock");
  if (text.find('\0') != std::string_view::npos)
    return invalid("it has a zero byte", {});
  if (text.ends_with('/'))
    return invalid("it names a directory", std::string{text} + "n1.sock");
  if (text.size() > max_path)
    return invalid("it is longer than 107 bytes", "choose a directory nearer to the root, for example in /run");
  return std::string{text};
}

result<unsigned> parse_file_mode(std::string_view text) {
  unsigned mode = 0;
  auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), mode, 8);
  if (text.size() < 3 || text.size() > 4 || ec != std::errc{} || end != text.data() + text.size() || mode > 0777)
    return error{errc::invalid_argument, "\"" + printable(text) + "\" is not a file mode", "three octal digits: 600 for this user, 660 for the group as well, 666 for everybody"};
  return mode;
}

} // namespace ockam
