// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "runtime/core/address.hpp"
#include "runtime/core/error.hpp"
#include "runtime/core/message.hpp"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace ockam {

/// Whose messages one worker takes, and where it may send: what an operator or a service says beside flow control,
/// which is about links. It looks through hops: whose message it is does not change on the way through this node. The
/// answer of a worker is that worker's own. Most workers have none, and then everything is allowed.
///
/// A value that is set once and then shared: any thread may read it. Policies over attributes of a credential are to
/// become one more list here.
struct access_control {
  /// Messages that may reach the worker: those that one of these lists has. No value: all.
  struct incoming {
    bool local = false;                     ///< begun by a worker of this node
    std::vector<std::uint32_t> flows = {};  ///< let in by these links or listeners
    std::vector<std::string> identities = {}; ///< of a peer that has proved to be one of these, to the letter
  };
  /// First addresses of routes that the worker may send to, its answers included. No value: all.
  struct outgoing {
    bool local = false;            ///< workers of this node, but no links
    std::vector<address> to = {};
  };

  std::optional<incoming> from = {};
  std::optional<outgoing> onward = {};

  bool admits(const message& m) const;
  /// `leaves`: that address is a link, or another node's.
  bool may_send_to(address_view next, bool leaves) const;
};

/// `local`, and identities to the letter, with | between them: the names in certificates have commas. Error:
/// `invalid_argument`.
result<access_control::incoming> parse_allow_from(const std::string& text);
/// `local`, and addresses of workers or links, with | between them. Error: `invalid_argument`.
result<access_control::outgoing> parse_allow_to(const std::string& text);

} // namespace ockam
