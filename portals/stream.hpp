// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "portals/end.hpp"
#include "portals/portal_message.hpp"
#include "portals/socket_queue.hpp"
#include "runtime/core/credit.hpp"
#include "runtime/workers/worker.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace ockam::portal {

/// One end of a stream: a TCP connection of this node, and a route to the other end, which has one as well. Bytes of the
/// connection leave as messages, messages are written to the connection.
///
///     opening ──`open`──▶ open ──both directions have ended, and all is written──▶ parting ──the other end agrees──▶ ended
///        └── refused, timed out ─┴── reset, broken, stuck: the connection is cut off ──▲     └── or says nothing ──▲
///
/// How the two directions are held up:
/// - *From TCP.* It reads as long as the other end takes it (its window), and as its own ledger is open, which is what
///   lives of it in this node: so a slow link, or a far reader, makes the client's TCP wait.
/// - *To TCP.* What the connection does not take waits here and is this stream's, not the link's: one that is stuck holds
///   up no other. A sender of this implementation has a window, which opens as bytes are written, and grows while it is
///   what limits the transfer. One of another implementation has none: over the key `stream-hold` the link waits, and
///   after `stall` this stream alone ends.
///
/// Messages are numbered and of a stream (`flag_stream`): when one is lost, the stream ends at both ends. Socket thread only.
class stream : public worker, private net::stream_events, private flushable {
 public:
  ~stream() override;

  std::uint64_t ledger_id() const noexcept { return from_tcp_->id(); }
  const peer_name& peer() const noexcept { return counted_; }
  /// There is budget again.
  void resume();
  /// About once a second.
  void tick();
  /// Ends it from here; the other end is told. `head`: what people read in front of the text, where the words of `why` do not fit.
  void fail(end_reason why, std::string_view text = {}, std::string_view head = {});

 protected:
  enum class stage : std::uint8_t { opening, open, parting, ended };

  explicit stream(end_ptr of);

  void on_start() override;
  void on_message(message_ptr m) override;
  void on_stop() noexcept override;

  /// A message while it is opening.
  virtual void on_opening(const message& m, const message_view& what) = 0;
  /// How long it may take until it is open.
  virtual std::chrono::milliseconds open_within() const { return of_->options.dial_timeout; }
  /// TLS has shaken hands.
  virtual void on_ready() {}
  /// The time for opening is up.
  virtual void on_late() { fail(end_reason::timed_out); }
  /// It ends: what was begun so that it would open is given up.
  virtual void give_up() noexcept {}

  /// Has the connection. It is not read before `open`.
  void attach(net::stream_ptr tcp);
  /// Of a connection with TLS.
  void open_after_handshake();
  /// By which way its messages go.
  void aim(route to);
  /// The same, and whose messages it takes from now on. `far`: what the other end has said of itself; nothing: it is of
  /// another implementation.
  void aim(route to, const message& from, const std::optional<hello>& far);
  /// Bytes may flow.
  void open();
  void send(payload body, std::uint32_t flags = route_header::flag_stream);
  bool leads_elsewhere() const;
  /// What this end says of itself.
  hello greeting() const noexcept { return {window_}; }
  /// The other end is of this implementation.
  bool has_said_hello() const noexcept { return has_windows_; }
  bool is(stage s) const noexcept { return stage_ == s; }
  end& of() noexcept { return *of_; }
  const node_context& node() const noexcept { return of_->env.node; }

