// SPDX-License-Identifier: Apache-2.0
#include "cli/manual/pages.hpp"

#include "cli/node/options.hpp"
#include "cli/node/section_text.hpp"
#include "cli/node/sections.hpp"

namespace ockam::manual {

namespace {

/// What the file looks like, for who has only the manual.
constexpr const char* form_of_file =
  "A line is a section, [kind] or [kind NAME], or a key of the section above it, key = value. # begins a comment at the beginning of a "
  "line or behind a blank; a value that has a #, or blanks at its ends, stands between quotes. Paths are relative to the directory of the "
  "file. Sizes are bytes, or 64KiB, 16MiB, 1GiB; durations are seconds, or 500ms, 10s, 2m, 1h, 1d. A list has commas between its items.";

/// `config_value.hpp`, for who has only the manual.
constexpr const char* what_values_name =
  "A value may name what is elsewhere. What is put in is not looked at again, and every other $ stands for itself. All of it is read anew at a reload.";
const std::vector<entry> names_in_values{
  {"${NAME}", "a variable of the environment of ockam-node; an error where it is not set"},
  {"${NAME:-TEXT}", "TEXT where it is not set or empty"},
  {"${file:PATH}", "what is in a file, without the line end behind it: one line, 64 KiB at most. It is a secret: it may stand in proxy, cookie and options of services, "
                   "and is shown by nothing"},
  {"$${", "stands for ${"},
};

constexpr const char* who_is_admitted =
  "A listener admits what allow says. One without allow admits services if it stands first among the listeners of the file, and nothing "
  "otherwise; a connection without it admits nothing.";

std::string without_full_stop(std::string text) {
  if (text.ends_with('.'))
    text.pop_back();
  return text;
}

entry entry_of(const key_descriptor& k) {
  auto text = std::string{k.about} + " [" + value_bounds(k) + "]";
  if (k.required)
    text += " [must be there]";
  else if (!k.fallback.empty())
    text += " [default: " + std::string{k.fallback} + "]";
  return {std::string{k.name}, std::move(text)};
}

} // namespace

page page_of_node() {
  auto all = usage_of_node();
  page p{"ockam-node", 8, without_full_stop(all.about), all.usage, {}, {}};
  for (const auto& g : all.groups) {
    part options{.title = g.title};
    for (const auto& o : g.options)
      options.entries.push_back({o.spelled, o.about});
    p.parts.push_back(std::move(options));
  }
  p.parts.push_back({.title = "Signals", .paragraphs = {all.signals}});
  part codes{.title = "Exit status"};
  for (const auto& [number, about] : all.exit_codes)
    codes.entries.push_back({std::to_string(number), about});
  p.parts.push_back(std::move(codes));
  p.parts.push_back({.title = "Example", .code = all.example});
  p.see_also = {{"node.ini", 5}, {"ockam", 1}};
  return p;
}

page page_of_configuration() {
  page p{"node.ini", 5, "configuration of a node of ockam-node(8)", {"ockam-node --config node.ini", "ockam-node --config node.ini --check-config"}, {}, {}};
  p.parts.push_back({.title = "Form", .paragraphs = {form_of_file, who_is_admitted}});
  p.parts.push_back({.title = "Values", .paragraphs = {what_values_name}, .entries = names_in_values});
  for (const auto& [d, add] : section_kinds()) {
    part section{.title = section_title(d), .paragraphs = {section_about(d)}};
    for (const auto& k : d.keys)
      section.entries.push_back(entry_of(k));
    p.parts.push_back(std::move(section));
  }
  p.parts.push_back({.title = "Example", .code = "[node]\nname = n1\n\n[tcp-listener main]\naddress = 127.0.0.1:4000\nallow = services\n\n"
                                                  "[service hop]\n"});
  p.see_also = {{"ockam-node", 8}, {"ockam", 1}};
  return p;
}

} // namespace ockam::manual
