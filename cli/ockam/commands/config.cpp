// SPDX-License-Identifier: Apache-2.0
#include "cli/ockam/commands/commands.hpp"

#include "cli/node/config_mask.hpp"
#include "cli/node/config_schema.hpp"
#include "cli/node/config_sources.hpp"
#include "cli/ockam/columns.hpp"
#include "cli/ockam/nodes.hpp"
#include "cli/ockam/run_program.hpp"
#include "cli/state/files.hpp"

#include <map>

namespace ockam::cli {

namespace {

struct difference {
  std::string section;
  std::string key;
  std::string left;
  std::string right;
  std::string origin; ///< of what is on the right
  bool is_hidden = false; ///< what differs is a secret: both sides show the same
};

std::string or_nothing(const std::string& s) {
  return s.empty() ? "-" : s;
}

/// `left` and `right`: what the two sides are called.
result<void> show(invocation& in, const std::vector<difference>& all, const std::string& left, const std::string& right) {
  auto data = json::array();
  columns table{{"SECTION"}, {"KEY"}, {left, false, true}, {right, false, true}, {"WHERE", false, true}};
  for (const auto& d : all) {
    data.push_back({{"section", d.section}, {"key", d.key.empty() ? json{} : json(d.key)}, {"left", d.left.empty() ? json{} : json(d.left)},
                    {"right", d.right.empty() ? json{} : json(d.right)}, {"origin", d.origin}, {"hidden", d.is_hidden}});
    table.add({"[" + d.section + "]", or_nothing(d.key), or_nothing(d.left), or_nothing(d.right) + (d.is_hidden ? " (not the same; it is not shown)" : ""), or_nothing(d.origin)});
  }
  auto text = all.empty() ? done_line("No differences") : table.text(in.out.style().width);
  return in.out.show({{{"left", left}, {"right", right}, {"differences", data}}, text, all.empty() ? std::string{} : table.text(0)});
}

result<void> diff_node(invocation& in, const std::string& given) {
  auto node = node_or_default(in, given);
  if (!node)
    return std::move(node).error();
  control::Request r;
  r.mutable_compare_config();
  auto answer = ask_node(in, *node, std::move(r));
  if (!answer)
    return std::move(answer).error();
  std::vector<difference> all;
  for (const auto& d : answer->config_comparison().differences())
    all.push_back({d.section(), d.key(), d.running(), d.file(), d.origin()});
  const auto& file = answer->config_comparison().file();
  return show(in, all, "node " + *node, file.empty() ? "its command line" : file);
}

/// What `ockam-node` makes of a file.
result<json> read_file(const std::string& file) {
  auto done = run_node_program({"--no-state", "--config", file, "--print-config=json"});
  if (!done)
    return std::move(done).error();
  auto j = json::parse(done->out, nullptr, false);
  if (done->exit_code == 0 && j.is_object())
    return j;
  auto cause = done->err.substr(0, done->err.find('\n'));
  constexpr std::string_view front = "ockam-node: ";
  return error{errc::invalid_config, cause.starts_with(front) ? cause.substr(front.size()) : cause, "ockam-node --config " + file + " --check-config says all of it"};
}

std::string text_of(const json& value) {
  if (value.is_string())
    return value.get<std::string>();
  if (value.is_boolean())
    return value.get<bool>() ? "yes" : "no";
  if (!value.is_array())
    return value.dump();
  std::string out;
  for (const auto& one : value)
    out += (out.empty() ? "" : ", ") + text_of(one);
  return out;
}

/// `section` → `key` → text, with sections of one kind side by side. `read` takes the texts apart.
std::map<std::string, std::map<std::string, std::string>> sections_of(const json& shape) {
  std::map<std::string, std::map<std::string, std::string>> out;
  auto add = [&](const std::string& title, const json& keys) {
    for (const auto& [key, value] : keys.items())
      out[title][key] = text_of(value);
  };
  for (const auto& [kind, inside] : shape.items()) {
    bool has_names = !inside.empty() && inside.begin()->is_object();
    if (!has_names)
      add(kind, inside);
    else
      for (const auto& [name, keys] : inside.items())
        add(kind + " " + name, keys);
  }
  return out;
}

/// What two files say where what is printed of them does not tell: passwords, and what comes from files. Nothing of it is shown.
class hidden_values {
 public:
  hidden_values(const std::string& left, const std::string& right) : left_{sources(left)}, right_{sources(right)} {}

  bool differ(const std::string& section, const std::string& key, const std::string& shown) const {
    const auto *l = find(left_, section, key), *r = find(right_, section, key);
    bool is_hidden = l && r && (l->value.is_secret || r->value.is_secret || shown.find(hidden_text) != std::string::npos);
    return is_hidden && l->value.text != r->value.text;
  }

 private:
  static config_sources sources(const std::string& file) {
    auto text = state::read_file(file);
    return text ? read_config_sources(*text, file) : config_sources{};
  }
  static const sourced_entry* find(const config_sources& all, const std::string& section, const std::string& key) {
    for (const auto& s : all.sections)
      if (s.title == section)
        for (const auto& e : s.entries)
          if (e.key == key)
            return &e;
    return nullptr;
  }

  config_sources left_, right_;
};

result<void> diff_files(invocation& in, const std::string& left, const std::string& right) {
  auto l = read_file(left), r = l ? read_file(right) : result<json>{l.error()};
  if (!r)
    return std::move(r).error();
  hidden_values hidden{left, right};
  auto was = sections_of(l->at("configuration")), is = sections_of(r->at("configuration")), from = sections_of(r->at("origins"));
  std::vector<difference> all;
  for (const auto& [title, keys] : was) {
    auto other = is.find(title);
    if (other == is.end()) {
      all.push_back({title, {}, "there", {}, {}});
      continue;
    }
    for (const auto& [key, value] : keys) {
      auto it = other->second.find(key);
      if (it == other->second.end() || it->second != value)
        all.push_back({title, key, value, it == other->second.end() ? std::string{} : it->second, from[title][key]});
      else if (hidden.differ(title, key, value))
        all.push_back({title, key, value, value, from[title][key], true});
    }
    for (const auto& [key, value] : other->second)
      if (!keys.contains(key))
        all.push_back({title, key, {}, value, from[title][key]});
  }
  for (const auto& [title, keys] : is)
    if (!was.contains(title))
      all.push_back({title, {}, {}, "there", {}});
  return show(in, all, left, right);
}

result<void> diff(invocation& in) {
  auto first = in.args.get("NODE_OR_FILE"), second = in.args.get("FILE");
  return second.empty() ? diff_node(in, first) : diff_files(in, first, second);
}

result<void> schema(invocation& in) {
  auto text = config_schema();
  return in.out.show({json::parse(text), text, text});
}

} // namespace

std::vector<command> config_commands() {
  return {{.path = "config diff",
           .about = "What a node runs with otherwise than its file says, or how two files differ; ends with 0 whether anything does or not",
           .arguments = {{.name = "NODE_OR_FILE", .about = "A node, the default one if not given; or a configuration file, with the other one behind it", .required = false},
                         {.name = "FILE", .about = "The other configuration file", .required = false}},
           .options = {timeout_option()},
           .example = "ockam config diff n1",
           .run = &diff},
          {.path = "config schema",
           .about = "Print the JSON Schema of a node's configuration",
           .arguments = {},
           .options = {},
           .example = "ockam config schema",
           .run = &schema}};
}

} // namespace ockam::cli
