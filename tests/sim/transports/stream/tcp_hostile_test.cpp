// SPDX-License-Identifier: Apache-2.0
// What a node does with bytes that are not what the protocol says, and with peers that say or do nothing.
#include "runtime/core/log.hpp"
#include "sim/support/node.hpp"
#include "sim/support/wire.hpp"
#include "support/golden.hpp"

#include <gtest/gtest.h>

namespace ockam::sim {
namespace {

using namespace std::chrono_literals;

//   peer ══ n1: echo, box         bystander ══ n1
class tcp_hostile : public testing::Test {
 protected:
  tcp_hostile() : n1{net}, at{n1.listen()}, bystander{net.dial(at)} {
    bystander.send(preamble);
    net.run();
    (void)bystander.receive();
  }

  /// The other connection works as before, and nothing is left of what the test did.
  void expect_unharmed() {
    bystander.send(frame({"echo"}, {"b"}, "still here"));
    net.run();
    auto in = bystander.receive();
    auto frames = take_frames(in);
    ASSERT_EQ(frames.size(), 1u);
    EXPECT_EQ(frames[0].body, "still here");
    EXPECT_EQ(n1.budget().used(), 0u);
    EXPECT_EQ(n1.board().queued(), 0u);
  }
  std::uint64_t refused(refusal why) { return n1.board().refused()[why]; }

