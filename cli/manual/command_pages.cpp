// SPDX-License-Identifier: Apache-2.0
#include "cli/manual/pages.hpp"

#include "cli/ockam/usage.hpp"

#include <algorithm>

namespace ockam::manual {

namespace {

using cli::command;
using cli::command_table;
using cli::group;
using cli::option;

/// `node create` → `ockam-node-create`
std::string page_name(std::string path) {
  std::replace(path.begin(), path.end(), ' ', '-');
  return "ockam-" + path;
}

/// Without `Usage: `, with which a usage line begins.
std::string synopsis_of(const std::string& usage) {
  return usage.substr(usage.find("ockam"));
}

entry entry_of(const option& o) {
  std::string term = o.letter ? std::string{'-', o.letter, ',', ' '} : std::string{};
  return {term + cli::spelled(o) + (o.repeated ? "..." : ""), cli::remarks(o.about, o.values, o.fallback) + (o.required ? " [has to be given]" : "")};
}

std::vector<entry> entries_of(const std::vector<option>& options) {
  std::vector<entry> out;
  for (const auto& o : options)
    out.push_back(entry_of(o));
  return out;
}

part global_options(const command_table& t) {
  return {.title = "Global options", .entries = entries_of(t.globals)};
}

page page_of(const command& c) {
  page p{page_name(c.path), 1, c.about, {synopsis_of(cli::usage_line(c))}, {}, {}};
  std::vector<entry> arguments;
  for (const auto& a : c.arguments)
    arguments.push_back({cli::spelled(a), cli::remarks(a.about, a.values, {})});
  if (!arguments.empty())
    p.parts.push_back({.title = "Arguments", .entries = std::move(arguments)});
  if (!c.options.empty())
    p.parts.push_back({.title = "Options", .entries = entries_of(c.options)});
  if (!c.example.empty())
    p.parts.push_back({.title = "Example", .code = c.example});
  return p;
}

bool belongs_to(const command& c, const group& g) {
  return c.path != cli::first_word(c.path) && cli::first_word(c.path) == g.name;
}

page page_of(const command_table& t, const group& g) {
  page p{page_name(g.name), 1, g.about, {synopsis_of(cli::usage_line(g))}, {}, {}};
  part commands{.title = "Commands"};
  for (const auto& c : t.commands)
    if (belongs_to(c, g)) {
      commands.entries.push_back({"ockam " + c.path, c.about});
      p.see_also.emplace_back(page_name(c.path), 1);
    }
  p.parts.push_back(std::move(commands));
  p.parts.push_back(global_options(t));
  if (p.name == page_of_node().name) // nodes at the prompt, and the program that is one
    p.see_also.emplace_back(p.name, 8);
  p.see_also.emplace_back("ockam", 1);
  return p;
}

page page_of(const command_table& t) {
  page p{"ockam", 1, cli::about_all, {synopsis_of(cli::usage_line(t))}, {}, {}};
  part commands{.title = "Commands", .paragraphs = {"Each has a page of its own: ockam help COMMAND, or man ockam-COMMAND."}};
  for (const auto& g : t.groups)
    commands.entries.push_back({g.name, g.about});
  for (const auto& c : t.commands)
    if (c.path.find(' ') == std::string::npos)
      commands.entries.push_back({c.path, c.about});
  p.parts.push_back(std::move(commands));
  p.parts.push_back(global_options(t));
  p.parts.push_back({.title = "First steps", .code = cli::first_steps});
  p.parts.push_back({.title = "Environment", .entries = {{"OCKAM_HOME", cli::about_home}}});
  p.parts.push_back({.title = "Exit status", .paragraphs = {cli::about_exit_codes}});
  p.see_also = {{"ockam-node", 8}, {"node.ini", 5}};
  return p;
}

} // namespace

std::vector<page> pages_of_commands(const command_table& t) {
  std::vector<page> out{page_of(t)};
  for (const auto& g : t.groups)
    out.push_back(page_of(t, g));
  for (const auto& c : t.commands) {
    out.push_back(page_of(c));
    out.back().parts.push_back(global_options(t));
    if (auto first = std::string{cli::first_word(c.path)}; first != c.path)
      out.back().see_also.emplace_back(page_name(first), 1);
    out.back().see_also.emplace_back("ockam", 1);
  }
  return out;
}

std::string commands_reference(const command_table& t) {
  std::string out;
  for (const auto& g : t.groups) {
    out += "\n## ockam " + g.name + "\n\n" + g.about + ".\n";
    for (const auto& c : t.commands)
      if (belongs_to(c, g))
        out += "\n" + to_markdown(page_of(c), 3, "ockam " + c.path);
  }
  for (const auto& c : t.commands)
    if (c.path.find(' ') == std::string::npos)
      out += "\n" + to_markdown(page_of(c), 2, "ockam " + c.path);
  page everywhere{"ockam", 1, "These stand with every command", {}, {global_options(t)}, {}};
  out += "\n" + to_markdown(everywhere, 2, "Global options");
  return out + "\n" + to_markdown(page_of_node(), 2, "ockam-node");
}

} // namespace ockam::manual
