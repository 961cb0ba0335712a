// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "runtime/core/limits.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <utility>
#include <vector>

/// Bounded memory (docs/architecture.md, Memory and credit). Three counters of bytes:
///
///     memory        all messages of the node         ── limit: node-budget
///     ledger        what one link let in             ── limit: link-budget; over it the link stops reading
///     hold          what one destination keeps of    ── limit: a quarter of link-budget; over it the link
///                   one ledger                          stops reading until half of that is gone
///     tally         what one relay has passed on     ── limit: max-relay-bytes; over it the links that send to it stop
///                   and is still here                   reading until half of that is gone
///
/// A message carries a `credit`; whoever destroys or writes the message returns it. What a worker keeps is lent to a
/// ledger of that worker meanwhile (`account`), so that it holds up nobody else. Counters are atomic because pool
/// workers return credit on their own threads.
namespace ockam {

/// The bytes of messages that live in the node now.
class memory {
 public:
  explicit memory(std::size_t limit) noexcept : limit_{limit} {}
  std::size_t used() const noexcept { return used_.load(std::memory_order_relaxed); }
  std::size_t limit() const noexcept { return limit_; }
  void add(std::size_t n) noexcept { used_.fetch_add(n, std::memory_order_relaxed); }
  void sub(std::size_t n) noexcept { used_.fetch_sub(n, std::memory_order_relaxed); }

 private:
  std::atomic<std::size_t> used_{0};
  std::size_t limit_;
};

/// Told when a link that waits for budget may read again. Called on any thread: post, do not act.
class budget_waiter {
 public:
  virtual void budget_available(std::uint64_t ledger_id) noexcept = 0;

 protected:
  ~budget_waiter() = default;
};

/// Counts what one link (or the node's own senders) let in, and by how many full holds it is held up. Lives until its owner has released it and
/// the last credit has come back: outstanding bytes are the reference count, one more stands for the
/// owner, and a share in the upper bits for each credit that is lent to another ledger. The top bit of the same word
/// says that the owner waits for budget, so that a credit which comes back on another thread sees it in the one
/// atomic step that returns the bytes: no wake is lost, and nothing of the ledger is touched after it.
class ledger {
 public:
  /// The owner's handle.
  struct releaser {
    void operator()(ledger* l) const noexcept { l->release(); }
  };
  using owner = std::unique_ptr<ledger, releaser>;

  /// `waiter` lives longer than every credit.
  static owner make(memory& m, std::size_t budget, budget_waiter* waiter);

  std::uint64_t id() const noexcept { return id_; }
  std::size_t used() const noexcept {
    return (state_.load(std::memory_order_relaxed) & bytes_mask) - owner_share;
  }
  /// What this link may use now: the link budget, less as the node's memory fills (linearly from half
  /// full to full).
  std::size_t budget() const noexcept;
  /// Whether the link may read on: there is budget, and no destination holds it up. With nothing outstanding it
  /// always may: one frame is never refused.
  bool open() const noexcept {
    if (held_up_.load() != 0)
      return false;
    auto u = used();
    return u == 0 || u < budget();
  }
  /// Whether somebody is told when it may go on. One that nobody waits for cannot be held up: what is over a
  /// hold is then refused.
  bool can_wait() const noexcept { return waiter_ != nullptr; }
  /// A destination keeps as much of this as it may: nothing more is let in until `let_go`. Socket thread.
  void hold_up() noexcept;
  /// Thread: any.
  void let_go() noexcept;
  /// Asks to be told once there is budget again. True when there already is: read on.
  bool wait() noexcept;
  /// No longer waits (after a wake, or when the link goes).
  void stop_waiting() noexcept { state_.fetch_and(~waiting_bit); }
  std::size_t hold_limit() const noexcept { return budget_ / 4; }

  void add(std::size_t n) noexcept {
    state_.fetch_add(n, std::memory_order_relaxed);
    memory_.add(n);
  }
  void sub(std::size_t n) noexcept { return_bytes(n, n); }

  /// These bytes of one credit count elsewhere, until `take_back` or `forget`; this lives at least as long.
  void lend(std::size_t n) noexcept { return_bytes(n, n - lent_share); }
  void take_back(std::size_t n) noexcept {
    memory_.add(n);
    state_.fetch_add(n - lent_share, std::memory_order_relaxed);
  }
  /// What was lent will not come back.
  void forget() noexcept {
    if (state_.fetch_sub(lent_share, std::memory_order_acq_rel) == lent_share)
      delete this;
  }

 private:
  // The word: 40 bits of bytes, 23 of credits that are lent (at 600 bytes a message, 5 GB of them), and the one above.
  static constexpr std::size_t owner_share = 1;
  static constexpr std::size_t lent_share = std::size_t{1} << 40;
  static constexpr std::size_t bytes_mask = lent_share - 1;
  static constexpr std::size_t waiting_bit = std::size_t{1} << 63;

