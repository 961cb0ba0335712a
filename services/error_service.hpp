// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "runtime/core/bare.hpp"
#include "runtime/workers/worker.hpp"

namespace ockam {

/// Answers every message with an error: for tests and demos. The text is that of the request, if it
/// has one. A sender that asked for reports gets one; another gets the text as a BARE string.
class error_service final : public worker {
 public:
  void on_message(message_ptr m) override {
    std::string text{m->text().value_or("error")};
    auto body = bare::encode_string(text);
    reply_error(std::move(m), text, payload{body});
  }
};

} // namespace ockam
