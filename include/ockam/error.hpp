// SPDX-License-Identifier: Apache-2.0
#pragma once

/// Errors as values: `error`, its codes, and `result`, which is a value or an error.

#include "runtime/core/error.hpp"
