// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "identity/noise_state.hpp"
#include "identity/vault.hpp"

namespace ockam::identities {

/// The Noise pattern XX as Ockam has it: both ends get to know each other's static key, and show them to nobody else.
///
///     initiator                                           responder
///     m1 ──  e ‖ payload                              ──▶   32 + n bytes
///     m2 ◀──  e ‖ sealed(s) ‖ sealed(payload)          ──   32 + 48 + n + 16
///     m3 ──  sealed(s) ‖ sealed(payload)              ──▶   48 + n + 16
///
///     e, s   public halves of the ephemeral and the static key (X25519, 32 bytes)
///     keys   after m2's e: ee; after its s: es; after m3's s, which is sealed with what m2's payload was (nonce 1): se
///
/// The payload of m1 is in the clear and mixed into the hash even when empty. No message has a length or a type: each
/// end knows what comes next, so this is two classes of three calls each, to be made in that order by `handshake`,
/// which knows which one is due. Only bytes here, no identities.
///
/// A message that does not open changes nothing: reading works on a copy of the state, so that whoever can send to this
/// address cannot end a handshake by one forged message. Errors: `too_large` over `max_message`; `malformed` for one
/// that is too short; `not_authentic` when it does not open, or a key in it is of low order; those of vault and
/// randomness. Movable. Thread: one at a time.
namespace noise_xx {

inline constexpr std::string_view protocol = "OCKAM_XX_25519_AES256_GCM_SHA256";
/// Of each message, as the reference bounds them.
inline constexpr std::size_t max_message = 65'535;
/// What m2 and m3 add to their payloads.
inline constexpr std::size_t m2_overhead = 32 + 48 + 16;
inline constexpr std::size_t m3_overhead = 48 + 16;

/// The keys of the channel. The reference gives them out the other way round than Noise does: the initiator sends with
/// the second one.
struct channel_keys {
  secret send;
  secret receive;
  digest handshake_hash; ///< the same at both ends and in no other handshake
};

/// What both ends do the same way.
class end {
 public:
  /// `my_static` is a key of the vault. `name` is another one only in tests.
  end(vault& keys, const x25519_public& my_static, random_source& random, std::string_view name = protocol)
    : keys_{&keys}, random_{&random}, s_{my_static}, state_{name} {}

  const noise_state& state() const noexcept { return state_; }
  /// The other end's static key, when it is known.
  const x25519_public& remote_static() const noexcept { return rs_; }

 protected:
  result<void> draw_ephemeral();
  /// Mixes the secret of the two keys into a state.
  static result<void> mix(noise_state& state, result<secret> shared);
  void drop_ephemeral() { e_ = {}; }

  vault* keys_;
  random_source* random_;
  x25519_public s_;
  x25519_key_pair e_;
  x25519_public re_{};
  x25519_public rs_{};
  noise_state state_;
};

class initiator : public end {
 public:
  using end::end;
  result<bytes> write_m1(bytes_view payload);
  /// Returns the payload. `remote_static` is known then, and proved.
  result<bytes> read_m2(bytes_view message);
  result<bytes> write_m3(bytes_view payload);
  channel_keys finish();
};

class responder : public end {
 public:
  using end::end;
  result<bytes> read_m1(bytes_view message);
  result<bytes> write_m2(bytes_view payload);
  result<bytes> read_m3(bytes_view message);
  channel_keys finish();
};

} // namespace noise_xx
} // namespace ockam::identities
