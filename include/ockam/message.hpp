// SPDX-License-Identifier: Apache-2.0
#pragma once

/// What a worker gets and sends: `message`, its payload, the routes that it carries.

#include "runtime/core/message.hpp"