 private:
  /// Reads of one turn, before others get theirs.
  static constexpr int reads_per_turn = 4;
  /// So much of a block is used before it leaves as it is; less is copied.
  static constexpr std::size_t keep_block = most_data / 2;
  /// The other end's window is not filled by crumbs.
  static constexpr std::size_t least_read = 8u << 10;
  static constexpr std::size_t first_window = 256u << 10, most_window = 768u << 10, least_window = 16u << 10;
  /// What may wait here of one with a window: what that may be and what its messages take beside.
  static constexpr std::size_t most_waiting = 1u << 20;
  static constexpr std::chrono::milliseconds keep_alive{10'000}; ///< one that says nothing says that it is there
  static constexpr std::chrono::milliseconds silence{35'000};    ///< the other end of which nothing is heard is gone
  static constexpr std::chrono::milliseconds parting_time{2'000};
  /// Until the first byte goes by, in either direction, where the other end has said no hello: such an end tells nobody that it is still
  /// there, so a peer could open streams, say nothing and hold them, with their connections to the target, for ever. Clients and
  /// servers that wait for each other's first word for longer than this have given up themselves.
  static constexpr std::chrono::minutes first_word{5};

  void shake_hands();

  // from TCP
  void on_readable() override;
  bool may_read() noexcept;
  bool read_turn();
  bool read_once();
  void read_on();
  void pause();
  void tcp_has_ended();
  void tcp_failed(const char* what, int err);

  // to TCP
  void on_writable() override;
  void flush() override { write_out(); }
  void on_payload(message& m, const message_view& what);
  bool charge(message& m, std::size_t bytes);
  void write_out();
  void open_window();
  std::size_t window() const noexcept;
  void grow_window() noexcept;
  void on_end(std::uint64_t total);
  void watch_stall();

  void handle(message& m, const message_view& what);
  void on_window(std::uint64_t total);
  void on_disconnect(const message_view& what);
  void on_report(const report& r);
  void take_peer(const message& from);
  void refuse_message(message_ptr m, std::string_view why);
  bool is_of_peer(const message& m) const;
  void on_parting(message& m, const message_view& what);
  void check_done();
  /// Says goodbye, and waits for the same from the other end.
  void part(end_reason why, std::string_view text);
  bool is_waited_for(stage before) const noexcept;
  void say_goodbye(end_reason why, std::string_view text);
  void close_tcp(end_reason why) noexcept;
  void note_end(end_reason why, std::string_view text, std::string_view head = {});
  void finish() noexcept;

  net::reactor& reactor() const noexcept { return node().reactor; }
  switchboard& board() const noexcept { return node().board; }

  end_ptr of_;
  net::stream_ptr tcp_;
  std::string remote_name_; ///< of the TCP connection
  route to_;
  std::uint32_t peer_ = 0;     ///< flow control id of the link that the other end's messages come by; 0: this node
  std::string peer_identity_;
  peer_name counted_;           ///< as whose it counts
  std::uint32_t leaves_by_ = 0; ///< flow control id that its way began with when it was aimed; 0: unknown
  stage stage_ = stage::opening;
  bool knows_peer_ = false;
  bool has_windows_ = false; ///< the other end is of this implementation

  ledger::owner from_tcp_; ///< what lives of it as messages
  std::uint64_t sent_ = 0;
  std::uint64_t allowed_ = ~std::uint64_t{0}; ///< by the other end, from the beginning
  std::uint64_t crumb_ = 1; ///< less than this it does not ask TCP for
  std::uint16_t next_counter_ = 0;
  bool reads_ = false;     ///< hears when there is something to read
  bool read_ended_ = false;
  bool shakes_hands_ = false; ///< … and it goes on with that

  ledger::owner to_tcp_; ///< what waits for it
  socket_queue queue_;
  hold_table holds_{hold_table::over::pause};
  std::uint64_t received_ = 0;
  std::uint64_t written_ = 0;
  std::uint64_t granted_ = 0;
  std::size_t window_ = first_window;
  std::uint16_t expected_counter_ = 0;
  std::optional<std::uint64_t> end_at_; ///< the other end has ended its direction there
  bool write_ended_ = false;
  bool blocked_ = false;   ///< the connection takes no more now
  bool far_done_ = false;  ///< the other end has said goodbye: nothing more is expected of it
  bool gone_ = false;      ///< … or is not there any more

  net::reactor::clock::time_point heard_{}, said_{}, moved_{};
  timer_queue::id open_timer_ = 0, stall_timer_ = 0, parting_timer_ = 0;
};

} // namespace ockam::portal
