// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "runtime/core/switchboard.hpp"
#include "runtime/core/log.hpp"
#include "runtime/links/transport.hpp"
#include "transports/stream/backlog.hpp"
#include "transports/stream/frame_reader.hpp"
#include "transports/stream/frame_writer.hpp"
#include "transports/stream/stream_kind.hpp"

#include <functional>
#include <memory>
#include <string>

namespace ockam {

class stream_link;

/// What links share: the transport that made them. Socket thread only.
struct stream_environment {
  stream_kind kind;
  transport_context context;
  rate_limited_log hostile;          ///< lines about bad input
  std::unique_ptr<std::byte[]> scratch; ///< where every link reads to
  spare_block spare;                    ///< … and this, what is expected to be a large frame
  budget_waiter* waiter = nullptr;

  static constexpr std::size_t scratch_size = 256u << 10;

  switchboard& board() const { return context.node.board; }
  net::reactor& reactor() const { return context.node.reactor; }
  const limits& limit() const { return context.node.limits; }
};

/// A byte stream in Ockam's wire format (`stream_codec`), as a worker: what is sent to its address goes
/// out, what comes in gets its address in front of the return route.
///
///     handshake ──peer's preamble──▶ up ──end of stream──▶ finishing ──all answered, or no progress──▶ closed
///        │                            │                                                                  ▲
///        └── timeout, wrong byte ─────┴── bad frame, no write progress, `close` ──────────────────────────┘
///
/// Memory: each message that it lets in is charged to its ledger before the next one is made; over the budget it stops,
/// in the middle of what it has read if need be, and goes on with the rest later. What is not a message yet is
/// charged to the pool for that (`frame_pool`). What it cannot write at once waits, up to `high_water` encoded and
/// the rest in the backlog. Socket thread only.
class stream_link final : public worker, private net::stream_events, private flushable, private frame_pool::waiter {
 public:
  /// Told once, when the link can carry messages or never will.
  using opened = std::function<void(result<void>)>;
  using ended = std::function<void(stream_link&, bool was_up, const std::string& why)>;

  /// `alias`: as in `connect_options`.
  stream_link(stream_environment& env, net::stream_ptr s, bool outgoing, std::string remote, std::string alias,
              message_source source, opened on_open, ended on_end);
  ~stream_link() override;

  void on_start() override;
  void on_message(message_ptr m) override;
  void on_stop() noexcept override;

  std::uint64_t ledger_id() const noexcept { return ledger_->id(); }
  message_source source() const noexcept { return source_; }
  /// What its listener admits has changed: from now on it has this shared id (0: none).
  void share(std::uint32_t flow) noexcept { source_.shared = flow; }
  bool outgoing() const noexcept { return outgoing_; }
  const std::string& remote() const noexcept { return remote_; }
  link_info info() const;
  const traffic& carried() const noexcept { return carried_; }
  output_state output() const;
  /// There is budget again.
  void resume();
  /// Called every `heartbeat_period`: ends a link whose peer has vanished, and has one that wrote nothing
  /// lately send a frame that says nothing, so that a peer that vanishes is noticed within 10 s.
  void heartbeat();
  static constexpr std::chrono::milliseconds heartbeat_period{3'000};

 private:
  static constexpr std::size_t high_water = 256u << 10;
  /// A link that has little budget reads this much, one byte of which may be all that it can use now.
  static constexpr std::size_t least_read = 16u << 10;
  /// The same while the node's memory is full.
  static constexpr std::size_t least_read_when_full = 4u << 10;
  /// Messages of one turn; others want theirs.
  static constexpr std::size_t frames_per_turn = switchboard::deliveries_per_turn;
  /// Reads of one turn while large frames come one after the other.
  static constexpr int reads_per_turn = 4;
  /// Links that do not read look this often whether the peer is still there.
  static constexpr std::chrono::milliseconds paused_check{250};

  enum class state : std::uint8_t { handshake, up, finishing, closed };
  /// Why what is sent to this link is dropped at once: its peer takes nothing, until it takes something again;
  /// or too little, until it has taken all that there is.
  enum class stall : std::uint8_t { none, silent, slow };

  // reading
  void on_readable() override;
  void frame_memory_available() override { resume(); }
  bool has_budget() const;
  std::size_t read_limit() const;
  bool read_once();
  void take_frames();
  void want_more();
  void watch_read(bool on);
  bool take_preamble();
  bool accept_frame(frame_reader::frame& f);
  void give_up_frame(const frame_reader::frame& f);
  void peer_is_done();
  void check_finished();
  void wait_for_budget();
  void pause();
  void go_on_next_turn();
  void check_paused();
  void watch_frame();
  void check_frame();

  // writing
  void on_writable() override { write_out(); }
  void flush() override { write_out(); }
  void encode(message_ptr m);
  void write_out();
  void refill();
  void wait_in_backlog(message_ptr m);
  void check_stall();
  void check_stall_later();
  void write_failed(int err);
  void drop_output(drop_reason why, std::string_view detail);
  void drop_backlog(drop_reason why, std::string_view detail);
  void lose(message_ptr m, drop_reason why, std::string_view detail);

  void failed(const char* what, int err);
  void refuse(refusal why, const std::string& message);
  void close(std::string why);
  void open_result(result<void> r);
  out_queue& queue() { return out_.queue(); }
  const out_queue& queue() const { return out_.queue(); }
  switchboard& board() { return env_.board(); }
  net::reactor& reactor() { return env_.reactor(); }

  stream_environment& env_;
  net::stream_ptr stream_;
  std::string remote_;
  address name_; ///< in routes; empty until `on_start` where there is no alias
  message_source source_;
  opened on_open_;
  ended on_end_;
  ledger::owner ledger_;
  ledger::owner unwritten_; ///< what is encoded and does not go out, whoever sent it: holds nobody up
  std::string peer_node_;
  frame_pool::share frame_memory_;
  frame_reader in_;
  frame_writer out_;
  backlog backlog_;
  timer_queue::id handshake_timer_ = 0;
  timer_queue::id frame_timer_ = 0;
  timer_queue::id stall_timer_ = 0;
  timer_queue::id paused_timer_ = 0;
  state state_ = state::handshake;
  bool outgoing_;
  stall stalled_ = stall::none;
  bool reads_ = false;   ///< hears when there is something to read
  bool read_all_ = false; ///< the last read has filled its room: there may be more
  bool paused_ = false;  ///< it does not read, for want of budget or of memory for a frame
  bool blocked_ = false; ///< the stream takes no more now
  bool broken_ = false;  ///< … and never will: what the peer has sent is still read
  std::string broken_by_;
  net::reactor::clock::time_point ended_at_{}; ///< when the peer was found to have ended its direction
  std::uint64_t bytes_at_frame_check_ = 0;
  traffic carried_;
};

} // namespace ockam
