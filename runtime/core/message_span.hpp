// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "runtime/core/message.hpp"
#include "runtime/core/tracer.hpp"

#include <memory>
#include <utility>

namespace ockam {

/// What becomes of a message that a worker has, for the span of that. Of nearly all messages there is none, which is all that
/// is looked at. Set by the runtime alone. Thread: the one that owns the message.
struct message_span {
  static bool is_there(const message& m) noexcept { return m.span_ != nullptr; }
  static void begin(message& m, std::unique_ptr<open_span> s) noexcept { m.span_ = std::move(s); }
  static void end(message& m) noexcept {
    if (m.span_) [[unlikely]]
      m.span_.reset();
  }
  /// The worker has answered it.
  static void answered(message& m) noexcept {
    if (m.span_) [[unlikely]] {
      m.span_->became("answer", span_kind::server);
      m.span_.reset();
    }
  }
  /// The worker has passed it on; its onward route begins with where to.
  static void passed_on(message& m) {
    if (m.span_) [[unlikely]] {
      m.span_->passed_on(m.header.next());
      m.span_.reset();
    }
  }
  /// What it was for has failed. An answer may still tell so.
  static void failed(message& m, drop_reason why, std::string_view detail) {
    if (m.span_) [[unlikely]]
      m.span_->failed(why, detail);
  }
  static void dropped(message& m, drop_reason why, std::string_view detail) {
    if (m.span_) [[unlikely]] {
      m.span_->failed(why, detail);
      m.span_.reset();
    }
  }
};

} // namespace ockam
