// SPDX-License-Identifier: Apache-2.0
// The simulated network ends a connection's directions one by one, as sockets do.
#include "sim/support/network.hpp"
#include "support/stream_user.hpp"

#include <gtest/gtest.h>

namespace ockam {
namespace {

using status = net::io_result::status;
using tests::stream_user;

/// peer (the test) ══ pipes ══ user
struct half_close : ::testing::Test {
  half_close() {
    connecting = reactor.connect({"n", 1}, std::chrono::seconds{1},
                                 [this](result<net::stream_ptr> s) { user.emplace(std::move(*s)); });
    net.run();
    peer.emplace(port.accept());
  }

  sim::network net;
  sim::server& port = net.serve("n:1");
  sim::reactor reactor{net};
  net::connecting_ptr connecting;
  std::optional<stream_user> user;
  std::optional<sim::client> peer;
};

TEST_F(half_close, the_peer_reads_the_end_behind_what_was_written_and_is_still_heard) {
  peer->window(4);
  user->send("last words");
  user->finish();
  net.run();
  EXPECT_FALSE(peer->closed_by_peer()) << "the window holds back the rest";
  std::string got;
  while (!peer->closed_by_peer()) {
    got += peer->receive();
    net.run();
  }
  EXPECT_EQ(got + peer->receive(), "last words");
  EXPECT_TRUE(peer->finished_by_peer());
  peer->send("an answer");
  peer->finish();
  net.run();
  EXPECT_EQ(user->got, "an answer");
  EXPECT_TRUE(user->ended);
  EXPECT_EQ(user->broken, 0);
}

TEST_F(half_close, a_peer_that_is_done_still_reads) {
  peer->send("a question");
  peer->finish();
  net.run();
  EXPECT_TRUE(user->ended);
  EXPECT_EQ(user->read().what, status::eof);
  user->send("an answer");
  user->finish();
  net.run();
  EXPECT_EQ(peer->receive(), "an answer");
  EXPECT_TRUE(peer->finished_by_peer());
}

TEST_F(half_close, nothing_is_written_after_the_end) {
  user->finish();
  auto r = user->write("too late");
  EXPECT_EQ(r.what, status::failed);
  EXPECT_EQ(r.err, EPIPE);
  user->writable_calls = 0;
  user->stream->watch_write(true);
  net.run();
  EXPECT_GT(user->writable_calls, 0);
}

TEST_F(half_close, destroying_the_stream_is_more_than_ending_its_direction) {
  user.reset();
  EXPECT_TRUE(peer->closed_by_peer());
  EXPECT_FALSE(peer->finished_by_peer());
}

} // namespace
} // namespace ockam