  network net;
  node n1;
  std::string at;
  client bystander;
};

TEST_F(tcp_hostile, does_what_a_real_node_does_with_unusual_input) {
  const auto probe = golden::bytes("0000001983818200446563686f8182004570726f6265460568656c6c6f");
  for (auto& c : golden::read("garbage.txt")) {
    SCOPED_TRACE(c["case"]);
    auto peer = net.dial(at);
    peer.send(golden::bytes(c["send"]));
    if (c.contains("end"))
      peer.finish();
    net.run();
    EXPECT_EQ(peer.closed_by_peer(), c["verdict"] == "closed");
    auto in = peer.receive();
    ASSERT_EQ(in.substr(0, 1), preamble);
    in.erase(0, 1);
    auto answered = take_frames(in);
    if (c.contains("reply")) {
      auto recorded = golden::bytes(c["reply"]);
      auto wanted = take_frames(recorded);
      ASSERT_EQ(answered.size(), wanted.size());
      for (std::size_t i = 0; i < wanted.size(); ++i) {
        EXPECT_EQ(answered[i].onward, wanted[i].onward);
        EXPECT_EQ(answered[i].back, wanted[i].back);
        EXPECT_EQ(answered[i].body, wanted[i].body);
        EXPECT_EQ(answered[i].extras, "");
      }
    }
    if (c["echo"] == "yes") {
      peer.send(probe);
      net.run();
      in = peer.receive();
      auto again = take_frames(in);
      ASSERT_EQ(again.size(), 1u);
      EXPECT_EQ(again[0].onward, route{"probe"});
    }
  }
  net.run();
  EXPECT_EQ(n1.tcp().links().size(), 1u + 0u) << "links of peers that have left are gone";
  expect_unharmed();
}

TEST_F(tcp_hostile, a_peer_that_says_nothing_is_closed_after_the_handshake_timeout) {
  auto peer = net.dial(at);
  net.advance(9'900ms);
  EXPECT_FALSE(peer.closed_by_peer());
  net.advance(200ms);
  EXPECT_TRUE(peer.closed_by_peer());
  EXPECT_EQ(refused(refusal::handshake_timeout), 1u);
  EXPECT_EQ(n1.connections(), 1u);
  expect_unharmed();
}

TEST_F(tcp_hostile, a_wrong_preamble_closes_and_is_counted) {
  auto peer = net.dial(at);
  peer.send("GET / HTTP/1.1\r\n");
  net.run();
  EXPECT_TRUE(peer.closed_by_peer());
  EXPECT_EQ(peer.receive(), preamble); // nothing but its own preamble is said to it
  EXPECT_EQ(refused(refusal::wrong_preamble), 1u);
  expect_unharmed();
}

TEST_F(tcp_hostile, a_length_over_16_MiB_closes_before_anything_is_kept) {
  for (auto* length : {"\x01\x00\x00\x01", "\xff\xff\xff\xff"}) {
    auto peer = net.dial(at);
    peer.send(preamble + std::string{length, 4});
    net.run();
    EXPECT_TRUE(peer.closed_by_peer());
  }
  EXPECT_EQ(refused(refusal::frame_too_large), 2u);
  expect_unharmed();
}

TEST_F(tcp_hostile, a_frame_of_exactly_16_MiB_arrives) {
  auto box = std::make_unique<mailbox>();
  auto& got = box->got;
  n1.start("box", std::move(box));
  auto empty = frame({"box"}, {"me"}, std::string(70'000, ' ')).size() - 70'000;
  std::string body(limits{}.max_frame + stream_codec::length_bytes - empty, 'z');
  auto peer = net.dial(at);
  peer.send(preamble + frame({"box"}, {"me"}, body));
  net.run();
  ASSERT_EQ(got.size(), 1u);
  EXPECT_EQ(got[0]->body.size(), body.size());
  EXPECT_EQ(got[0]->body.text(), body);
  got.clear();
  net.run();
  expect_unharmed();
}

TEST_F(tcp_hostile, a_frame_that_dribbles_in_is_cut_off_in_time) {
  auto whole = frame({"echo"}, {"me"}, std::string(1000, 'x'));
  auto peer = net.dial(at);
  peer.send(preamble);
  // A byte a second: always alive, never done.
  std::size_t sent = 0;
  while (!peer.closed_by_peer() && sent < 60) {
    peer.send(whole.substr(sent++, 1));
    net.advance(1s);
  }
  EXPECT_TRUE(peer.closed_by_peer());
  EXPECT_LE(sent, 16u) << "closed about 10 s after the first byte, not later";
  EXPECT_GE(sent, 10u);
  EXPECT_EQ(refused(refusal::frame_timeout), 1u);
  expect_unharmed();
}

TEST_F(tcp_hostile, a_large_frame_gets_time_in_proportion) {
  auto whole = frame({"echo"}, {"me"}, std::string(4u << 20, 'x'));
  auto peer = net.dial(at);
  peer.send(preamble);
  net.run();
  (void)peer.receive();
  // 4 MiB within 20 s: slower than 10 s for all, faster than 256 KiB/s.
  std::size_t got = 0;
  for (std::size_t at_byte = 0; at_byte < whole.size(); at_byte += whole.size() / 20 + 1) {
    peer.send(std::string_view{whole}.substr(at_byte, whole.size() / 20 + 1));
    net.advance(1s);
    got += peer.receive().size();
  }
  for (int i = 0; i < 200 && got < whole.size(); ++i) {
    net.run();
    got += peer.receive().size();
  }
  EXPECT_FALSE(peer.closed_by_peer());
  EXPECT_GE(got, whole.size());
  expect_unharmed();
}

TEST_F(tcp_hostile, many_small_frames_do_not_count_as_one_that_dribbles) {
  auto peer = net.dial(at);
  peer.send(preamble);
  auto one = frame({"echo"}, {"me"}, "0123456789");
  // Each frame comes in two pieces, a second apart, for a minute: never without a partial frame for long.
  for (int i = 0; i < 60; ++i) {
    peer.send(one.substr(i == 0 ? 0 : 7) + one.substr(0, 7));
    net.advance(1s);
  }
  EXPECT_FALSE(peer.closed_by_peer());
  EXPECT_EQ(refused(refusal::frame_timeout), 0u);
}

TEST_F(tcp_hostile, too_many_hops_or_a_long_name_lose_the_message_not_the_connection) {
  auto peer = net.dial(at);
  peer.send(preamble);
  peer.send(frame(route(10'000, address{"hop"}), {"me"}, "x"));
  peer.send(frame({"echo"}, route(max_route_hops + 1, address{"me"}), "x"));
  peer.send(frame({address{std::string(max_name_length + 1, 'n')}}, {"me"}, "x"));
  peer.send(frame({"echo"}, {"me"}, "fine"));
  net.run();
  auto in = peer.receive();
  in.erase(0, 1);
  auto frames = take_frames(in);
  ASSERT_EQ(frames.size(), 1u);
  EXPECT_EQ(frames[0].body, "fine");
  EXPECT_EQ(refused(refusal::too_many_hops), 2u);
  EXPECT_EQ(refused(refusal::name_too_long), 1u);
  expect_unharmed();
}

TEST_F(tcp_hostile, zero_length_names_are_names) {
  auto box = std::make_unique<mailbox>();
  auto& got = box->got;
  n1.start("", std::move(box));
  auto peer = net.dial(at);
  peer.send(preamble + frame({""}, {"", ""}, "x"));
  net.run();
  ASSERT_EQ(got.size(), 1u);
  EXPECT_EQ(got[0]->header.return_route().size(), 3u);
  got.clear();
  expect_unharmed();
}

TEST_F(tcp_hostile, hostile_input_is_logged_once_a_second_with_a_count) {
  std::vector<std::string> lines;
  set_log_sink([&](level, std::string_view, std::string_view line) { lines.emplace_back(line); });
  set_log_level(level::warn);
  for (int i = 0; i < 500; ++i) {
    auto peer = net.dial(at);
    peer.send("\x07");
    net.run();
  }
  net.advance(1'100ms);
  auto peer = net.dial(at);
  peer.send("\x07");
  net.run();
  set_log_level(level::off);
  set_log_sink({});
  ASSERT_EQ(lines.size(), 2u);
  EXPECT_NE(lines[0].find("instead of the preamble"), std::string::npos) << lines[0];
  EXPECT_NE(lines[1].find("499 more"), std::string::npos) << lines[1];
  EXPECT_EQ(refused(refusal::wrong_preamble), 501u);
}

TEST_F(tcp_hostile, a_peer_that_resets_or_leaves_at_any_byte_leaves_nothing) {
  auto bytes = preamble + frame({"echo"}, {"me"}, std::string(300, 'x')) + frame({"echo"}, {"me"}, "second");
  for (std::size_t cut = 0; cut <= bytes.size(); ++cut)
    for (bool reset : {false, true}) {
      auto peer = net.dial(at);
      peer.send(bytes.substr(0, cut));
      net.run();
      reset ? peer.reset() : peer.close();
      net.run();
    }
  EXPECT_EQ(n1.tcp().links().size(), 1u);
  EXPECT_EQ(n1.connections(), 1u);
  expect_unharmed();
}

TEST_F(tcp_hostile, a_peer_that_vanishes_is_noticed_within_ten_seconds) {
  auto peer = net.dial(at);
  peer.send(preamble + frame({"echo"}, {"me"}, "x"));
  net.run();
  peer.vanish();
  net.advance(10s);
  EXPECT_EQ(n1.tcp().links().size(), 1u);
  expect_unharmed();
}

TEST_F(tcp_hostile, an_idle_peer_that_answers_heartbeats_stays) {
  net.advance(10min);
  EXPECT_FALSE(bystander.closed_by_peer());
  auto in = bystander.receive();
  EXPECT_EQ(in.size() % 8, 0u);
  EXPECT_GT(in.size(), 8u * 100);
  EXPECT_TRUE(take_frames(in).empty());
}

} // namespace
} // namespace ockam::sim
