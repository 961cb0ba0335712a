// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "runtime/core/bare.hpp"
#include "runtime/workers/worker.hpp"

namespace ockam {

/// Answers every message with an error: for tests and demos. The text is that of the request, if it
/// has one that is not long. A sender that asked for reports gets one; another gets the text as a BARE string.
class error_service final : public worker {
 public:
  /// Longer ones are not looked at: some microseconds of the socket thread.
  static constexpr std::size_t longest = 16u << 10;

  void on_message(message_ptr m) override {
    auto said = m->bytes().size() <= longest ? m->text() : std::nullopt;
    std::string text{said.value_or("error")};
    auto body = bare::encode_string(text);
    reply_error(std::move(m), text, payload{body});
  }
};

} // namespace ockam
