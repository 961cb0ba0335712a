// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "runtime/core/credit.hpp"
#include "runtime/core/message.hpp"

#include <atomic>
#include <cstddef>
#include <string>
#include <utility>

namespace ockam {

/// What one worker has of the node's memory, and how much that may be (the key `budget` of a service): messages that
/// it was given and keeps beyond its call, and those that it has sent or requested and that still live in the node; of
/// a script also what is no message, as its values, its timers and its requests under way (`take`).
/// What it keeps is lent by the link that let it in, and goes back to it when the worker answers or passes it on: so
/// a worker that keeps messages holds up no link and leaves all others what is theirs, and an answer still slows the
/// link that asked for it. Instances of a service share one. Thread: any.
class account {
 public:
  /// What a worker has that nobody has given another budget: as much as one frame of the wire.
  static constexpr std::size_t usual = 16u << 20;

  account(memory& m, std::size_t limit) : ledger_{ledger::make(m, limit, nullptr)}, limit_{limit} {}

  std::size_t used() const noexcept { return ledger_->used() + beside(); }
  std::size_t limit() const noexcept { return limit_; }

  /// Charges the message to the worker: whole when nobody pays for it yet, else lent until `credit::give_back`.
  /// False, and untouched, when it does not fit. With nothing else in the account it always does: a budget bounds
  /// what gathers, not what a message may be. As the node fills beyond half, there is less room, as for links. Where
  /// there is more than messages, they may have three quarters: who keeps messages must be able to run, to let them go.
  bool admit(message& m) noexcept;
  /// Whether messages of it may become larger by so much.
  bool fits(std::size_t bytes) const noexcept;

  /// Bytes beside messages. False, and none taken, when they do not fit. They do not count in the node's memory for
  /// messages.
  bool take(std::size_t bytes) noexcept;
  void give_back(std::size_t bytes) noexcept { beside_.fetch_sub(bytes, std::memory_order_relaxed); }

  /// Why it did not fit, for people.
  std::string full() const;

 private:
  std::size_t beside() const noexcept { return beside_.load(std::memory_order_relaxed); }

  ledger::owner ledger_;
  std::size_t limit_;
  std::atomic<std::size_t> beside_{0};
};

/// Bytes beside messages that are an account's until this ends. Move-only. Thread: any, one at a time; the account
/// lives longer.
class holding {
 public:
  holding() noexcept = default;
  /// Throws `std::length_error`, in the words of `account::full`, when they do not fit. Null: nobody counts.
  holding(account* a, std::size_t bytes);
  holding(holding&& o) noexcept : account_{std::exchange(o.account_, nullptr)}, bytes_{std::exchange(o.bytes_, 0)} {}
  holding& operator=(holding&& o) noexcept {
    std::swap(account_, o.account_);
    std::swap(bytes_, o.bytes_);
    return *this;
  }
  ~holding() {
    if (account_)
      account_->give_back(bytes_);
  }

 private:
  account* account_ = nullptr;
  std::size_t bytes_ = 0;
};

} // namespace ockam
