// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "runtime/workers/worker.hpp"

namespace ockam {

/// Answers with the same payload. Peers ping it to see whether a route lives, so it takes any bytes.
class echo final : public worker {
 public:
  void on_message(message_ptr m) override { reply_from_budget(std::move(m)); }
};

} // namespace ockam