  ledger(memory& m, std::size_t budget, budget_waiter* waiter) noexcept;
  ~ledger() = default;
  void release() noexcept;
  /// Returns `n` bytes, taking `off` from the word; after that it may be gone.
  void return_bytes(std::size_t n, std::size_t off) noexcept;

  memory& memory_;
  std::atomic<std::size_t> state_{owner_share};
  std::size_t budget_;
  budget_waiter* waiter_;
  std::uint64_t id_;
  std::atomic<std::uint32_t> held_up_{0};
};

/// What one destination holds of one ledger. When it is full it holds the ledger up, until half of its room is
/// free again: on whatever thread that happens.
class hold {
 public:
  explicit hold(ledger& source) noexcept : source_{&source}, limit_{source.hold_limit()} {}

  std::size_t used() const noexcept { return used_.load(std::memory_order_relaxed); }
  std::size_t limit() const noexcept { return limit_; }
  bool is_full() const noexcept { return full_.load(std::memory_order_relaxed); }
  void add(std::size_t n) noexcept { used_.fetch_add(n); }
  void sub(std::size_t n) noexcept {
    if (used_.fetch_sub(n) - n <= limit_ / 2)
      let_go();
  }
  /// Holds its ledger up, unless there is room again meanwhile. Socket thread, while credit is in it.
  void fill() noexcept;
  /// No longer does. Thread: any.
  void let_go() noexcept;
  void keep() noexcept { refs_.fetch_add(1, std::memory_order_relaxed); }
  void release() noexcept {
    if (refs_.fetch_sub(1, std::memory_order_acq_rel) == 1)
      delete this;
  }

 private:
  ledger* source_; ///< lives while this is full: `hold_up`
  std::size_t limit_;
  std::atomic<std::size_t> used_{0};
  std::atomic<std::uint32_t> refs_{1};
  std::atomic<bool> full_{false};
};

class credit;

/// What one worker has passed on and is not accepted yet by where it goes, of all ledgers together. Over its limit it holds
/// these up, until half of it is free again: on whatever thread that happens. Lives until its owner has released it and the
/// last credit has left.
class tally {
 public:
  struct releaser {
    void operator()(tally* t) const noexcept {
      t->let_go();
      t->release();
    }
  };
  using owner = std::unique_ptr<tally, releaser>;

  static owner make(std::size_t limit) { return owner{new tally{limit}}; }

  std::size_t used() const noexcept { return used_.load(std::memory_order_relaxed); }
  std::size_t limit() const noexcept { return limit_; }
  /// Of all that there has been: so much has left again. For who asks whether anything moves.
  std::uint64_t has_left() const noexcept { return left_.load(std::memory_order_relaxed); }
  /// Whether it holds up anybody.
  bool is_full() const noexcept { return full_.load(); }
  /// Counts `c` here, until its end. False, and untouched: it is over the limit, and nobody waits for the ledger of `c`,
  /// so that it cannot be held up; or over twice the limit, by what links had read before they were. Socket thread.
  bool enter(credit& c);
  /// Holds nobody up any more, whatever is still here. Thread: any.
  void let_go() noexcept;

  void add(std::size_t n) noexcept { used_.fetch_add(n); }
  void sub(std::size_t n) noexcept {
    left_.fetch_add(n, std::memory_order_relaxed);
    if (used_.fetch_sub(n) - n <= limit_ / 2 && full_.load())
      let_go();
  }
  void keep() noexcept { refs_.fetch_add(1, std::memory_order_relaxed); }
  void release() noexcept {
    if (refs_.fetch_sub(1, std::memory_order_acq_rel) == 1)
      delete this;
  }

 private:
  explicit tally(std::size_t limit) noexcept : limit_{limit} {}
  ~tally() = default;

  const std::size_t limit_;
  std::atomic<std::size_t> used_{0};
  std::atomic<std::uint64_t> left_{0};
  std::atomic<std::uint32_t> refs_{1};
  std::atomic<bool> full_{false}; ///< somebody is in `held_up_`
  std::mutex lock_;
  std::vector<ledger*> held_up_; ///< they live while they are here: `ledger::hold_up`
};

/// A share of a ledger, returned by the destructor. Move-only: copying would return it twice.
class credit {
 public:
  credit() noexcept = default;
  credit(ledger& l, std::size_t bytes) noexcept : ledger_{&l}, bytes_{bytes} { l.add(bytes); }
  credit(credit&& o) noexcept
    : ledger_{std::exchange(o.ledger_, nullptr)}, hold_{std::exchange(o.hold_, nullptr)},
      lender_{std::exchange(o.lender_, nullptr)}, tally_{std::exchange(o.tally_, nullptr)}, bytes_{std::exchange(o.bytes_, 0)} {}
  credit& operator=(credit&& o) noexcept {
    if (this != &o) {
      reset();
      ledger_ = std::exchange(o.ledger_, nullptr);
      hold_ = std::exchange(o.hold_, nullptr);
      lender_ = std::exchange(o.lender_, nullptr);
      tally_ = std::exchange(o.tally_, nullptr);
      bytes_ = std::exchange(o.bytes_, 0);
    }
    return *this;
  }
  ~credit() { reset(); }

