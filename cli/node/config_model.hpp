// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cli/node/options.hpp"
#include "runtime/links/config_comparison.hpp"

#include <string>
#include <vector>

namespace ockam {

/// A key that has a value, with what has given it that.
struct shown_key {
  std::string name;
  key_type type = key_type::text;
  std::string value;  ///< in one form, whoever has written it how; may be a secret
  std::string shown;  ///< as it may be shown, in the form of a file
  std::string origin; ///< FILE:LINE, with what the value names; `command line`; `default`
  bool is_hidden = false; ///< `shown` does not say what the value is
};

struct shown_section {
  std::string title; ///< tcp-listener main
  std::vector<shown_key> keys;
};

/// A configuration as it is in effect: each section with its keys and the defaults of those that were not given.
/// `from`: where it was read; without it every origin is empty.
std::vector<shown_section> config_model(node_config c, const node_options* from);

/// As a configuration file that can be read again where nothing is hidden, each value with its origin as a comment.
std::string config_text(const std::vector<shown_section>& model);
/// As JSON: the files, the values (section, its name if it has one, key), and their origins in the same shape.
std::string config_json(const std::vector<shown_section>& model, const std::vector<std::string>& files);

/// What differs. Secrets are compared, and not shown.
std::vector<config_difference> compare_configs(const std::vector<shown_section>& running, const std::vector<shown_section>& file,
                                               const std::vector<std::string>& secrets);

/// What a node of these options runs with, beside its configuration as it is now. Error: the first thing that is wrong with
/// that.
result<config_comparison> compare_with_file(const node_options& o, std::span<const service_type> services, node_config running);

} // namespace ockam
