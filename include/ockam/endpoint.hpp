// SPDX-License-Identifier: Apache-2.0
#pragma once

/// Endpoints: HOST:PORT and socket paths, read and written (`parse_endpoint`).

#include "runtime/core/endpoint.hpp"
