// SPDX-License-Identifier: Apache-2.0
// A message that is too large for the next node, over UDP: whose it is hears of it, and nobody else.
#include "sim/transports/udp/udp_link_fixture.hpp"

#include <algorithm>
#include <random>

namespace ockam::sim {
namespace {

using namespace std::chrono_literals;

class udp_too_large : public udp_link_test {
 protected:
  udp_too_large() {
    limits l;
    l.max_frame = 64u << 10;
    listen(l);
  }
  std::string large(bool report = true) { return message_to({"echo"}, {"me"}, std::string(100'000, 'x'), report); }
  std::vector<received_frame> answers() {
    net_.run();
    return messages(peer_.receive());
  }
  static bool says_too_large(const received_frame& f) { return f.extras.find("\"too-large\"") != std::string::npos; }
};

//   test ∙∙ n1: echo, max-frame 64 KiB
TEST_F(udp_too_large, its_sender_is_told_by_whom_and_why) {
  send(large());
  auto got = answers();
  ASSERT_EQ(got.size(), 1u);
  EXPECT_EQ(got[0].onward, route{"me"});
  EXPECT_TRUE(says_too_large(got[0])) << got[0].extras;
  EXPECT_NE(got[0].extras.find("\"ockam_node\":\"n1\""), std::string::npos) << got[0].extras;
  EXPECT_NE(got[0].extras.find("max-frame is 65536"), std::string::npos) << got[0].extras;
  EXPECT_EQ(refused(refusal::frame_too_large), 1u);
  EXPECT_EQ(refused(refusal::stale_fragment), 0u);
  EXPECT_EQ(n1_->board().dropped()[drop_reason::too_large], 1u);
  EXPECT_EQ(n1_->budget().used(), 0u);
  send(message_to({"echo"}, {"me"}, "hello"));
  EXPECT_EQ(answers().at(0).body, "hello");
}

TEST_F(udp_too_large, who_did_not_ask_hears_nothing) {
  send(large(false));
  EXPECT_TRUE(answers().empty());
  EXPECT_EQ(n1_->board().dropped()[drop_reason::too_large], 1u);
}

TEST_F(udp_too_large, in_any_order_and_twice_it_is_told_once) {
  auto slices = datagrams(++number_, large());
  auto twice = slices;
  twice.insert(twice.end(), slices.begin(), slices.end());
  std::shuffle(twice.begin(), twice.end(), std::mt19937{5});
  for (const auto& d : twice)
    peer_.send(at_, d);
  EXPECT_EQ(answers().size(), 1u);
  EXPECT_EQ(refused(refusal::frame_too_large), 1u);
}

/// What is in between need not come at all.
TEST_F(udp_too_large, only_its_ends_count) {
  auto slices = datagrams(++number_, large());
  for (std::size_t i = 0; i < slices.size(); ++i)
    if (i < 10 || i + 12 > slices.size())
      peer_.send(at_, slices[i]);
  EXPECT_EQ(answers().size(), 1u);
  slices = datagrams(++number_, large());
  slices.pop_back();
  for (const auto& d : slices)
    peer_.send(at_, d);
  EXPECT_TRUE(answers().empty()) << "nobody knows whether a report is wanted";
  net_.advance(limits{}.frame_timeout + 2s);
  EXPECT_TRUE(answers().empty());
  EXPECT_EQ(n1_->budget().used(), 0u);
  EXPECT_EQ(refused(refusal::incomplete_message), 0u);
}

TEST_F(udp_too_large, a_route_over_several_small_datagrams_is_read_as_well) {
  route back{"me"};
  for (int i = 0; i < 40; ++i)
    back.push_back(address{"a-hop-with-a-name-" + std::to_string(i)});
  for (const auto& d : datagrams(++number_, message_to({"echo"}, back, std::string(70'000, 'x'), true), 128))
    peer_.send(at_, d);
  auto got = answers();
  ASSERT_EQ(got.size(), 1u);
  EXPECT_EQ(got[0].onward, back);
}

TEST_F(udp_too_large, bytes_that_are_no_message_pass_by_as_well) {
  send(std::string(100'000, 'z'));
  send(std::string(100'000, '\xff'));
  EXPECT_TRUE(answers().empty());
  EXPECT_EQ(refused(refusal::frame_too_large), 2u);
  EXPECT_EQ(n1_->budget().used(), 0u);
}

TEST_F(udp_too_large, reports_of_them_are_as_many_as_of_any_other_drop) {
  for (int i = 0; i < 300; ++i)
    send(large());
  auto told = answers().size();
  EXPECT_EQ(refused(refusal::frame_too_large), 300u);
  EXPECT_LE(told, 100u);
  EXPECT_GT(told, 0u);
}

//   n1: box ∙connection∙ listener∙ far: echo, max-frame 64 KiB
TEST_F(udp_too_large, a_worker_of_another_node_of_ours_is_told) {
  limits l;
  l.max_frame = 64u << 10;
  node far{net_, "far", l};
  node near{net_, "near"};
  auto to_far = near.connect(far.listen("127.0.0.1:0", {}, "udp"), {}, "udp");
  ASSERT_TRUE(to_far);
  auto b = std::make_unique<mailbox>();
  auto& got = b->got;
  near.start("box", std::move(b));
  near.send({*to_far, "echo"}, std::string(200'000, 'x'), "box", true);
  net_.run();
  ASSERT_EQ(got.size(), 1u);
  ASSERT_TRUE(got[0]->header.get_report());
  EXPECT_EQ(got[0]->header.get_report()->reason, drop_reason::too_large);
  EXPECT_EQ(got[0]->header.get_report()->node, "far");
  near.send({*to_far, "echo"}, "hello", "box", true);
  net_.run();
  ASSERT_EQ(got.size(), 2u);
  EXPECT_EQ(got[1]->body.text(), "hello");
}

} // namespace
} // namespace ockam::sim
