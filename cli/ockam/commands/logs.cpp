// SPDX-License-Identifier: Apache-2.0
#include "cli/ockam/commands/commands.hpp"

#include "cli/ockam/columns.hpp"
#include "cli/ockam/interrupt.hpp"
#include "cli/ockam/log_reader.hpp"
#include "cli/ockam/nodes.hpp"
#include "cli/state/node_process.hpp"
#include "runtime/core/address.hpp"
#include "runtime/core/section.hpp"

#include <algorithm>
#include <cstdio>

namespace ockam::cli {

namespace {

constexpr key_descriptor lines_key{.name = "lines", .type = key_type::number, .least = 0, .most = 1'000'000};

result<void> check_lines(const std::string& text) {
  return outcome_of(read_value(lines_key, text));
}

/// Those that are named, or all that have a log.
result<std::vector<std::string>> chosen(invocation& in) {
  auto named = named_nodes(in);
  if (!named || !named->empty())
    return named;
  std::vector<std::string> out, others;
  for (auto& name : state::node_directories(in.home))
    (in.home.log_file(name) ? out : others).push_back(std::move(name));
  for (const auto& name : others)
    if (state::node_lock::held(in.home, name))
      in.out.warn(in.home.log_file(name).error().cause + ": " + in.home.log_file(name).error().hint);
  if (out.empty())
    return error{errc::not_found, "no node of " + in.home.root().string() + " has a log", "ockam node create makes a node"};
  return out;
}

/// Lines with names in front, when there are several nodes; or objects, one a line.
class printer {
 public:
  printer(invocation& in, const std::vector<std::string>& names) : in_{in}, shows_names_{names.size() > 1} {
    for (const auto& n : names)
      width_ = std::max(width_, n.size());
  }

  result<void> print(std::vector<log_line> lines) {
    merge(lines);
    for (const auto& l : lines) {
      if (in_.out.style().as_json) {
        if (auto ok = in_.out.data_line(data(l)); !ok)
          return ok;
        continue;
      }
      auto text = plain(l);
      text.push_back('\n');
      if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size())
        return system_error("cannot write to standard output", errno);
    }
    return in_.out.end_of_lines();
  }

 private:
  std::string plain(const log_line& l) const {
    auto text = in_.out.style().out_is_terminal ? printable(l.text) : l.text;
    return shows_names_ ? l.node + std::string(width_ - l.node.size(), ' ') + " │ " + text : text;
  }

  static json data(const log_line& l) {
    json out{{"node", l.node}, {"time", l.time.empty() ? json{} : json(l.time)}};
    auto j = json::parse(l.text, nullptr, false);
    out["line"] = j.is_object() ? std::move(j) : json(printable(l.text));
    return out;
  }

  invocation& in_;
  bool shows_names_;
  std::size_t width_ = 0;
};

result<void> logs(invocation& in) {
  auto names = chosen(in);
  if (!names)
    return std::move(names).error();
  std::vector<log_reader> readers;
  std::vector<std::filesystem::path> directories;
  std::vector<log_line> lines;
  for (const auto& name : *names) {
    readers.emplace_back(in.home, name);
    if (auto ok = readers.back().open(std::stoul(in.args.get("lines")), lines); !ok)
      return ok;
    directories.push_back(readers.back().directory());
  }
  printer out{in, *names};
  if (!in.args.has("follow"))
    return out.print(std::move(lines));
  catch_interrupt();
  directory_watch watch{directories};
  auto ok = out.print(std::move(lines));
  while (ok && !interrupted()) {
    watch.wait();
    lines.clear();
    for (auto& r : readers)
      r.read_on(lines);
    ok = out.print(std::move(lines));
  }
  return ok;
}

} // namespace

std::vector<command> logs_command() {
  return {{.path = "logs",
           .about = "Print what nodes have logged, in order of time, with their names in front when there are several",
           .arguments = {{.name = "NODE", .about = "Nodes; all that have a log if not given", .required = false, .repeated = true}},
           .options = {{.name = "follow", .letter = 'f', .about = "Go on with what comes, until Ctrl-C"},
                       {.name = "lines", .letter = 'n', .value = "N", .about = "So many last lines of each node", .fallback = "20", .check = &check_lines}},
           .example = "ockam logs n1 n2 -f",
           .run = &logs}};
}

} // namespace ockam::cli
