// SPDX-License-Identifier: Apache-2.0
#include "operation/process_figures.hpp"

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <sys/resource.h>
#include <unistd.h>

namespace ockam::operation {

namespace {

std::optional<std::string> content_of(const char* path) {
  std::ifstream in{path};
  std::ostringstream text;
  if (!in || !(text << in.rdbuf()))
    return std::nullopt;
  return std::move(text).str();
}

/// proc(5): seconds since 1970 at which the system began.
std::optional<double> boot_seconds() {
  auto text = content_of("/proc/stat");
  auto at = text ? text->find("\nbtime ") : std::string::npos;
  if (at == std::string::npos)
    return std::nullopt;
  return std::strtod(text->c_str() + at + 7, nullptr);
}

/// proc(5), /proc/self/stat: the fields from the third on; the second is in parentheses and may have any character.
void read_stat(process_figures& out) {
  auto text = content_of("/proc/self/stat");
  auto name_end = text ? text->rfind(')') : std::string::npos;
  if (name_end == std::string::npos)
    return;
  std::istringstream fields{text->substr(name_end + 1)};
  std::string skipped;
  auto skip = [&](int n) {
    while (n-- > 0)
      fields >> skipped;
  };
  std::uint64_t user = 0, system = 0, threads = 0, began = 0, size = 0, pages = 0;
  skip(11); // state … cmajflt
  fields >> user >> system;
  skip(4); // cutime, cstime, priority, nice
  fields >> threads;
  skip(1); // itrealvalue
  fields >> began >> size >> pages;
  if (!fields)
    return;
  auto ticks = static_cast<double>(::sysconf(_SC_CLK_TCK));
  out.cpu_seconds = static_cast<double>(user + system) / ticks;
  out.threads = threads;
  out.virtual_bytes = size;
  out.resident_bytes = pages * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
  if (auto boot = boot_seconds())
    out.start_seconds = *boot + static_cast<double>(began) / ticks;
}

std::optional<std::uint64_t> open_files() {
  std::error_code failed;
  std::uint64_t n = 0;
  for (std::filesystem::directory_iterator it{"/proc/self/fd", failed}, end; !failed && it != end; it.increment(failed))
    ++n;
  if (failed || n == 0)
    return std::nullopt;
  return n - 1; // the one that reads this
}

} // namespace

process_figures read_process_figures() {
  process_figures out;
  read_stat(out);
  out.open_files = open_files();
  if (rlimit most{}; ::getrlimit(RLIMIT_NOFILE, &most) == 0 && most.rlim_cur != RLIM_INFINITY)
    out.most_files = most.rlim_cur;
  return out;
}

} // namespace ockam::operation
