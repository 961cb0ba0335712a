// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "channels/crew.hpp"
#include "channels/node_identity.hpp"
#include "runtime/links/facility.hpp"
#include "runtime/links/route_maker.hpp"

#include <memory>
#include <vector>

namespace ockam::channels {

class environment;

/// Secure channels, for `node_parts`: the facilities of one node, and what makes the channels that a route names.
/// `main` makes one for each node, and keeps it until the node is gone.
class parts {
 public:
  /// `own` null: the node has no identity, and no channels. `threads`: makes so many, for handshakes and for
  /// large messages.
  using threads_maker = std::function<std::unique_ptr<threads>(net::reactor& reactor, std::size_t number)>;
  explicit parts(identity_ptr own, threads_maker threads = {});
  parts(const parts&) = delete;
  parts& operator=(const parts&) = delete;

  /// They refer to this.
  std::vector<facility_factory> facilities();
  route_maker routes();
  /// The files of its identities may have changed: reads them again, as the node runs. Thread: any, while the node is there.
  void refresh();

 private:
  std::shared_ptr<environment> of(const node_context& node);

  identity_ptr own_;
  threads_maker threads_;
  std::weak_ptr<environment> env_; ///< of the facilities
  net::reactor* reactor_ = nullptr; ///< of that node
};

} // namespace ockam::channels
