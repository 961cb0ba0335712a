// SPDX-License-Identifier: Apache-2.0
#include "cli/node/service_section.hpp"

#include "runtime/core/address.hpp"
#include "runtime/core/suggest.hpp"
#include "runtime/workers/placement_keys.hpp"

#include <algorithm>

namespace ockam {

namespace {

constexpr std::array<key_descriptor, 3> type_keys{{
  {.name = "type", .about = "what it is; the name if not given", .value = "TYPE"},
  {.name = "plugin", .type = key_type::path,
   .about = "instead of a type: a shared object; relative to the configuration's directory"},
  {.name = "script", .type = key_type::path,
   .about = "instead of a type: a Lua script; relative to the configuration's directory"},
}};

/// The type that the section names; null and a problem when there is none.
const service_type* find_type(const std::string& name, const std::map<std::string, std::string>& keys,
                              std::span<const service_type> types, std::vector<section_problem>& problems) {
  auto said = keys.find("type");
  for (const auto& t : types)
    if (!t.file_key.empty() && keys.contains(std::string{t.file_key})) {
      for (const auto& other : types)
        if (other.name != t.name && !other.file_key.empty() && keys.contains(std::string{other.file_key}))
          problems.push_back({std::string{other.file_key}, "the section has both " + std::string{t.file_key} + " and " + std::string{other.file_key}, "keep one of them"});
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

} // namespace

std::vector<key_descriptor> service_keys() {
  std::vector<key_descriptor> out{type_keys.begin(), type_keys.end()};
  out.insert(out.end(), placement_descriptors.begin(), placement_descriptors.end());
  return out;
}

std::vector<section_problem> read_service_section(const std::string& name, const std::map<std::string, std::string>& keys,
                                                  std::span<const service_type> types,
                                                  const std::filesystem::path& directory, service_config& out) {
  std::vector<section_problem> problems;
  const auto* type = find_type(name, keys, types, problems);
  if (!type) { // maybe because of a slip in the key that says it
    for (const auto& [key, value] : keys)
      if (auto hint = hint_for_unknown(key, service_keys()); !find_key(service_keys(), key) && hint.starts_with("did you mean")) {
        if (problems.front().key.empty()) // where one line is all that is printed, it names the slip
          problems.front().hint = printable(key) + " is no key of a service: " + hint;
        problems.push_back({key, "a service has no key " + printable(key), hint});
      }
    return problems;
  }
  out.name = name;
  out.type = type->name;
  for (const auto& [key, value] : keys) {
    if (key == "type")
      continue;
    if (key == type->file_key) {
      auto file = (directory / value).lexically_normal();
      std::error_code none;
      if (!std::filesystem::exists(file, none))
        problems.push_back({key, "there is no file " + printable(file.string()), "it is looked for from the directory of the configuration"});
      out.options[key] = file.string();
      continue;
    }
    if (!type->has_options && !find_key(placement_descriptors, key))
      problems.push_back({key, "a service of type " + out.type + " has no key " + printable(key),
                          hint_for_unknown(key, service_keys())});
    out.options[key] = value;
  }
  return problems;
}

} // namespace ockam
