// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstring>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

namespace ockam {

/// The bytes that a message carries, owned. Small ones live inside; large ones are a block that can be
/// the very buffer they were received into. Move-only value. Nothing is zeroed that is overwritten.
class payload {
 public:
  static constexpr std::size_t inline_capacity = 128;

  payload() noexcept = default;
  explicit payload(std::span<const std::byte> bytes) { assign(bytes); }
  /// The bytes of the text as they are. Services of Ockam expect BARE strings: see `text_payload`.
  payload(std::string_view text) { assign(std::as_bytes(std::span{text})); }
  /// A null pointer is `std::invalid_argument`.
  payload(const char* text) : payload{text ? std::string_view{text} : throw std::invalid_argument{"a payload of a null pointer"}} {}
  payload(const std::string& text) : payload{std::string_view{text}} {}
  /// The part `[offset, offset + size)` of a block, which is taken over.
  payload(std::unique_ptr<std::byte[]> block, std::size_t capacity, std::size_t offset, std::size_t size) noexcept
    : block_{std::move(block)}, offset_{offset}, size_{size}, capacity_{capacity} {}

  payload(payload&& other) noexcept { *this = std::move(other); }
  payload& operator=(payload&& other) noexcept {
    if (this != &other) {
      block_ = std::move(other.block_);
      offset_ = std::exchange(other.offset_, 0);
      size_ = std::exchange(other.size_, 0);
      capacity_ = std::exchange(other.capacity_, 0);
      if (!block_ && size_ > 0)
        std::memcpy(inline_.data(), other.inline_.data(), std::min(size_, inline_capacity));
    }
    return *this;
  }

  void assign(std::span<const std::byte> bytes) {
    block_.reset();
    offset_ = capacity_ = 0;
    size_ = bytes.size();
    if (size_ > inline_capacity) {
      block_ = std::make_unique_for_overwrite<std::byte[]>(size_);
      capacity_ = size_;
    }
    if (size_ > 0)
      std::memcpy(mutable_data(), bytes.data(), size_);
  }

  std::span<const std::byte> bytes() const noexcept {
    return {block_ ? block_.get() + offset_ : inline_.data(), size_};
  }
  std::string_view text() const noexcept {
    auto b = bytes();
    return {reinterpret_cast<const char*>(b.data()), b.size()};
  }
  std::size_t size() const noexcept { return size_; }
  bool empty() const noexcept { return size_ == 0; }
  /// Bytes of memory beyond `sizeof(payload)`.
  std::size_t heap_bytes() const noexcept { return capacity_; }

 private:
  std::byte* mutable_data() noexcept { return block_ ? block_.get() + offset_ : inline_.data(); }

  std::array<std::byte, inline_capacity> inline_; // left uninitialised on purpose
  std::unique_ptr<std::byte[]> block_;
  std::size_t offset_ = 0;
  std::size_t size_ = 0;
  std::size_t capacity_ = 0;
};

} // namespace ockam
