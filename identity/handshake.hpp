// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "identity/identity_proof.hpp"
#include "identity/noise_xx.hpp"

#include <optional>
#include <variant>

namespace ockam::identities {

/// Who we are in a handshake.
struct own_identity {
  vault* keys = nullptr; ///< has the static key
  x25519_public static_key{};
  identity_proof proof; ///< history, attestation of that key, credentials to show
};

/// Makes a static key in the vault and attests it, for all channels of an identity until the attestation ends or the
/// identity is rotated. Errors: those of the vault and of `attest`.
result<own_identity> make_own_identity(vault& keys, const identity& who, timestamp now);

/// A channel that both ends have agreed on.
struct established {
  noise_xx::channel_keys keys;
  peer with;
};

/// The handshake of a secure channel, by which each end proves who it is and both get keys that nobody else has. A
/// state machine without a clock, a socket or an actor: bytes in, bytes out.
///
///     initiator                                            responder
///
///      ┌─────────┐                                          ┌───────────┐
///      │ begins  │                                          │ awaits m1 │
///      └────┬────┘                                          └─────┬─────┘
///           │ begin() ──────────────── m1 ───────────────────────▶│ on_m1
///      ┌────▼──────┐                                        ┌─────▼─────┐
///      │ awaits m2 │◀───────────────── m2 ──────────────────│ awaits m3 │
///      └────┬──────┘                                        └─────┬─────┘
///     on_m2 │──────────────────────── m3 ────────────────────────▶│ on_m3
///      ┌────▼────┐                                          ┌─────▼─────┐
///      │ done    │                                          │ done      │
///      └─────────┘                                          └───────────┘
///
///     awaits m2, awaits m3: a message that does not open   ──▶ the same state; anybody may have sent it
///                           one that opens, of somebody whom we do not take ──▶ failed
///     any other call in any other state                    ──▶ the same state, and an error
///
/// m1 goes to the listener; m2 comes from the address that m3, and everything after it, goes to. The initiator is done
/// when it has sent m3, which does not mean that the responder takes it; who must know asks through the channel.
/// Nothing is ever sent about a failure: the other end learns neither that there was one nor why. How long a state may
/// last is for who has a clock.
///
/// The form for **key exchange only** is the same handshake, byte for byte; what differs comes after (`use`, in
/// sending.hpp and receiving.hpp), so both ends must have agreed on it beforehand.
///
/// Movable. Thread: one at a time; not the socket thread, since checking signatures takes a millisecond and vault and
/// known identities may block. What is referred to outlives it.
class handshake {
 public:
  enum class state { begins, awaits_m1, awaits_m2, awaits_m3, done, failed };

  static handshake initiator(own_identity own, requirements wanted, known_identities& known,
                             random_source& random = system_random());
  static handshake responder(own_identity own, requirements wanted, known_identities& known,
                             random_source& random = system_random());

  /// m1, of an initiator that begins. Errors: `invalid_argument` in another state; those of the randomness.
  result<bytes> begin();
  /// Takes a message of the other end. Returns what to answer: m2, m3, or nothing. Errors: those of `noise_xx`,
  /// `decode_proof` and `verify_proof`, for the operator's log; `invalid_argument` in a state that awaits none.
  result<bytes> receive(bytes_view message, timestamp now);

  state where() const noexcept { return state_; }
  /// What was agreed on, once, when `where()` is done.
  std::optional<established> take() { return std::exchange(outcome_, std::nullopt); }

 private:
  using role = std::variant<noise_xx::initiator, noise_xx::responder>;
  handshake(state begins_in, role as, own_identity own, requirements wanted, known_identities& known)
    : state_{begins_in}, noise_{std::move(as)}, own_{std::move(own)}, wanted_{std::move(wanted)}, known_{&known} {}

  result<bytes> on_m1(bytes_view message);
  result<bytes> on_m2(bytes_view message, timestamp now);
  result<bytes> on_m3(bytes_view message, timestamp now);
  result<peer> check(bytes_view payload, const x25519_public& remote_static, timestamp now);
  error fail(error why);

  state state_;
  role noise_;
  own_identity own_;
  requirements wanted_;
  known_identities* known_;
  std::optional<established> outcome_;
};

} // namespace ockam::identities
