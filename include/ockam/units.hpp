// SPDX-License-Identifier: Apache-2.0
#pragma once

/// Durations, sizes and lists as configurations write them: `parse_duration`, `split_list`.

#include "runtime/core/units.hpp"
