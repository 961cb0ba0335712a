// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "portals/environment.hpp"

#include <array>
#include <chrono>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

namespace ockam::portal {

/// What an operator says of the streams of one inlet or outlet.
struct stream_options {
  std::chrono::milliseconds dial_timeout{5'000}; ///< until the far end has answered, or the target
  std::chrono::milliseconds idle_timeout{0};     ///< 0: a stream may say nothing for ever
  std::size_t hold = 8u << 20;                   ///< bytes that wait for a slow TCP connection, where the sender has no window
  std::size_t most_streams = 4'096;              ///< at one time
  bool skip_handshake = false;
  bool gather_small_writes = false;
  std::optional<std::vector<std::string>> allow = {}; ///< identifiers of whom may be at the other end; nothing: anybody
  std::string_view allow_key = "allow";          ///< the key that has said so, for people
};

/// Whose a stream is, for limits: who a channel or a link has proved it to be, as it may have many of these; otherwise its link.
struct peer_name {
  peer_name() = default;
  explicit peer_name(const message& from) : identity{from.identity() ? *from.identity() : std::string{}}, link{identity.empty() ? from.source().producer : 0} {}
  auto operator<=>(const peer_name&) const = default;

  std::string identity = {};
  std::uint32_t link = 0; ///< flow control id; 0: this node
};

/// One inlet or one outlet, seen from its streams: what they are told, and what they add to its figures. Shared by them
/// and by whoever made it. Socket thread only.
class end : public std::enable_shared_from_this<end> {
 public:
  end(environment& e, std::string t, stream_options o) : env{e}, title{std::move(t)}, options{std::move(o)} {}
  virtual ~end() = default;

  environment& env;
  const std::string title; ///< for logs: `tcp-inlet db`
  const stream_options options;

  /// Whether who has sent this may be at the other end.
  bool admits(const message& m) const;
  /// Ends all of them, and takes no more.
  void close_streams(end_reason why);
  void add(stream& s);
  void remove(stream& s);
  std::size_t streams() const noexcept { return streams_.size(); }
  /// Of those that a peer has.
  std::size_t streams_of(const peer_name& p) const noexcept;
  /// A stream has ended otherwise than in order; `what`: the same for people.
  void has_failed(end_reason why, std::string what);
  /// A stream has another peer now.
  void moved(const peer_name& from, const peer_name& to);

  // Figures of all that have been.
  std::uint64_t opened = 0;   ///< streams that both ends had
  std::uint64_t failed = 0;   ///< that ended for another reason than that both sides were done
  std::array<std::uint64_t, end_reasons> failed_by{}; ///< of these, by reason
  std::uint64_t bytes_in = 0; ///< from TCP
  std::uint64_t bytes_out = 0;///< to TCP
  std::string last_failure;

 private:
  void one_less_of(const peer_name& peer) noexcept;

  std::unordered_set<stream*> streams_;
  std::map<peer_name, std::size_t> by_peer_; ///< how many of them; those that have some
};
using end_ptr = std::shared_ptr<end>;

} // namespace ockam::portal
