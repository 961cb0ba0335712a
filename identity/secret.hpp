// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "identity/bytes.hpp"

#include <iosfwd>
#include <utility>

namespace ockam::identities {

/// Bytes that nobody else may read: a private key, a key of a channel, a passphrase. They live in memory that is not
/// swapped out, stands in no core dump and has guard pages around it (OpenSSL's secure heap, where OpenSSL keeps its
/// own copies of private keys as well), and they are overwritten when the secret ends.
///
/// It is moved, never copied by accident, and cannot be printed or compared: what would compare secrets byte by byte
/// tells by its time how many were right. What a secret may be told to is explicit, `bytes()`.
///
/// What this does not cover: OpenSSL's key schedules (`aead_key`) and its handles are in ordinary memory, overwritten
/// when they end. A process that holds secrets therefore also forbids core dumps. Thread: one at a time; several may
/// read.
class secret {
 public:
  secret() noexcept = default;
  /// `size` zero bytes, to be filled by `writable()`.
  explicit secret(std::size_t size);
  /// The one way to make a second one of bytes that are elsewhere; those are the caller's to overwrite.
  static secret copy_of(bytes_view from);
  secret duplicate() const { return copy_of(bytes()); }

  secret(secret&& other) noexcept : data_{std::exchange(other.data_, nullptr)}, size_{std::exchange(other.size_, 0)} {}
  secret& operator=(secret&& other) noexcept {
    secret taken{std::move(other)}; // so that what was here ends here
    std::swap(data_, taken.data_);
    std::swap(size_, taken.size_);
    return *this;
  }
  secret(const secret&) = delete;
  secret& operator=(const secret&) = delete;
  ~secret();

  bytes_view bytes() const noexcept { return {data_, size_}; }
  std::span<std::byte> writable() noexcept { return {data_, size_}; }
  std::size_t size() const noexcept { return size_; }
  bool empty() const noexcept { return size_ == 0; }

  friend std::ostream& operator<<(std::ostream&, const secret&) = delete;
  friend bool operator==(const secret&, const secret&) = delete;

 private:
  std::byte* data_ = nullptr;
  std::size_t size_ = 0;
};

/// Whether secrets of this process are in locked memory. False where the system allows no locked memory
/// (`ulimit -l`): they are then in memory of their own all the same, but may be swapped out. For the log at start.
bool secrets_are_locked();

/// From now on the process leaves no core dump, and no other process of the same user looks into its memory
/// (`PR_SET_DUMPABLE`). For processes that hold keys; without effect on root. Thread: any.
void forbid_core_dumps() noexcept;

/// Overwrites bytes in a way that no compiler leaves out.
void wipe(std::span<std::byte> what) noexcept;

} // namespace ockam::identities
