// SPDX-License-Identifier: Apache-2.0
#pragma once

/// Routes as people write them, /node/n1/service/echo: `parse_multiaddr`, and `to_route` for sending.

#include "runtime/core/multiaddr.hpp"
