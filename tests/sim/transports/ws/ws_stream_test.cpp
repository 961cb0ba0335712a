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
  switchboard board{"n1"};
  frame_pool frames{budget, limit.max_frame, board};
  auto& port = net.serve("n:1");
  std::optional<stream_user> user;
  auto connecting = reactor.connect({"n", 1}, std::chrono::seconds{1}, [&](result<net::stream_ptr> s) {
    user.emplace(std::make_unique<ws_stream>(reactor, std::move(*s), limit, frame_pool::origin{frames}, ws_stream::client{{"n:1"}}));
  });
  net.run();
  auto peer = port.accept();
  EXPECT_FALSE(user->stream->shutdown_write());
  net.run();
  EXPECT_TRUE(peer.receive().starts_with("GET / HTTP/1.1\r\n"));
  EXPECT_FALSE(peer.closed_by_peer());
}

/// The test's end is the server of an upgraded connection.
struct upgraded : ::testing::Test {
  sim::network net;
  sim::reactor reactor{net};
  limits limit;
  memory budget{1u << 20};
  switchboard board{"n1"};
  frame_pool frames{budget, limit.max_frame, board};
  std::optional<stream_user> user;
  net::connecting_ptr connecting;
  std::optional<sim::client> peer;

  void SetUp() override {
    auto& port = net.serve("n:1");
    connecting = reactor.connect({"n", 1}, std::chrono::seconds{1}, [&](result<net::stream_ptr> s) {
      user.emplace(std::make_unique<ws_stream>(reactor, std::move(*s), limit, frame_pool::origin{frames}, ws_stream::client{{"n:1"}}));
    });
    net.run();
    peer.emplace(port.accept());
    auto request = peer->receive();
    std::string_view name = "Sec-WebSocket-Key: ";
    auto at = request.find(name) + name.size();
    auto key = request.substr(at, request.find("\r\n", at) - at);
    peer->send("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: "
               + ws::accept_of(key) + "\r\n\r\n");
    net.run();
  }

  static constexpr std::string_view first_part{"\x02\x02" "ab", 4};
  static constexpr std::string_view last_part{"\x80\x02" "cd", 4};
};

TEST_F(upgraded, a_message_in_parts_is_not_blamed_for_a_pause_of_this_end) {
  peer->send(first_part);
  net.run();
  net.advance(limit.frame_timeout / 2);
  user->stream->watch_read(false);
  net.advance(3 * limit.frame_timeout);
  peer->send(last_part);
  user->stream->watch_read(true);
  net.run();
  EXPECT_EQ(user->broken, 0);
  EXPECT_EQ(user->got, (std::string{"\x01\0\0\0\x04" "abcd", 9}));
}

TEST_F(upgraded, a_pause_gives_a_message_in_parts_no_time_of_its_own) {
  peer->send(first_part);
  net.run();
  for (int i = 0; i < 3; ++i) {
    net.advance(limit.frame_timeout / 4);
    user->stream->watch_read(false);
    net.advance(limit.frame_timeout);
    user->stream->watch_read(true);
    net.run();
  }
  EXPECT_FALSE(user->stream->violation());
  net.advance(limit.frame_timeout / 4);
  ASSERT_TRUE(user->stream->violation());
  EXPECT_EQ(user->stream->violation()->why, refusal::frame_timeout);
}

} // namespace
} // namespace ockam
