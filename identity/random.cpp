// SPDX-License-Identifier: Apache-2.0
#include "identity/random.hpp"

#include "identity/openssl.hpp"

#include <openssl/rand.h>

namespace ockam::identities {

namespace {

class openssl_random final : public random_source {
 public:
  result<void> fill(std::span<std::byte> out) override {
    if (out.size() > INT32_MAX || RAND_priv_bytes(openssl::in(out.data()), static_cast<int>(out.size())) != 1)
      return openssl::failure(errc::io_failure, "the system gives no random bytes");
    return {};
  }
};

} // namespace

random_source& system_random() noexcept {
  static openssl_random source;
  return source;
}

} // namespace ockam::identities
