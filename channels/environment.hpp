// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "channels/crew.hpp"
#include "channels/node_identity.hpp"
#include "runtime/core/log.hpp"
#include "runtime/workers/node_context.hpp"

#include <map>
#include <memory>
#include <string>

namespace ockam::channels {

class channel;

/// What the channels of a node share. Lives longer than they do. Socket thread only, but for `own` and `now`.
class environment {
 public:
  environment(const node_context& n, identity_ptr who, std::unique_ptr<threads> for_handshakes, std::unique_ptr<threads> for_messages)
    : node{n}, own{std::move(who)}, hostile{n.limits.log_interval}, work{n.reactor, std::move(for_handshakes)}, sealers{std::move(for_messages)} {}

  const node_context& node;
  const identity_ptr own; ///< null: this node is nobody, and has no channels but those of `others`
  std::map<std::string, identity_ptr, std::less<>> others = {}; ///< identities beside its own, by the names of their sections
  std::map<std::string, std::weak_ptr<node_identity>, std::less<>> former = {}; ///< those whose section is gone; channels that began with one go on with it
  rate_limited_log hostile; ///< lines about bad input
  crew work;
  const std::unique_ptr<threads> sealers; ///< of large messages
  std::map<std::string, channel*> open = {}; ///< by the address of the encryptor; each adds and removes itself

  /// A line about bad input, once in a while for each reason, which is a text of ours.
  void warn(std::string_view reason, const std::string& line) { hostile.write(level::warn, "channels", reason, line, node.reactor.now()); }
  /// For the end of the node: ends all channels, those inside of others first, so that what each says of its end gets through.
  void end_all();
  /// The one of that name, or (empty) its own. Error: `not_found`.
  result<identity_ptr> identity(const std::string& name) const;
  /// Who has changed a key or got another credential says so in all open channels.
  void tell_all_of(const node_identity& whose, const node_identity::news& what);
  /// An upper bound of what is put around a message that goes this way: by its link, and by each channel that the way leads through.
  std::size_t around(const route& way) const;
  /// For identity/, which has no clock.
  static identities::timestamp now();
};

using environment_ptr = std::shared_ptr<environment>;

} // namespace ockam::channels
