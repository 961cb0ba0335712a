// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "identity/digest.hpp"

#include <cstddef>
#include <deque>
#include <mutex>
#include <set>

namespace ockam::identities {

/// Signatures that were checked and hold, so that who shows the same history and attestation again, as with each channel
/// that is made anew, costs a look-up in place of a check (110 µs with Ed25519). Whether a signature holds does not change,
/// so nothing here becomes wrong: times and who may are looked at elsewhere, and each time. Only what holds is kept; who
/// fills it with signatures of their own has others checked again, no more. Bounded: some 100 KiB. Thread: any.
class verified_signatures {
 public:
  static constexpr std::size_t limit = 1'024;

  /// Of key, signature and message together: SHA-256, as of `verify`.
  bool has(const digest& of) const;
  void add(const digest& of);
  std::size_t size() const;

 private:
  mutable std::mutex mutex_;
  std::set<digest> all_;
  std::deque<digest> oldest_first_;
};

} // namespace ockam::identities
