// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "runtime/node/config.hpp"
#include "runtime/workers/service_type.hpp"

#include <span>
#include <string>
#include <vector>

namespace ockam {

/// Something wrong with a configuration that no key tells alone: with a section, maybe at one of its keys.
struct config_finding {
  std::string section; ///< `tcp-listener main`
  std::string key;
  error what;
};

/// What keys and sections do not fit together, and what their files lack, as far as that can be told without opening
/// anything. Every start asks for it.
std::vector<config_finding> check_whole(const node_config& c, std::span<const service_type> types);

/// Whether the log could be written.
std::vector<config_finding> check_log(const node_config& c);

/// Whether the files that [http] names can be read and used: its token, its certificates.
std::vector<config_finding> check_http(const node_config& c);

/// What a start would find out about services: makes each of them as a start does, but for `on_start`.
std::vector<config_finding> check_services(const node_config& c, std::span<const service_type> types);

} // namespace ockam
