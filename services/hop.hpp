// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "runtime/workers/worker.hpp"

namespace ockam {

/// Passes messages on: whoever may reach a hop may reach every worker of the node through it.
class hop final : public worker {
 public:
  void on_message(message_ptr m) override { forward(std::move(m)); }
};

} // namespace ockam
