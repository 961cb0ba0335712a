// SPDX-License-Identifier: Apache-2.0
#pragma once

/// To be told when other workers end, of this node and of others: `watcher`, a member of a worker.

#include "runtime/workers/watcher.hpp"
