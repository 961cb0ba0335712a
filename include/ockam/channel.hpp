// SPDX-License-Identifier: Apache-2.0
#pragma once

/// Secure channels for services: `ockam::through_channels`, and `ockam::is_asked_by`.

#include "runtime/workers/channel_ways.hpp"
