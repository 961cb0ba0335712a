// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "runtime/core/credit.hpp"
#include "runtime/core/message.hpp"

#include <cstddef>
#include <string>

namespace ockam {

/// What one worker has of the node's memory, and how much that may be (the key `budget` of a service): messages that
/// it was given and keeps beyond its call, and those that it has sent or requested and that still live in the node.
/// What it keeps is lent by the link that let it in, and goes back to it when the worker answers or passes it on: so
/// a worker that keeps messages holds up no link and leaves all others what is theirs, and an answer still slows the
/// link that asked for it. Instances of a service share one. Thread: any.
class account {
 public:
  /// What a worker has that nobody has given another budget: as much as one frame of the wire.
  static constexpr std::size_t usual = 16u << 20;

  account(memory& m, std::size_t limit) : ledger_{ledger::make(m, limit, nullptr)}, limit_{limit} {}

  std::size_t used() const noexcept { return ledger_->used(); }
  std::size_t limit() const noexcept { return limit_; }

  /// Charges the message to the worker: whole when nobody pays for it yet, else lent until `credit::give_back`.
  /// False, and untouched, when it does not fit. With nothing else in the account it always does: a budget bounds
  /// what gathers, not what a message may be. As the node fills beyond half, there is less room, as for links.
  bool admit(message& m) noexcept;

  /// Why it did not fit, for people.
  std::string full() const;

 private:
  ledger::owner ledger_;
  std::size_t limit_;
};

} // namespace ockam
