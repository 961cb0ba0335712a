// SPDX-License-Identifier: Apache-2.0
#include "cli/ockam/line_editor.hpp"

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <utility>

#include <dlfcn.h>
#include <editline/readline.h>

namespace ockam::cli {

namespace {

constexpr int kept_lines = 1000;

/// libedit, loaded by who edits: linked, it would make every command start a quarter slower.
struct editing_library {
  decltype(&::readline) readline = nullptr;
  decltype(&::using_history) using_history = nullptr;
  decltype(&::stifle_history) stifle_history = nullptr;
  decltype(&::read_history) read_history = nullptr;
  decltype(&::write_history) write_history = nullptr;
  decltype(&::add_history) add_history = nullptr;

  editing_library() {
    void* library = ::dlopen("libedit.so.2", RTLD_NOW | RTLD_LOCAL);
    bool all = library;
    auto find = [&](const char* name, auto& f) {
      f = library ? reinterpret_cast<std::remove_reference_t<decltype(f)>>(::dlsym(library, name)) : nullptr;
      all = all && f;
    };
    find("readline", readline);
    find("using_history", using_history);
    find("stifle_history", stifle_history);
    find("read_history", read_history);
    find("write_history", write_history);
    find("add_history", add_history);
    if (!all)
      readline = nullptr;
  }
};

const editing_library& libedit() {
  static const editing_library one;
  return one;
}

volatile std::sig_atomic_t interrupted = 0;

} // namespace

line_editor::line_editor(bool interactive, std::string history) : interactive_{interactive}, history_{std::move(history)} {
  if (!interactive_)
    return;
  if (libedit().readline) {
    libedit().using_history();
    libedit().stifle_history(kept_lines);
    (void)libedit().read_history(history_.c_str());
  }
  struct sigaction a {};
  a.sa_handler = [](int) { interrupted = 1; };
  ::sigaction(SIGINT, &a, nullptr); // no SA_RESTART: the read ends
}

line_editor::~line_editor() {
  if (interactive_ && libedit().readline)
    (void)libedit().write_history(history_.c_str());
}

std::optional<std::string> line_editor::read(const std::string& prompt) {
  why_ = end::none;
  interrupted = 0;
  if (interactive_ && libedit().readline) {
    char* typed = libedit().readline(prompt.c_str());
    std::optional<std::string> line;
    if (typed && !interrupted)
      line = typed;
    std::free(typed);
    if (line && !line->empty())
      libedit().add_history(line->c_str());
    return line ? std::move(line) : ended();
  }
  if (interactive_)
    std::cout << prompt << std::flush;
  std::string line;
  if (std::getline(std::cin, line))
    return line;
  return ended();
}

std::nullopt_t line_editor::ended() {
  why_ = interrupted ? end::line_given_up : end::input;
  if (interactive_)
    std::cout << std::endl;
  if (interrupted)
    std::cin.clear();
  return std::nullopt;
}

} // namespace ockam::cli
