// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "portals/portal_message.hpp"
#include "runtime/core/log.hpp"
#include "runtime/workers/node_context.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <unordered_map>

namespace ockam::portal {

class stream;

/// What the streams of all portals of a node share: where they read to, who is told that memory is free again, and the
/// clock of what takes long. Lives longer than they do. Socket thread only, but for `budget_available`.
class environment final : public budget_waiter {
 public:
  explicit environment(const node_context& node);
  ~environment();
  environment(const environment&) = delete;
  environment& operator=(const environment&) = delete;

  const node_context& node;
  rate_limited_log hostile; ///< lines about bad input

  /// A block that a chunk is read into: `most_data` bytes from `head_room` on, and `tail_room`.
  static constexpr std::size_t block_size = head_room + most_data + tail_room;
  std::byte* block();
  /// Takes it away, with what has been read.
  std::unique_ptr<std::byte[]> take_block() noexcept { return std::move(block_); }

  void add(stream& s);
  void remove(stream& s);
  std::size_t streams() const noexcept { return streams_.size(); }

  /// A ledger whose owner waits for budget has some again. Thread: any.
  void budget_available(std::uint64_t ledger_id) noexcept override;

 private:
  static constexpr std::chrono::milliseconds tick_period{1'000};

  void tick();

  std::unique_ptr<std::byte[]> block_;
  std::unordered_map<std::uint64_t, stream*> streams_; ///< by ledger
  timer_queue::id timer_ = 0;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

} // namespace ockam::portal
