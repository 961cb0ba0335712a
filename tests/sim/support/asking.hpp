// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "runtime/core/bare.hpp"
#include "runtime/workers/requests.hpp"
#include "sim/support/node.hpp"

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace ockam::sim {

/// A service of these tests: on the pool, with an account of its own.
inline worker_options service_on_pool() {
  worker_options o;
  o.type = "test";
  o.thread = worker_thread::pool;
  o.budget = 1u << 20;
  return o;
}

/// Starts a service that the node may make anew. What came of it.
inline result<void> start_service(network& net, node& at, const std::string& where, worker_factory make, const worker_options& o = service_on_pool()) {
  result<void> outcome = error{errc::internal, "the start has not ended", {}};
  at.reactor().post([&] { at.workers().start(address{where}, std::move(make), o, [&](result<void> r) { outcome = std::move(r); }); });
  net.run();
  return outcome;
}

/// A node, and somebody at `me` who asks its services.
struct asking {
  /// What comes back for `text`: see `said`.
  std::string ask(std::string_view text, const route& to = {"service"}) {
    got.clear();
    auto body = text_payload(text);
    n.send(to, {reinterpret_cast<const char*>(body.bytes().data()), body.size()}, "me", true);
    return said();
  }
  /// The last that came: its text, or the words of the report.
  std::string said() {
    if (got.empty())
      return "nothing";
    if (const auto* r = got.back()->header.get_report())
      return to_error(*r).cause;
    return std::string{got.back()->text().value_or("not text")};
  }

  network net;
  node n{net};
  std::vector<message_ptr>& got = box();

 private:
  std::vector<message_ptr>& box() {
    auto w = std::make_unique<mailbox>();
    auto& all = w->got;
    n.start("me", std::move(w));
    return all;
  }
};

} // namespace ockam::sim
