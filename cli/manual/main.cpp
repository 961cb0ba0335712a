// SPDX-License-Identifier: Apache-2.0
// ockam-manual DIRECTORY: writes what the command table and the descriptors have to say, in the places where a system looks
// for it below DIRECTORY (man/man1/ockam.1, bash-completion/completions/ockam, …). Run by the build; not installed.
#include "cli/manual/pages.hpp"
#include "cli/ockam/completion.hpp"
#include "cli/ockam/table.hpp"
#include "runtime/core/version.hpp"

#include <cstdio>
#include <exception>
#include <filesystem>
#include <fstream>

namespace {

namespace fs = std::filesystem;

void write(const fs::path& file, const std::string& text) {
  fs::create_directories(file.parent_path());
  std::ofstream out;
  out.exceptions(std::ios::failbit | std::ios::badbit);
  out.open(file);
  out << text;
  out.close();
}

void write_all(const fs::path& at) {
  using namespace ockam;
  auto table = cli::all_commands();
  auto pages = manual::pages_of_commands(table);
  pages.push_back(manual::page_of_node());
  pages.push_back(manual::page_of_configuration());
  for (const auto& p : pages)
    write(at / "man" / ("man" + std::to_string(p.section)) / manual::file_name(p), manual::to_roff(p, std::string{version}));
  write(at / "bash-completion/completions/ockam", cli::completion_script(table, "bash"));
  write(at / "zsh/site-functions/_ockam", cli::completion_script(table, "zsh"));
  write(at / "fish/vendor_completions.d/ockam.fish", cli::completion_script(table, "fish"));
}

} // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fputs("usage: ockam-manual DIRECTORY\n", stderr);
    return 64;
  }
  try {
    write_all(argv[1]);
    return 0;
  } catch (const std::exception& e) {
    std::fprintf(stderr, "ockam-manual: %s\n", e.what());
    return 70;
  }
}
