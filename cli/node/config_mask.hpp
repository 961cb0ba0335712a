// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "runtime/core/section.hpp"

#include <string>
#include <string_view>

namespace ockam {

/// What stands in place of a secret.
inline constexpr std::string_view hidden_text = "********";

/// Whether what a file has may stand in this key (null: an option of a service), since nothing shows it.
bool may_be_secret(const key_descriptor* k);

/// A value as it may be shown: without passwords of URLs (of proxies, databases) and settings (`password=…`), without cookies,
/// without options of services whose names tell that they are secrets. `k` is null for an option of a service.
std::string masked_value(const key_descriptor* k, const std::string& key, const std::string& value);

/// The same of a value as it stands in a file, where `${…}` names something: names stay, what stands beside them or in their
/// place (`${NAME:-TEXT}`) is hidden as above.
std::string masked_written(const key_descriptor* k, const std::string& key, const std::string& written);

/// The text of a configuration file with every value masked; all the rest stays, comments aside, in which anything may stand.
std::string masked_config(std::string_view text);

} // namespace ockam