  void reset() noexcept {
    leave();
    leave_tally();
    if (ledger_)
      std::exchange(ledger_, nullptr)->sub(bytes_);
    if (lender_)
      std::exchange(lender_, nullptr)->forget();
    bytes_ = 0;
  }

  /// Counts these bytes under a destination's hold, until `leave` or the end.
  void enter(hold& h) noexcept {
    leave();
    h.keep();
    h.add(bytes_);
    hold_ = &h;
  }
  void leave() noexcept {
    if (auto* h = std::exchange(hold_, nullptr)) {
      h->sub(bytes_);
      h->release();
    }
  }

  /// Counts these bytes in a tally too, in place of one before, until the end.
  void count_in(tally& t) noexcept {
    t.keep();
    t.add(bytes_);
    leave_tally();
    tally_ = &t;
  }

  /// Counts in `to` in place of its own ledger, until `give_back` or the end. No effect without a ledger, or when it
  /// is lent already.
  void lend_to(ledger& to) noexcept {
    if (!ledger_ || lender_ || ledger_ == &to)
      return;
    to.add(bytes_);
    ledger_->lend(bytes_);
    lender_ = std::exchange(ledger_, &to);
  }
  void give_back() noexcept {
    if (!lender_)
      return;
    lender_->take_back(bytes_);
    std::exchange(ledger_, std::exchange(lender_, nullptr))->sub(bytes_);
  }

  /// What it stands for is larger or smaller now. Nobody is refused what is there already.
  void resize(std::size_t bytes) noexcept {
    if (!ledger_ || bytes == bytes_)
      return;
    leave();
    if (tally_) {
      tally_->add(bytes);
      tally_->sub(bytes_);
    }
    ledger_->add(bytes);
    ledger_->sub(std::exchange(bytes_, bytes));
  }

  /// Where it counts now.
  ledger* source() const noexcept { return ledger_; }
  std::size_t bytes() const noexcept { return bytes_; }
  explicit operator bool() const noexcept { return ledger_ != nullptr; }

  /// Takes another share of the same ledger, hold and tally into this one; false (and untouched) if they differ.
  bool merge(credit& other) noexcept {
    if (other.ledger_ != ledger_ || other.hold_ != hold_ || other.tally_ != tally_ || lender_ || other.lender_)
      return false;
    bytes_ += std::exchange(other.bytes_, 0);
    other.ledger_ = nullptr;
    if (auto* t = std::exchange(other.tally_, nullptr))
      t->release();
    if (auto* h = std::exchange(other.hold_, nullptr))
      h->release();
    return true;
  }

 private:
  void leave_tally() noexcept {
    if (auto* t = std::exchange(tally_, nullptr)) {
      t->sub(bytes_);
      t->release();
    }
  }

  ledger* ledger_ = nullptr;
  hold* hold_ = nullptr;
  ledger* lender_ = nullptr; ///< to whom it goes back; null: it is at home
  tally* tally_ = nullptr;
  std::size_t bytes_ = 0;
};

/// The holds of one destination, by ledger. Socket thread only (the counters inside are not).
class hold_table {
 public:
  /// What to do with credit of a ledger that has filled its hold here.
  enum class over : std::uint8_t {
    refuse, ///< for a destination that may take its time, as one that is yet to be connected
    pause   ///< take it, and let its link read nothing more until there is room; refuse where no link can wait
  };
  enum class entry : std::uint8_t { refused, entered, entered_full };

  hold_table() = default;
  explicit hold_table(over how) noexcept : how_{how} {}
  hold_table(const hold_table&) = delete;
  hold_table& operator=(const hold_table&) = delete;
  ~hold_table();

  /// Enters `c` when its ledger may keep `c.bytes()` more here: a quarter of its budget (the first message of a
  /// ledger always enters). Credit without a ledger always enters. `entered_full`: its ledger is held up now.
  entry enter(credit& c);
  /// Whether some link is held up by this destination.
  bool holds_up() const noexcept;
  /// Holds nobody up any more, whatever is still here.
  void let_go() noexcept;

 private:
  std::unordered_map<std::uint64_t, hold*> holds_;
  over how_ = over::refuse;
};

} // namespace ockam
