// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "portals/end.hpp"
#include "runtime/core/endpoint.hpp"
#include "runtime/workers/worker.hpp"

#include <functional>
#include <memory>

namespace ockam::portal {

/// Where the streams of one outlet go to.
struct target {
  endpoint at;
  /// Puts TLS over a connection to there; empty: plain.
  std::function<net::stream_ptr(net::stream_ptr)> secure = {};
};

class outlet final : public end {
 public:
  outlet(environment& e, std::string name, target to, stream_options o);

  const std::string name;
  const target to;
  std::uint64_t refused = 0; ///< that it did not begin
};

/// The worker at the address of an outlet: makes a stream of each Ping.
///
/// | message           | effect                                                                             |
/// |-------------------|------------------------------------------------------------------------------------|
/// | Ping              | a stream of its own, which dials the target and then answers with Pong               |
/// | anything, with `skip-handshake` | the first of a sender: a stream as above, without Pong; later ones go to that stream |
/// | anything else     | dropped as refused                                                                   |
std::unique_ptr<worker> make_outlet_worker(std::shared_ptr<outlet> of);

} // namespace ockam::portal
