// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cli/ockam/invocation.hpp"

#include <map>
#include <string>

/// Options whose values are `key=value`: what only one kind of service or transport knows.
namespace ockam::cli {

using pairs = std::map<std::string, std::string>;

/// What `--option`, given any number of times, says. Its check is `check_pair`.
inline pairs option_pairs(const invocation& in) {
  pairs out;
  for (const auto& pair : in.args.list("option"))
    out[pair.substr(0, pair.find('='))] = pair.substr(pair.find('=') + 1);
  return out;
}

inline void write(google::protobuf::RepeatedPtrField<control::Option>& out, const pairs& in) {
  for (const auto& [name, value] : in) {
    auto* o = out.Add();
    o->set_name(name);
    o->set_value(value);
  }
}

} // namespace ockam::cli
