// SPDX-License-Identifier: Apache-2.0
#include "sim/support/node.hpp"
#include "sim/support/wire.hpp"

#include <gtest/gtest.h>

namespace ockam::sim {
namespace {

using namespace std::chrono_literals;

//   n1: box ─ ─ ▶ n2 (port 7000): hop ─ ─ ▶ n3 (port 8000): echo          traced messages from box
class trace_test : public ::testing::Test {
 protected:
  trace_test() {
    auto b = std::make_unique<mailbox>();
    box = b.get();
    n1.start("box", std::move(b));
    n2.listen("127.0.0.1:7000");
    n2.start("hop");
    n2.routing().dial = dial_policy::any;
    n3.listen("127.0.0.1:8000");
  }

  void trace(node& from, const route& to, std::uint32_t flags = route_header::flag_report | route_header::flag_trace) {
    auto m = make_message(to, address{"box"}, payload{std::span<const std::byte>{}});
    m->header.flags(flags);
    from.reactor().post([&from, raw = std::make_shared<message_ptr>(std::move(m))] { from.board().deliver(std::move(*raw)); });
    net.run();
  }

  /// `n2 hop 2/3`: node, worker's type, index and what was left of the route; a reply is `reply`.
  std::vector<std::string> take() {
    std::vector<std::string> out;
    for (auto& m : box->got) {
      const auto* r = m->header.get_report();
      if (!r)
        out.push_back("reply");
      else
        out.push_back(r->node + " " + (r->passed ? r->detail : std::string{to_string(r->reason)}) + " " + std::to_string(r->index) + "/" + std::to_string(r->left));
    }
    box->got.clear();
    return out;
  }
  using strings = std::vector<std::string>;

  network net;
  node n1{net, "n1"}, n2{net, "n2"}, n3{net, "n3"};
  mailbox* box = nullptr;
  const address to_n2{transport_type::tcp, "127.0.0.1:7000"}, to_n3{transport_type::tcp, "127.0.0.1:8000"};
};

TEST_F(trace_test, each_worker_is_told_of_and_then_the_reply_comes) {
  trace(n1, {to_n2, "hop", to_n3, "echo"});
  EXPECT_EQ(take(), (strings{"n1 tcp-link 1/4", "n2 hop 2/3", "n2 tcp-link 3/2", "n3 echo 4/1", "reply"}));
  for (auto* n : {&n1, &n2, &n3})
    EXPECT_EQ(n->budget().used(), 0u);
}

TEST_F(trace_test, where_it_dies_is_told_with_the_place_in_the_route) {
  trace(n1, {to_n2, "hop", to_n3, "nothere"});
  EXPECT_EQ(take().back(), "n3 unknown-worker 3/1");
  trace(n1, {to_n2, "nothere"});
  EXPECT_EQ(take().back(), "n2 unknown-worker 1/1");
}

TEST_F(trace_test, a_message_that_did_not_ask_is_not_traced) {
  trace(n1, {to_n2, "hop", to_n3, "echo"}, route_header::flag_report);
  EXPECT_EQ(take(), strings{"reply"});
}

TEST_F(trace_test, passages_of_one_peer_are_limited_in_rate) {
  auto peer = net.dial("127.0.0.1:7000");
  route_header h;
  h.append_return(address{"me"});
  h.append_onward(address{"echo"});
  h.flags(route_header::flag_trace);
  peer.send(preamble);
  for (int i = 0; i < 1'000; ++i)
    peer.send(frame(h, "x"));
  std::size_t passages = 0, replies = 0;
  net.run();
  auto in = peer.receive().substr(1);
  for (auto& f : take_frames(in))
    ++(f.extras.find("ockam_passed") != std::string::npos ? passages : replies);
  EXPECT_EQ(replies, 1'000u);
  EXPECT_LE(passages, 200u); // a second may begin in between
  EXPECT_GE(passages, 100u);
}

// A peer that claims a report or a trace of absurd numbers is a peer that sends a message.
TEST_F(trace_test, hostile_numbers_do_no_harm) {
  auto peer = net.dial("127.0.0.1:7000");
  peer.send(preamble);
  route_header h;
  h.append_return(address{"me"});
  h.append_onward(address{"echo"});
  for (const char* extras : {R"({"ockam_trace":"99999999999999999999999"})", R"({"ockam_trace":"-1"})", R"({"ockam_trace":7})",
                             R"({"ockam_trace":"4294967295"})", R"({"ockam_passed":"18446744073709551615","ockam_left":"x"})"}) {
    peer.send(frame(h, "x", extras));
    net.run();
  }
  EXPECT_FALSE(peer.closed_by_peer());
  EXPECT_EQ(n2.board().find(address{"echo"})->messages_in, 5u);
}

} // namespace
} // namespace ockam::sim
