// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "runtime/core/reason.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace ockam {

/// Decides which bytes of a peer may reach CAF. BASP trusts whoever connects: a header alone makes CAF
/// allocate 4 GiB, a handshake without a payload crashes it, any actor of the process can be written to,
/// and messages may hold anything, nested as deep as they are long. Two links need only this much of it:
///
///     client ◀── server handshake ──── server       first, once
///     client ──── client handshake ──▶ server       first, at most twice
///     either ──── monitor ───────────▶ either       at most `max_monitors`
///     either ──── message ───────────▶ either       to the one actor of this connection, of a known shape
///     either ──── down ──────────────▶ either       the peer's actor has ended, and so does the connection
///     either ──── heartbeat ─────────▶ either       ignored
///
/// Everything else ends the connection. A header is 32 bytes, numbers big endian (CAF 0.17, `basp::header`):
///
///     u8 operation | u16 0 | u8 flags | u32 payload size | u64 operation data | u64 from | u64 to
///
/// One object for each connection; plain code without CAF. Thread: one at a time.
class basp_gate {
 public:
  enum class side : std::uint8_t { client, server };
  static constexpr std::size_t header_bytes = 32;
  using header_view = std::span<const std::byte, header_bytes>;

  /// Of a handshake, a monitor and a down message: names of nodes and a few lists.
  static constexpr std::size_t max_control = 4096;
  /// Of a message: one chunk of a link's output and the type names around it. No memory beyond this is
  /// ever taken for what has not been checked.
  static constexpr std::size_t max_message = (64u << 10) + 256;
  static constexpr int max_monitors = 4;

  /// What CAF writes on its own, so that nothing of its format is repeated here.
  struct dialect {
    std::uint64_t version = 0;    ///< operation data of a server handshake
    std::uint64_t plain = 0;      ///< operation data of a message that is neither request nor response
    std::string hello;            ///< what the first message begins with, up to the size of its text
    std::string bytes;            ///< the same for all others
  };

  /// `own`: id of the actor that the peer may write to. `d` outlives the gate.
  basp_gate(side s, std::uint64_t own, const dialect& d) noexcept : side_{s}, own_{own}, dialect_{d} {}

  /// What to do with a frame: header and payload.
  enum class verdict : std::uint8_t {
    pass,    ///< CAF may have it
    message, ///< the same, and the actor will get a message
    ignore,  ///< nothing
    finish,  ///< the peer's actor has ended
    refuse   ///< it must not be: see `problem`
  };

  /// Whether a connection may begin with this byte. The earliest sign that a peer speaks something else.
  bool may_begin(std::byte first) const noexcept;
  /// Reads a header; the size of the payload behind it, or nothing when it is refused.
  std::optional<std::size_t> header(header_view in);
  /// Judges the payload that belongs to the last header. Each frame is judged once, when it is whole.
  verdict payload(std::span<const std::byte> in);

  refusal reason() const noexcept { return reason_; }
  std::string_view problem() const noexcept { return problem_; }

 private:
  enum class operation : std::uint8_t { server_handshake, client_handshake, message, routed, monitor, down, heartbeat };
  struct fields {
    std::uint8_t operation = 0;
    std::uint8_t flags = 0;
    std::uint32_t size = 0;
    std::uint64_t data = 0;
    std::uint64_t from = 0;
    std::uint64_t to = 0;
  };

  bool allowed();
  bool message_allowed();
  bool bad(refusal why, std::string_view text) noexcept;

  side side_;
  std::uint64_t own_;
  const dialect& dialect_;
  fields now_;
  int handshakes_ = 0;
  int monitors_ = 0;
  bool greeted_ = false; ///< the peer's hello has come
  refusal reason_ = refusal::malformed_frame;
  std::string_view problem_;
};

} // namespace ockam
