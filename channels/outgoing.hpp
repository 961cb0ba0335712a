// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "channels/crew.hpp"
#include "channels/returns.hpp"
#include "identity/sending.hpp"
#include "runtime/core/switchboard.hpp"

#include <cstdint>
#include <list>
#include <memory>

namespace ockam::channels {

/// The sending direction of a channel. Nonces are taken on the socket thread, in the order in which messages come, and
/// messages leave in that order, wherever they are sealed:
///
///     message ── nonce, key ──┬── small: sealed at once ───────────────────┐
///                             └── large: sealed by `threads`, several at ──┤
///                                        one time                          ▼
///                                         places, by nonce:  [ sealed │ under way │ sealed │ … ] ── front sealed: it leaves
///
/// A message is sealed from where it lies into the block that leaves: the one pass over its bytes. What is under way is
/// charged, twice over, to whoever let the message in, before the memory is taken: back-pressure is that of the link that it
/// came by. It holds up its own channel only.
///
/// Lives as long as something is under way, longer than its channel: what was taken before the end leaves before
/// the Close. Socket thread, but for the work of `threads`.
class outgoing : public std::enable_shared_from_this<outgoing> {
 public:
  /// `board` lives until nothing is posted any more.
  outgoing(switchboard& board, elsewhere large, identities::secret key)
    : board_{board}, large_{std::move(large)}, sending_{std::move(key)} {}

  /// A message that fits no frame of `max_frame` bytes when it is sealed is not taken: it stays in `m`, and this is
  /// `too_large`. `envelope`: what leaves, but for its payload. Other errors: those of `sending`; the channel has to end.
  result<void> send(message_ptr& m, message_ptr envelope, std::size_t max_frame);
  /// What no worker has sent, encoded already: a ping, the end, what this end says of itself anew.
  result<void> send_plain(identities::bytes_view plaintext, message_ptr envelope);

 private:
  struct place {
    message_ptr envelope;
    bool sealed = false;
  };
  struct piece;

  void leave_in_turn(message_ptr sealed);
  void take_back();

  switchboard& board_;
  elsewhere large_;
  identities::sending sending_;
  std::list<place> places_; ///< by nonce; empty: nothing is under way
  returns<std::shared_ptr<piece>> back_;
};

} // namespace ockam::channels
