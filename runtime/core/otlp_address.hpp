// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "runtime/core/endpoint.hpp"

#include <string>
#include <string_view>

namespace ockam {

/// Where a collector takes spans (OTLP/HTTP): `http://HOST[:PORT][/PATH]`, or https. A value.
struct otlp_address {
  bool tls = false;
  endpoint at;
  std::string path; ///< of the request, `/v1/traces` if none was written

  friend bool operator==(const otlp_address&, const otlp_address&) = default;
};

/// Errors: `invalid_address`; the hint shows the form.
result<otlp_address> parse_otlp_address(std::string_view text);

/// As it is written.
std::string to_string(const otlp_address& a);

} // namespace ockam
