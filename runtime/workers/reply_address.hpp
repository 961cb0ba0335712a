// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "runtime/core/switchboard.hpp"

#include <cstdint>
#include <utility>

namespace ockam {

/// The flow control id of what comes in through the link at `first_hop`, where a route leaves this node; 0 when it
/// does not leave by a link that is up. Socket thread only.
inline std::uint32_t flow_of_answers(switchboard& board, address_view first_hop) {
  const auto* first = board.find(first_hop);
  return first ? first->producer : 0;
}

/// Lets the worker that has sent a message get answers to it, which come in through the link that the message left
/// by. For senders that stay; a link is not one: what it passes on was begun elsewhere. Socket thread only.
inline void admit_answers(switchboard& board, address_view sender, address_view first_hop) {
  auto flow = flow_of_answers(board, first_hop);
  if (const auto* entry = flow == 0 ? nullptr : board.find(sender); entry && entry->producer == 0)
    (void)board.add_consumer(flow, sender);
}

/// An address for the answer to one message, as long as this lives: answers are told apart by nothing else. Reachable
/// from this node, and through the link that the message leaves by. For a link that is yet to be made, the
/// dialer sees to it. Socket thread only.
class reply_address {
 public:
  /// `to` gets what comes back for a message to `first_hop` (empty: to nowhere), until this ends.
  reply_address(switchboard& board, receiver& to, address_view first_hop) : board_{board} {
    worker_entry e;
    e.target = &to;
    e.type = "reply";
    e.internal = true;
    if (auto flow = flow_of_answers(board, first_hop); flow != 0)
      e.consumer_of.push_back(flow);
    (void)board_.add(self_, std::move(e)); // 128 random bits: no other has that address
  }
  ~reply_address() { board_.remove(self_); }
  reply_address(const reply_address&) = delete;
  reply_address& operator=(const reply_address&) = delete;

  const address& get() const noexcept { return self_; }

 private:
  switchboard& board_;
  const address self_ = random_address();
};

} // namespace ockam
