// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "runtime/core/proxy_address.hpp"
#include "runtime/core/section.hpp"

namespace ockam {

/// Of connections whose stream may go by way of a proxy.
inline constexpr std::array<key_descriptor, 1> proxy_keys{{
  {.name = "proxy",
   .about = "connect by way of it: http:// (CONNECT) or socks5://, with [USER:PASSWORD@]HOST:PORT; "
            "environment: as HTTPS_PROXY, ALL_PROXY and NO_PROXY say",
   .fallback = "none", .value = "URL", .check = &check_proxy},
}};

} // namespace ockam
