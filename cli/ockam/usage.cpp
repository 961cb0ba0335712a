// SPDX-License-Identifier: Apache-2.0
#include "cli/ockam/usage.hpp"

#include <algorithm>

namespace ockam::cli {

namespace {

using row = std::pair<std::string, std::string>;

/// Two columns under a title.
std::string section(const std::string& title, const std::vector<row>& rows) {
  if (rows.empty())
    return {};
  std::size_t width = 0;
  for (const auto& [left, right] : rows)
    width = std::max(width, left.size());
  auto out = "\n" + title + ":\n";
  for (const auto& [left, right] : rows)
    out += "  " + left + std::string(width - left.size() + 2, ' ') + right + "\n";
  return out;
}

std::string joined(const std::vector<std::string>& words) {
  std::string out;
  for (const auto& w : words)
    out += (out.empty() ? "" : ", ") + w;
  return out;
}

row row_of(const option& o) {
  auto left = o.letter ? std::string{'-', o.letter, ',', ' '} : std::string(4, ' ');
  return {left + spelled(o) + (o.repeated ? "..." : ""), remarks(o.about, o.values, o.fallback)};
}

std::vector<row> rows_of(const std::vector<option>& options) {
  std::vector<row> out;
  for (const auto& o : options)
    out.push_back(row_of(o));
  return out;
}

/// Lines as they are typed at a prompt.
std::string prompted(const std::string& lines) {
  std::string out = "  $ ";
  for (std::size_t i = 0; i < lines.size(); ++i)
    out += lines[i] == '\n' && i + 1 < lines.size() ? std::string{"\n  $ "} : std::string{lines[i]};
  return out;
}

std::string global_section(const command_table& t) {
  return section("Global options", rows_of(t.globals));
}

using nlohmann::json;

json data_of(const option& o) {
  return {{"name", "--" + o.name}, {"letter", o.letter ? json("-" + std::string{o.letter}) : json{}},
          {"value", o.value.empty() ? json{} : json(o.value)}, {"about", o.about}, {"required", o.required},
          {"repeated", o.repeated}, {"default", o.fallback.empty() ? json{} : json(o.fallback)}, {"values", o.values}};
}

json data_of(const std::vector<option>& options) {
  auto out = json::array();
  for (const auto& o : options)
    out.push_back(data_of(o));
  return out;
}

/// What every page has.
json page(const command_table& t, const std::string& about, const std::string& usage) {
  return {{"about", about}, {"usage", usage.substr(usage.find("ockam"))}, {"global_options", data_of(t.globals)}};
}

} // namespace

std::string_view first_word(std::string_view path) {
  return path.substr(0, path.find(' '));
}

std::string_view last_word(std::string_view path) {
  auto blank = path.rfind(' ');
  return blank == std::string_view::npos ? path : path.substr(blank + 1);
}

const command* command_table::find(std::string_view path) const {
  auto it = std::find_if(commands.begin(), commands.end(), [&](const auto& c) { return c.path == path; });
  return it == commands.end() ? nullptr : &*it;
}

const group* command_table::find_group(std::string_view name) const {
  auto it = std::find_if(groups.begin(), groups.end(), [&](const auto& g) { return g.name == name; });
  return it == groups.end() ? nullptr : &*it;
}

std::string remarks(const std::string& about, const std::vector<std::string>& values, const std::string& fallback) {
  auto out = about;
  if (!values.empty())
    out += " [possible values: " + joined(values) + "]";
  if (!fallback.empty())
    out += " [default: " + fallback + "]";
  return out;
}

std::string spelled(const option& o) {
  return "--" + o.name + (o.value.empty() ? "" : " <" + o.value + ">");
}

std::string spelled(const argument& a) {
  return (a.required ? "<" + a.name + ">" : "[" + a.name + "]") + (a.repeated ? "..." : "");
}

std::string usage_line(const command_table&) {
  return "Usage: ockam [OPTIONS] <COMMAND>";
}

std::string usage_line(const group& g) {
  return "Usage: ockam " + g.name + " [OPTIONS] <COMMAND>";
}

std::string usage_line(const command& c, bool brief) {
  auto out = "Usage: ockam " + c.path + (brief ? "" : " [OPTIONS]");
  for (const auto& o : c.options)
    if (o.required)
      out += " " + spelled(o);
  for (const auto& a : c.arguments)
    if (a.required || !brief)
      out += " " + spelled(a);
  return out;
}

std::string help(const command_table& t) {
  std::vector<row> rows;
  for (const auto& g : t.groups)
    rows.emplace_back(g.name, g.about);
  for (const auto& c : t.commands)
    if (c.path.find(' ') == std::string::npos)
      rows.emplace_back(c.path, c.about);
  return std::string{about_all} + "\n\n" + usage_line(t) + "\n"
         + section("Commands", rows) + global_section(t)
         + "\nFirst steps:\n" + prompted(first_steps) + "\nOCKAM_HOME: " + about_home + ". Exit codes: " + about_exit_codes + ".\n"
           "'ockam help COMMAND' says more about a command.\n";
}

std::string help(const command_table& t, const group& g) {
  std::vector<row> rows;
  for (const auto& c : t.commands)
    if (c.path != first_word(c.path) && first_word(c.path) == g.name)
      rows.emplace_back(c.path.substr(g.name.size() + 1), c.about);
  return g.about + "\n\n" + usage_line(g) + "\n" + section("Commands", rows) + global_section(t);
}

std::string help(const command_table& t, const command& c) {
  std::vector<row> arguments;
  for (const auto& a : c.arguments)
    arguments.emplace_back(spelled(a), remarks(a.about, a.values, {}));
  return c.about + "\n\n" + usage_line(c) + "\n" + section("Arguments", arguments) + section("Options", rows_of(c.options))
         + global_section(t) + "\nExample:\n  $ " + c.example + "\n";
}

nlohmann::json help_data(const command_table& t) {
  auto out = page(t, about_all, usage_line(t));
  for (const auto& c : t.commands)
    out["commands"].push_back({{"name", c.path}, {"about", c.about}});
  return out;
}

nlohmann::json help_data(const command_table& t, const group& g) {
  auto out = page(t, g.about, usage_line(g));
  for (const auto& c : t.commands)
    if (c.path != first_word(c.path) && first_word(c.path) == g.name)
      out["commands"].push_back({{"name", c.path}, {"about", c.about}});
  return out;
}

nlohmann::json help_data(const command_table& t, const command& c) {
  auto out = page(t, c.about, usage_line(c));
  out["arguments"] = json::array();
  for (const auto& a : c.arguments)
    out["arguments"].push_back({{"name", a.name}, {"about", a.about}, {"required", a.required}, {"values", a.values}});
  out["options"] = data_of(c.options);
  out["example"] = c.example;
  return out;
}

} // namespace ockam::cli
