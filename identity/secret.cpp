// SPDX-License-Identifier: Apache-2.0
#include "identity/secret.hpp"

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <sys/prctl.h>

#include <cstring>
#include <new>

namespace ockam::identities {

namespace {

/// Room for the keys of 10,000 channels and as many handshakes. Locked as it is used, so a process with few secrets
/// locks few pages; systems allow 8 MiB by default.
constexpr std::size_t heap_size = 4u << 20;
constexpr std::size_t smallest_block = 32;
/// The rest is left to OpenSSL, whose operations fail without: it has private keys there while it works with them.
constexpr std::size_t most_of_the_heap = heap_size / 4 * 3;

enum class heap { none, unlocked, locked };

/// Made once; OpenSSL has one for the whole process, like the allocator.
heap secure_heap() {
  static const heap made = [] {
    // Returns 1 when all of it worked, 2 when the memory is there without lock or guard pages, 0 when there is none.
    int answer = CRYPTO_secure_malloc_initialized() ? 1 : CRYPTO_secure_malloc_init(heap_size, smallest_block);
    return answer == 1 ? heap::locked : answer == 2 ? heap::unlocked : heap::none;
  }();
  return made;
}

} // namespace

secret::secret(std::size_t size) : size_{size} {
  if (size == 0)
    return;
  void* made = nullptr;
  if (secure_heap() != heap::none && CRYPTO_secure_used() + size <= most_of_the_heap)
    made = OPENSSL_secure_zalloc(size);
  if (!made) { // the heap is full: better a secret that could be swapped out than a node that stops
    ERR_clear_error();
    made = OPENSSL_zalloc(size);
  }
  if (!made)
    throw std::bad_alloc{};
  data_ = static_cast<std::byte*>(made);
}

secret secret::copy_of(bytes_view from) {
  secret out{from.size()};
  if (!from.empty())
    std::memcpy(out.data_, from.data(), from.size());
  return out;
}

secret::~secret() {
  OPENSSL_secure_clear_free(data_, size_); // knows which of the two heaps it is of
}

bool secrets_are_locked() { return secure_heap() == heap::locked; }

void forbid_core_dumps() noexcept { (void)::prctl(PR_SET_DUMPABLE, 0); }

void wipe(std::span<std::byte> what) noexcept { OPENSSL_cleanse(what.data(), what.size()); }

} // namespace ockam::identities
