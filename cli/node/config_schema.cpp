// SPDX-License-Identifier: Apache-2.0
#include "cli/node/config_schema.hpp"

#include "cli/node/sections.hpp"

#include <nlohmann/json.hpp>

#include <cctype>

namespace ockam {

namespace {

using json = nlohmann::ordered_json;

/// A value that names something (config_value.hpp): what it is shows when it is read.
json expression() {
  return {{"$ref", "#/$defs/expression"}};
}

json any_of(json first, json second) {
  return {{"anyOf", {std::move(first), std::move(second), expression()}}};
}

json words_of(const key_descriptor& k) {
  auto out = json::array();
  for (auto w : k.words)
    out.push_back(w);
  return out;
}

json form_of(const key_descriptor& k) {
  json text{{"type", "string"}};
  switch (k.type) {
    case key_type::number: return any_of({{"type", "integer"}, {"minimum", k.least}, {"maximum", k.most}}, {{"type", "string"}, {"pattern", "^[0-9]+$"}});
    case key_type::size: return any_of({{"type", "integer"}, {"minimum", k.least}, {"maximum", k.most}}, {{"$ref", "#/$defs/size"}});
    case key_type::duration:
      return k.words.empty() ? any_of({{"type", "integer"}}, {{"$ref", "#/$defs/duration"}}) : any_of({{"$ref", "#/$defs/duration"}}, {{"enum", words_of(k)}});
    case key_type::flag: return any_of({{"type", "boolean"}}, {{"enum", {"yes", "no"}}});
    case key_type::choice: return any_of({{"enum", words_of(k)}}, {{"type", "null"}});
    case key_type::list: return any_of({{"type", "array"}, {"items", text}}, text);
    case key_type::text:
    case key_type::path: break;
  }
  if (k.most != 0) {
    text["minLength"] = 0;
    text["maxLength"] = k.most;
  }
  return text;
}

json key_schema(const key_descriptor& k) {
  auto out = form_of(k);
  std::string about{k.about};
  if (!about.empty())
    about.front() = static_cast<char>(std::toupper(static_cast<unsigned char>(about.front())));
  out["description"] = about;
  if (!k.fallback.empty())
    out["default"] = k.fallback;
  if (!k.example.empty())
    out["examples"] = {k.example};
  return out;
}

json section_schema(const section_descriptor& d) {
  json keys = json::object(), required = json::array();
  for (const auto& k : d.keys) {
    keys[std::string{k.name}] = key_schema(k);
    if (k.required)
      required.push_back(k.name);
  }
  json out{{"type", "object"}, {"description", d.about}, {"properties", keys}};
  if (!required.empty())
    out["required"] = required;
  out["additionalProperties"] = d.open ? json{{"type", {"string", "number", "boolean"}}} : json(false);
  if (d.name == section_name::none)
    return out;
  return {{"type", "object"}, {"description", d.about}, {"additionalProperties", out}};
}

} // namespace

std::string config_schema() {
  json sections = json::object();
  for (const auto& kind : section_kinds())
    sections[kind.what.kind] = section_schema(kind.what);
  json all{{"$schema", "https://json-schema.org/draft/2020-12/schema"},
           {"title", "Configuration of ockam-node"},
           {"description", "A section [kind] of the file is a member of that name, [kind NAME] a member NAME of it; as ockam-node --print-config=json prints it"},
           {"type", "object"},
           {"properties", sections},
           {"additionalProperties", false},
           {"$defs",
            {{"expression", {{"type", "string"}, {"pattern", "\\$\\{"}, {"description", "${NAME}, ${NAME:-TEXT} or ${file:PATH}"}}},
             {"size", {{"type", "string"}, {"pattern", "^[0-9]+([kKmMgG](iB)?)?$"}}},
             {"duration", {{"type", "string"}, {"pattern", "^[0-9]+(d|h|m|s|ms)?$"}}}}}};
  return all.dump(2) + "\n";
}

} // namespace ockam
