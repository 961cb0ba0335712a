// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "runtime/core/message.hpp"

namespace ockam {

/// Where a message comes from, which only the runtime says: links when they let it in, hosts of workers when one of
/// them sends it. No worker can make a message look as if it came from elsewhere than it does, so this is no part of
/// `include/ockam`. Thread: the one that owns the message.
struct provenance {
  /// A link has let it in.
  static void let_in(message& m, const message_source& by) { m.source_ = by; }
  /// A worker sends a message that it was given, or one that it has made: whoever made it stays the one.
  static void pass_on(message& m) noexcept {
    if (m.passage_ == passage::straight)
      m.passage_ = passage::passed_on;
  }
  /// What the message says from now on is a worker's, or the runtime's own: a reply, a report.
  static void answer(message& m) noexcept { m.passage_ = passage::answered; }
  /// `m` stands for `of`.
  static void inherit(message& m, const message& of) {
    m.source_ = of.source_;
    m.passage_ = of.passage_;
  }
};

} // namespace ockam
