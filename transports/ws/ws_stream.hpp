// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "runtime/core/frame_pool.hpp"
#include "runtime/core/limits.hpp"
#include "transports/stream/layered_stream.hpp"
#include "transports/stream/out_queue.hpp"
#include "transports/ws/ws_frames.hpp"
#include "transports/ws/ws_gathered.hpp"
#include "transports/ws/ws_handshake.hpp"

#include <vector>

namespace ockam {

/// A WebSocket as a link's stream. A binary message carries one routing message; the link sees each as a
/// frame of `stream_codec` behind the preamble, and what it writes that way goes out as messages:
///
///     link:       u8 1 | u32 N, N bytes | u32 N, N bytes | …
///     below:   upgrade | frame of N bytes | frame of N bytes | …          and pings, pongs, close
///
/// So budgets, pauses and time-outs are those of every stream link. The states:
///
///     upgrading ──▶ open ──▶ closed     (refused, rule broken, close frame, end of stream)
///
/// A message that comes in one frame goes through as it arrives. One that comes in several is put together
/// here first, since its length stands nowhere (`ws::gathered_message`): charged to the pool for frames that are not whole, in at
/// most `frame_timeout` plus one second for each 256 KiB, without the time that its owner did not read.
/// Socket thread only.
class ws_stream final : public layered_stream, private frame_pool::waiter {
 public:
  struct client {
    ws::wanted what;
    std::size_t max_header = ws::max_upgrade; ///< of the answer
  };

  ws_stream(net::reactor& r, net::stream_ptr below, const limits& limit, frame_pool::origin from, client c);
  ws_stream(net::reactor& r, net::stream_ptr below, const limits& limit, frame_pool::origin from, ws::upgrade_policy server);
  ~ws_stream() override;

  net::io_result read(std::span<const iovec> into) override;
  net::io_result write(std::span<const iovec> from) override;
  void watch_read(bool on) override;

 private:
  /// Output that waits here at the most, beside one frame's header: enough for a turn.
  static constexpr std::size_t high_water = 64u << 10;
  /// Room without which no message is begun: its length field and some of it.
  static constexpr std::size_t least_room = 8;

  enum class state : std::uint8_t { upgrading, open, closed };
  /// RFC 6455, section 7.4.1.
  enum class close_code : std::uint16_t { going_away = 1001, protocol_error = 1002, not_binary = 1003, too_big = 1009, try_again = 1013 };

  class target_bytes; // the owner's buffers, filled from the front

  ws_stream(net::reactor& r, net::stream_ptr below, const limits& limit, frame_pool::origin from, ws::role own);

  // layered_stream
  void begin() override;
  bool has_buffered() const override;
  bool has_output() const override { return !err_ && !out_.empty(); }
  bool may_write() const override { return state_ == state::open; }
  void write_output() override;

  // reading
  void frame_memory_available() override {}
  void upgrade();
  std::size_t max_header() const { return own_ == ws::role::server ? policy_.max_header : client_.max_header; }
  net::io_result read_frames(target_bytes& to);
  std::size_t room_for_piece(const target_bytes& to) const;
  bool take(const ws::piece& p, target_bytes& to);
  bool start_message(const ws::piece& p, target_bytes& to);
  bool start_continuation(const ws::piece& p);
  bool gather(std::span<const std::byte> data);
  void give_gathered(target_bytes& to);
  void drop_gathered();
  bool end_control(ws::opcode code);
  void watch_gathering();
  void begin_linger();
  void linger();
  bool break_off(refusal why, close_code code, std::string what);

  // writing
  std::size_t take_output(const std::byte* from, std::size_t n);
  void send_control(ws::opcode code, std::span<const std::byte> payload);
  void send_close(close_code code);
  void answer_ping();

  const limits& limit_;
  ws::role own_;
  client client_;
  ws::upgrade_policy policy_;
  std::string key_;           ///< client: of its request
  std::string upgrade_text_;  ///< what has come of the other's part
  state state_ = state::upgrading;
  std::optional<int> err_;    ///< the stream below has failed: errno, 0 where it has its own words

  ws::frame_reader reader_;
  std::vector<std::byte> rest_; ///< read, but not taken by the owner yet
  bool preamble_given_ = false;
  bool passing_ = false;      ///< inside of a message that goes through as it comes
  bool in_message_ = false;   ///< fragments of a message are still to come
  frame_pool::share gathered_memory_;
  ws::gathered_message gathered_;
  std::size_t gathered_at_check_ = 0; ///< how much there was when it was last looked at
  bool gathered_begun_ = false; ///< the owner has its length field
  bool gathered_whole_ = false;
  timer_queue::id gather_timer_ = 0;
  net::reactor::clock::time_point gather_began_{}; ///< later by each pause of this end
  std::optional<net::reactor::clock::time_point> paused_; ///< since when the owner does not read
  std::vector<std::byte> control_; ///< payload of the control frame that is coming in

  out_queue out_;
  ws::frame_writer writer_;
  std::array<std::byte, 4> length_{}; ///< of the owner's next frame, as far as it has come
  std::size_t length_have_ = 0;
  bool preamble_taken_ = false;
  bool close_sent_ = false;
  // A peer that is still sending would lose the close frame to a reset: what it sends is read and thrown away first.
  bool lingering_ = false;
  bool heard_ = false; ///< since the timer was set
  net::reactor::clock::time_point linger_until_{};
  timer_queue::id linger_timer_ = 0;
  std::optional<std::vector<std::byte>> ping_; ///< to be answered between two frames; the latest wins
};

} // namespace ockam
