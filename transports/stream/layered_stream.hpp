// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "runtime/net/reactor.hpp"

#include <memory>

namespace ockam {

/// A protocol between a link and the stream below it: TLS, WebSocket. To its owner it is a stream like any
/// other. What it does for those that derive from it:
///
/// - *Nothing is forgotten.* A layer may have read more from below than its owner took. No socket event
///   tells of that, so the owner's `on_readable` is posted as long as there is such data and it listens.
/// - *Nothing spins.* Writability of the socket is asked for only if the layer can use it: it has output of
///   its own, or its owner waits and the protocol is at a point where it may write.
/// - *No half-close*, unless the protocol has one: both directions end together.
///
/// Socket thread only.
class layered_stream : public net::stream, protected net::stream_events {
 public:
  void attach(net::stream_events* owner) override;
  bool shutdown_write() override { return false; }
  void reset_at_end() override { below_->reset_at_end(); }
  void gather_small_writes() override { below_->gather_small_writes(); }
  bool is_dead() override { return below_->is_dead(); }
  void watch_read(bool on) override;
  void watch_write(bool on) override;
  bool peer_closed() override { return below_->peer_closed(); }
  bool has_unread() const override { return has_buffered() || below_->has_unread(); }
  std::chrono::milliseconds unanswered() override { return below_->unanswered(); }
  std::string peer() const override { return below_->peer(); }
  std::string local() const override { return below_->local(); }
  std::int64_t peer_uid() const override { return below_->peer_uid(); }
  std::string identity() const override { return below_->identity(); }
  std::optional<net::protocol_violation> violation() const override { return violation_ ? violation_ : below_->violation(); }

 protected:
  layered_stream(net::reactor& r, net::stream_ptr below);
  ~layered_stream() override;

  /// The owner has attached: the layer may speak.
  virtual void begin() {}
  /// There is something to read that is not below any more.
  virtual bool has_buffered() const = 0;
  /// There is something to write that the owner knows nothing of.
  virtual bool has_output() const = 0;
  /// The protocol is at a point where the owner may write.
  virtual bool may_write() const = 0;
  /// The stream below takes something: write what `has_output` spoke of.
  virtual void write_output() = 0;

  /// To be called when what `has_buffered`, `has_output` or `may_write` answer may have changed.
  void update();
  /// Has the owner read again, soon.
  void notify_reader();

  void on_readable() override { owner_->on_readable(); }
  void on_writable() override;

  net::stream& below() { return *below_; }
  net::reactor& reactor() { return reactor_; }

  std::optional<net::protocol_violation> violation_; ///< why this layer says `failed`

 private:
  net::reactor& reactor_;
  net::stream_ptr below_;
  net::stream_events* owner_ = nullptr;
  bool reading_ = false;
  bool writing_ = false;
  bool notified_ = false;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

} // namespace ockam
