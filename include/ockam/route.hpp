// SPDX-License-Identifier: Apache-2.0
#pragma once

/// Addresses and routes: `address`, `route`, `parse_route`.

#include "runtime/core/route.hpp"
