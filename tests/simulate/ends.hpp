// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "sim/support/node.hpp"
#include "sim/support/wire.hpp"
#include "simulate/flows.hpp"

#include <optional>
#include <string>

namespace ockam::simulate {

/// Where messages begin and end.
class end {
 public:
  end(std::size_t node, std::string name) : node_{node}, name_{std::move(name)} {}
  virtual ~end() = default;
  end(const end&) = delete;
  end& operator=(const end&) = delete;

  std::size_t node() const noexcept { return node_; } ///< index of the node that it is at
  const std::string& name() const noexcept { return name_; }
  /// What leads from its node to it; empty when there is no way now.
  virtual route destination() const = 0;
  /// Whether its messages come in by a link, so that not every worker may be reached at once.
  virtual bool is_client() const noexcept = 0;
  /// Sends the next message of a flow that begins here. False: it cannot send now, and nothing was sent.
  virtual bool send(flow& f, std::size_t size) = 0;

 private:
  std::size_t node_;
  std::string name_;
};

/// How an end reads.
enum class reading : std::uint8_t {
  fast,    ///< all there is, at once
  slow,    ///< so many bytes a second, more than `least-rate`
  trickle, ///< the same, less than that
  paused,  ///< nothing, for less than `stall`
  dead     ///< nothing
};
constexpr std::string_view to_string(reading r) noexcept {
  constexpr std::array<std::string_view, 5> names{"fast", "slow", "trickling", "paused", "dead"};
  return names[static_cast<std::size_t>(r)];
}

/// What may happen to a client.
enum class role : std::uint8_t {
  ordinary, ///< anything
  spared,   ///< nothing: it asks how others fare
  dies      ///< it does not read at times
};

/// A peer that speaks the wire over tcp, reads as it is told, and keeps what the node does not take yet.
class client_end final : public end, public sim::participant {
 public:
  client_end(sim::network& net, sim::node& n, std::size_t node, std::string name, role part, std::string at, flows& all);
  ~client_end() override { net_.leave(*this); }

  role part() const noexcept { return part_; }
  void dial();
  bool connected() const noexcept { return end_.has_value(); }
  enum class way_out : std::uint8_t { finish, close, reset };
  /// `finish`: end of stream behind what was sent, and reading goes on; `close`: the same, without reading on.
  void hang_up(way_out how);
  /// `rate`: bytes a second; of `paused`: milliseconds, after which it is fast again.
  void read_as(reading how, std::size_t rate = 0);
  reading how() const noexcept { return how_; }
  void window(std::size_t bytes) {
    window_ = bytes;
    if (end_)
      end_->window(bytes);
  }
  /// All that it has sent has gone into the network, and that has been read.
  bool quiet() const { return !end_ || (at_ == pending_.size() && end_->unread() == 0 && end_->received() == 0); }
  std::string local() const { return end_ ? end_->local() : std::string{}; }

  route destination() const override;
  bool is_client() const noexcept override { return true; }
  bool send(flow& f, std::size_t size) override;

  // sim::participant
  bool step() override;
  void advance(sim::clock::duration d) override;

 private:
  bool take();

  sim::network& net_;
  sim::node& home_;
  role part_;
  std::string listener_;
  flows& flows_;
  std::optional<sim::client> end_;
  std::string link_; ///< address of the link at the node; empty until known
  std::string pending_;
  std::size_t at_ = 0; ///< in `pending_`
  std::string in_;
  bool greeted_ = false;
  bool finished_ = false;
  reading how_ = reading::fast;
  std::size_t rate_ = 0;
  double allowance_ = 0;
  std::size_t window_ = 64u << 10;
};

/// A worker that sends what it is told and counts what it gets; on the socket thread or on the pool.
class worker_end final : public end {
 public:
  worker_end(sim::node& n, std::size_t node, const std::string& name, worker_thread thread, flows& all);

  route destination() const override { return {address{name()}}; }
  bool is_client() const noexcept override { return false; }
  bool send(flow& f, std::size_t size) override;

 private:
  class member;
  sim::node& home_;
  flows& flows_;
  postbox box_;
  member* member_;
};

} // namespace ockam::simulate
