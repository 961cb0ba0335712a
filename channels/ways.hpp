// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "channels/environment.hpp"
#include "runtime/links/route_maker.hpp"

#include <map>
#include <memory>
#include <string>

namespace ockam::channels {

/// Makes channels for services of the node, at `secure_channels`: those lasting ones that `through_channels` asks for. An order
/// is a text of three lines: the address that the channel is to have (32 hex digits), the way to its listener with the channels
/// that it goes through, and the name of an identity or nothing. A fourth one names who may be at the other end, with commas
/// between; without it, anybody.
///
/// | message | effect                                                                        |
/// |---------|--------------------------------------------------------------------------------|
/// | order   | the channel is there from now on, if it was not; a client of a link gets its address |
/// | other   | counted, dropped                                                               |
///
/// A channel ends when the worker, or the link, that has asked for it is gone. Whoever comes by a link has to be let in by name
/// (`allow = secure_channels`): it uses the identity of this node. Bounded for each of them, and for all. Socket thread only.
class ways final : public worker {
 public:
  static constexpr std::size_t most_of_one = 256;
  static constexpr std::size_t most = 4'096;

  explicit ways(environment_ptr env) : env_{std::move(env)} {}

 private:
  struct way {
    address owner;
    std::string text;
    std::shared_ptr<route_channels> channels;
  };

  void on_message(message_ptr m) override;
  void on_timer(std::uint64_t timer) override;
  void on_stop() noexcept override { all_.clear(); }
  result<std::string> take(const message& m);

  environment_ptr env_;
  std::map<std::string, way> all_; ///< by the address of the channel
  bool watches_ = false;
};

} // namespace ockam::channels
