// SPDX-License-Identifier: Apache-2.0
#include "services/lua/script_file.hpp"

#include "runtime/core/address.hpp"

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <iterator>

namespace ockam::lua {

result<std::string> read_script(const std::string& path) {
  std::error_code ec;
  auto what = std::filesystem::status(path, ec);
  if (what.type() == std::filesystem::file_type::not_found)
    return error{errc::not_found, "there is no file " + printable(path), {}};
  if (!ec && !std::filesystem::is_regular_file(what))
    return error{errc::invalid_argument, printable(path) + " is not a file", {}};
  if (auto size = std::filesystem::file_size(path, ec); !ec && size > max_script)
    return error{errc::too_large, printable(path) + " has over 1 MiB", {}};
  std::ifstream in{path, std::ios::binary};
  if (!in)
    return system_error("cannot read " + printable(path), errno);
  std::string text{std::istreambuf_iterator<char>{in}, {}};
  if (in.bad())
    return system_error("cannot read " + printable(path), errno);
  return text;
}

std::string script_name(const std::string& path) {
  return printable(std::filesystem::path{path}.filename().string());
}

} // namespace ockam::lua
