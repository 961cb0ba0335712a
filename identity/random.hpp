// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "identity/bytes.hpp"
#include "runtime/core/error.hpp"

namespace ockam::identities {

/// Where every key, nonce and salt that is made here comes from, so that a test can say what they are. The one
/// exception is the number that ECDSA needs for each signature, which OpenSSL draws itself.
class random_source {
 public:
  virtual ~random_source() = default;
  /// Fills `out`. Errors: `io_failure` when there is no randomness; nothing may be made of `out` then.
  virtual result<void> fill(std::span<std::byte> out) = 0;
};

/// The system's, by OpenSSL's generator for secrets. Thread: any.
random_source& system_random() noexcept;

} // namespace ockam::identities
