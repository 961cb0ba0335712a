// SPDX-License-Identifier: Apache-2.0
#include "cli/ockam/manual_page.hpp"

#include <cctype>
#include <filesystem>
#include <sstream>
#include <unistd.h>

namespace ockam::cli {

std::string manual_page_of(const std::string& usage) {
  std::string out;
  std::istringstream words{usage};
  for (std::string word; words >> word && std::isalpha(static_cast<unsigned char>(word.front()));)
    out += (out.empty() ? "" : "-") + word;
  return out;
}

void become_manual(const std::string& name) {
  namespace fs = std::filesystem;
  std::error_code unseen;
  auto program = fs::read_symlink("/proc/self/exe", unseen);
  // By its path: the page of this version, whatever else MANPATH leads to.
  for (const auto* ending : {".1.gz", ".1"})
    if (auto file = (program.parent_path().parent_path() / "share/man/man1" / (name + ending)).string(); fs::exists(file, unseen))
      ::execlp("man", "man", file.c_str(), static_cast<char*>(nullptr));
}

} // namespace ockam::cli
