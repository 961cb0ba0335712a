// SPDX-License-Identifier: Apache-2.0
#include "cli/node/service_section.hpp"

#include "runtime/core/address.hpp"
#include "runtime/core/suggest.hpp"
#include "runtime/workers/placement.hpp"

#include <algorithm>

namespace ockam {

namespace {

bool is_placement(const std::string& key) {
  return std::find(placement_keys.begin(), placement_keys.end(), key) != placement_keys.end();
}

/// The type that the section names; null and a problem when there is none.
const service_type* find_type(const std::string& name, const std::map<std::string, std::string>& keys,
                              std::span<const service_type> types, std::vector<section_problem>& problems) {
  auto said = keys.find("type");
  for (const auto& t : types)
    if (!t.file_key.empty() && keys.contains(std::string{t.file_key})) {
      if (said != keys.end() && said->second != t.name)
        problems.push_back({"type", "the section has both type and " + std::string{t.file_key}, "keep one of them"});
      return &t;
    }
  auto wanted = said == keys.end() ? name : said->second;
  auto it = std::find_if(types.begin(), types.end(), [&](const auto& t) { return t.name == wanted; });
  if (it != types.end() && it->file_key.empty())
    return &*it;
  if (it != types.end()) {
    problems.push_back({{}, "a service of type " + wanted + " needs a file", std::string{it->file_key} + " = FILE"});
    return nullptr;
  }
  std::vector<std::string_view> names;
  std::string list;
  for (const auto& t : types) {
    names.push_back(t.name);
    list += (list.empty() ? "types: " : ", ") + std::string{t.name};
  }
  auto near = nearest(wanted, names);
  problems.push_back({said == keys.end() ? "" : "type",
                      said == keys.end() ? "[service " + name + "] has no type" : "there is no service type " + printable(wanted),
                      near ? "did you mean " + *near + "?" : list});
  return nullptr;
}

void check_placement(const service_type& t, const std::string& key, const std::string& value,
                     std::vector<section_problem>& problems) {
  service_options alone{service_options::values{{key, value}}};
  if (auto ok = placement(t, alone); !ok)
    problems.push_back({key, ok.error().cause, ok.error().hint});
}

} // namespace

std::vector<section_problem> read_service_section(const std::string& name, const std::map<std::string, std::string>& keys,
                                                  std::span<const service_type> types,
                                                  const std::filesystem::path& directory, service_config& out) {
  std::vector<section_problem> problems;
  const auto* type = find_type(name, keys, types, problems);
  if (!type)
    return problems;
  out.name = name;
  out.type = type->name;
  for (const auto& [key, value] : keys) {
    if (key == "type")
      continue;
    if (is_placement(key)) {
      check_placement(*type, key, value, problems);
    } else if (key == type->file_key) {
      auto file = (directory / value).lexically_normal();
      std::error_code none;
      if (!std::filesystem::exists(file, none))
        problems.push_back({key, "there is no file " + printable(file.string()), "it is looked for from the directory of the configuration"});
      out.options[key] = file.string();
      continue;
    } else if (!type->has_options) {
      std::vector<std::string> known{placement_keys.begin(), placement_keys.end()};
      known.emplace_back("type");
      auto near = nearest(key, known);
      problems.push_back({key, "a service of type " + out.type + " has no key " + printable(key),
                          near ? "did you mean " + *near + "?" : "keys: type, thread, instances, distribution, restart"});
    }
    out.options[key] = value;
  }
  return problems;
}

} // namespace ockam
