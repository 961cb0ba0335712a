// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "runtime/workers/worker.hpp"

namespace ockam {

/// Answers a BARE string with the same in upper case, by Unicode's full mapping (`ß` becomes `SS`).
/// A payload that is no BARE string in UTF-8 gets no reply, as in the reference; a sender that asked for
/// reports is told. A long one is converted on the pool.
class uppercase final : public worker {
 public:
  /// Payloads up to this size are converted in place: some ten microseconds.
  static constexpr std::size_t at_once = 16u << 10;

  void on_message(message_ptr m) override;
};

} // namespace ockam
