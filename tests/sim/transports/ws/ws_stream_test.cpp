// SPDX-License-Identifier: Apache-2.0
#include "transports/ws/ws_stream.hpp"

#include "sim/support/network.hpp"
#include "support/stream_user.hpp"

#include <gtest/gtest.h>

namespace ockam {
namespace {

using tests::stream_user;

TEST(ws_stream_test, has_no_half_close_and_goes_on_when_it_is_asked_for) {
  sim::network net;
  sim::reactor reactor{net};
  limits limit;
  memory budget{1u << 20};
  auto& port = net.serve("n:1");
  std::optional<stream_user> user;
  auto connecting = reactor.connect({"n", 1}, std::chrono::seconds{1}, [&](result<net::stream_ptr> s) {
    user.emplace(std::make_unique<ws_stream>(reactor, std::move(*s), limit, budget, ws_stream::client{"n:1", "/"}));
  });
  net.run();
  auto peer = port.accept();
  EXPECT_FALSE(user->stream->shutdown_write());
  net.run();
  EXPECT_TRUE(peer.receive().starts_with("GET / HTTP/1.1\r\n"));
  EXPECT_FALSE(peer.closed_by_peer());
}

} // namespace
} // namespace ockam
