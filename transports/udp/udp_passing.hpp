// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "transports/udp/udp_codec.hpp"

#include <cstddef>
#include <cstdint>
#include <map>
#include <vector>

namespace ockam {

/// What is kept of a message in slices that is too large: its first and its last bytes, `edge_bytes` of each and what of
/// the same slices is beside them, which tell who wants to hear of its end. All else passes by. Memory follows what has
/// arrived. Plain code. One thread at a time.
class udp_passing {
 public:
  /// The ends of a message, and its length.
  struct ends {
    std::vector<std::byte> first, last;
    std::size_t length = 0;
  };

  /// Of a message of `total` slices, of which all but the last have `slice_size` bytes.
  udp_passing(std::uint16_t total, std::size_t slice_size);
  /// In any order, and again.
  void take(std::uint16_t offset, std::span<const std::byte> bytes);
  /// Both ends are here.
  bool whole() const noexcept { return kept_.size() == wanted_; }
  /// Precondition: `whole`.
  ends join() const;
  std::size_t footprint() const noexcept { return sizeof *this + bytes_; }

 private:
  bool belongs(std::uint16_t offset) const noexcept { return offset < each_ || offset >= last_from_; }

  std::size_t slice_size_;
  std::uint16_t total_;
  std::uint16_t each_ = 0;      ///< slices that the first end takes
  std::uint16_t last_from_ = 0; ///< where the last end begins
  std::size_t wanted_ = 0;
  std::size_t bytes_ = 0;
  std::map<std::uint16_t, std::vector<std::byte>> kept_;
};

} // namespace ockam
