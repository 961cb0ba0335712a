// SPDX-License-Identifier: Apache-2.0
#include "services/lua/script_file.hpp"

#include "runtime/core/address.hpp"

#include <algorithm>
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

result<std::string> script_below(const std::string& folder, const std::string& name) {
  namespace fs = std::filesystem;
  auto outside = [&] {
    return error{
      errc::permission_denied, printable(name) + " is not in the folder of the script that starts it, nor below", {}};
  };
  auto said = fs::path{name}.lexically_normal();
  if (said.is_absolute() || said.empty() || *said.begin() == "..")
    return outside(); // without a look at what is there
  std::error_code ec;
  auto root = fs::canonical(folder.empty() ? fs::path{"."} : fs::path{folder}, ec);
  if (ec)
    return system_error("cannot look into " + printable(folder), ec.value());
  auto file = fs::canonical(root / said, ec);
  if (ec == std::errc::no_such_file_or_directory || ec == std::errc::not_a_directory)
    return error{errc::not_found, "there is no file " + printable(name) + " beside the script that starts it", {}};
  if (ec)
    return system_error("cannot look at " + printable(name), ec.value());
  if (std::mismatch(root.begin(), root.end(), file.begin(), file.end()).first != root.end())
    return outside();
  return (fs::path{folder} / said).string();
}

std::string script_name(const std::string& path) { return printable(std::filesystem::path{path}.filename().string()); }

} // namespace ockam::lua
