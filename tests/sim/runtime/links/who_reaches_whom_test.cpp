// SPDX-License-Identifier: Apache-2.0
// Who may reach whom: ids of listeners, the origin of a message behind hops, and what strangers are told.
#include "runtime/links/allow.hpp"
#include "sim/support/node.hpp"
#include "sim/support/wire.hpp"

#include <gtest/gtest.h>

namespace ockam::sim {
namespace {

using namespace std::chrono_literals;

/// A peer over TCP that asks for reports.
class asker {
 public:
  asker(network& net, const std::string& at) : net_{net}, client_{net.dial(at)} { client_.send(preamble); }

  void say(const route& to, const std::string& body = "x") { client_.send(frame(to, {"me"}, body, true)); }
  /// What has come back: bodies of answers, and reports as `REASON NODE DETAIL`.
  std::vector<std::string> take() {
    net_.run();
    while (client_.received() > 0) {
      rest_ += client_.receive();
      if (!std::exchange(greeted_, true))
        rest_.erase(0, 1);
      net_.run();
    }
    std::vector<std::string> out;
    for (auto bytes = std::as_bytes(std::span{rest_}); !bytes.empty();) {
      auto length = stream_codec::read_length(bytes.data());
      route_header h;
      auto d = wire_codec::decode(bytes.subspan(stream_codec::length_bytes, length), h);
      bytes = bytes.subspan(stream_codec::length_bytes + length);
      if (const auto* r = h.get_report())
        out.push_back(std::string{to_string(r->reason)} + " " + r->node + " " + r->detail);
      else if (!h.onward_empty())
        out.emplace_back(reinterpret_cast<const char*>(d.body.data()), d.body.size());
    }
    rest_.clear();
    return out;
  }
  std::string ask(const route& to) {
    say(to);
    auto got = take();
    return got.size() == 1 ? got.front() : std::to_string(got.size()) + " answers";
  }

 private:
  network& net_;
  client client_;
  std::string rest_;
  bool greeted_ = false;
};

//   peers ══ n1 with several listeners: echo, hop, secret
class who_reaches_whom : public testing::Test {
 protected:
  std::string listen(std::vector<std::string> allow, std::string_view transport = "tcp") {
    std::string at;
    n1.over(transport).listen("127.0.0.1:0", {std::move(allow)}, [&](result<listener_info> l) { at = l->socket_address; });
    return at;
  }
  mailbox& local_worker(const std::string& at, std::shared_ptr<const access_control> access = nullptr) {
    auto w = std::make_unique<mailbox>();
    auto& box = *w;
    worker_options o;
    o.type = "test";
    o.access = std::move(access);
    EXPECT_TRUE(n1.workers().start(address{at}, std::move(w), std::move(o)));
    return box;
  }

  network net;
  node n1{net};
};

TEST_F(who_reaches_whom, what_one_listener_allows_beside_services_is_not_reachable_through_others) {
  auto open = listen({"services"}), closed = listen({"services", "hop"}), datagrams = listen({"services", "secret"}, "udp");
  local_worker("secret");
  asker stranger{net, open}, friendly{net, closed};
  EXPECT_EQ(stranger.ask({"hop", "echo"}), "refused n1 ");
  EXPECT_EQ(stranger.ask({"secret"}), "refused n1 ");
  EXPECT_EQ(friendly.ask({"secret"}), "refused n1 ");
  EXPECT_EQ(friendly.ask({"hop", "echo"}), "x");
  EXPECT_EQ(stranger.ask({"echo"}), "x");
}

TEST_F(who_reaches_whom, every_listener_has_an_id_of_its_own_to_which_consumers_are_added) {
  auto one = listen({"services"}), two = listen({"services"});
  auto all = n1.tcp().listeners();
  ASSERT_EQ(all.size(), 2u);
  ASSERT_NE(all[0].flow, all[1].flow);
  local_worker("mine");
  n1.board().allow(all[0].flow, address{"mine"});
  asker first{net, one}, second{net, two};
  EXPECT_EQ(second.ask({"mine"}), "refused n1 ");
  first.say({"mine"});
  EXPECT_TRUE(first.take().empty());
}

TEST_F(who_reaches_whom, a_stranger_learns_neither_which_workers_there_are_nor_the_name_of_the_node) {
  asker stranger{net, listen({})};
  for (auto name : {"echo", "hop", "nothere"})
    EXPECT_EQ(stranger.ask({name}), "refused  ") << name;
  EXPECT_EQ(stranger.ask({address{transport_type::tcp, "127.0.0.1:9"}, "echo"}), "refused  ");
  // Counted as what they were.
  EXPECT_EQ(n1.board().dropped()[drop_reason::unknown_worker], 1u);
}

TEST_F(who_reaches_whom, what_a_peer_may_not_reach_looks_the_same_whether_it_is_there_or_not) {
  asker peer{net, listen({"echo", "later"})};
  EXPECT_EQ(peer.ask({"uppercase"}), "refused n1 ");
  EXPECT_EQ(peer.ask({"nothere"}), "refused n1 ");
  EXPECT_EQ(peer.ask({"later"}), "unknown-worker n1 ") << "that one is its own";
  asker guest{net, listen({"services"})};
  EXPECT_EQ(guest.ask({"nothere"}), "unknown-worker n1 ") << "a service may come to have any name";
}

TEST_F(who_reaches_whom, one_peer_behind_a_hop_does_not_silence_the_reports_of_another) {
  n1.start("hop");
  auto at = listen({"services"});
  asker noisy{net, at}, quiet{net, at};
  for (int i = 0; i < 500; ++i)
    noisy.say({"hop", "nobody"});
  EXPECT_EQ(noisy.take().size(), 100u);
  for (int i = 0; i < 20; ++i)
    quiet.say({"hop", "nobody"});
  EXPECT_EQ(quiet.take().size(), 20u);
  EXPECT_EQ(n1.budget().used(), 0u) << "reports are charged like other messages, and return it";
}

TEST_F(who_reaches_whom, a_message_is_a_strangers_also_behind_a_hop) {
  n1.start("hop");
  auto& box = local_worker("box");
  asker peer{net, listen({"services"})};
  peer.say({"hop", "box"});
  net.run();
  n1.send({"hop", "box"}, "own");
  ASSERT_EQ(box.got.size(), 2u);
  EXPECT_FALSE(box.got[0]->is_local());
  EXPECT_FALSE(box.got[0]->is_straight_from_link());
  EXPECT_EQ(box.got[0]->source().producer, *n1.board().flows().find(n1.link().flow_control_id));
  EXPECT_TRUE(box.got[1]->is_local());
}

TEST_F(who_reaches_whom, a_hop_lends_nobody_its_way_to_a_worker_that_takes_local_messages_only) {
  n1.start("hop");
  auto rule = std::make_shared<access_control>();
  rule->from.emplace().local = true;
  auto& box = local_worker("private", rule);
  asker peer{net, listen({"services", "private"})};
  EXPECT_EQ(peer.ask({"private"}), "refused n1 ");
  EXPECT_EQ(peer.ask({"hop", "private"}), "refused n1 ");
  EXPECT_EQ(peer.ask({"hop", "hop", "private"}), "refused n1 ");
  n1.send({"hop", "private"}, "own");
  EXPECT_EQ(box.got.size(), 1u);
}

TEST_F(who_reaches_whom, a_worker_may_be_for_the_peers_of_one_listener) {
  n1.start("hop");
  auto one = listen({"services"}), two = listen({"services"});
  auto rule = std::make_shared<access_control>();
  rule->from.emplace().flows = {n1.tcp().listeners().front().flow};
  auto& box = local_worker("club", rule);
  asker member{net, one}, other{net, two};
  member.say({"hop", "club"});
  net.run();
  EXPECT_EQ(box.got.size(), 1u);
  EXPECT_EQ(other.ask({"hop", "club"}), "refused n1 ");
  n1.send({"club"}, "own");
  EXPECT_EQ(box.got.size(), 1u);
}

/// Passes on what goes on, and asks echo for every other message.
class sender final : public worker {
 public:
  void on_message(message_ptr m) override {
    if (m->header.onward().size() > 1)
      return forward(std::move(m));
    request({"echo"}, {}, 1s, [this](result<message_ptr> r) { outcome = r ? errc::ok : r.error().code; });
  }
  std::optional<errc> outcome;
};

class worker_that_may_not_send_everywhere : public who_reaches_whom, public testing::WithParamInterface<worker_thread> {
 protected:
  void start(std::shared_ptr<const access_control> access) {
    worker_options o;
    o.type = "test";
    o.thread = GetParam();
    o.access = std::move(access);
    auto w = std::make_unique<sender>();
    at = w.get();
    ASSERT_TRUE(n1.workers().start(address{"bound"}, std::move(w), std::move(o)));
    net.run();
  }
  sender* at = nullptr;
};

INSTANTIATE_TEST_SUITE_P(threads, worker_that_may_not_send_everywhere, testing::Values(worker_thread::socket, worker_thread::pool),
                         [](const auto& which) { return which.param == worker_thread::pool ? "pool" : "socket"; });

TEST_P(worker_that_may_not_send_everywhere, reaches_only_what_it_may) {
  auto& yes = local_worker("yes");
  auto& no = local_worker("no");
  auto rule = std::make_shared<access_control>();
  rule->onward.emplace().to = {address{"yes"}};
  start(rule);
  n1.send({"bound", "yes"}, "1");
  n1.send({"bound", "no"}, "2");
  EXPECT_EQ(yes.got.size(), 1u);
  EXPECT_TRUE(no.got.empty());
  EXPECT_EQ(n1.board().dropped()[drop_reason::refused], 1u);
}

TEST_P(worker_that_may_not_send_everywhere, does_not_leave_the_node_when_it_may_send_to_local_workers_only) {
  node n2{net, "n2"};
  auto there = n1.connect(n2.listen());
  ASSERT_TRUE(there);
  auto& box = local_worker("box");
  auto rule = std::make_shared<access_control>();
  rule->onward.emplace().local = true;
  start(rule);
  n1.send({"bound", "box"}, "1");
  n1.send({"bound", *there, "echo"}, "2");
  n1.send({"bound", address{transport_type::tcp, "127.0.0.1:9"}, "echo"}, "3");
  EXPECT_EQ(box.got.size(), 1u);
  EXPECT_EQ(n1.board().dropped()[drop_reason::refused], 2u);
}

TEST_P(worker_that_may_not_send_everywhere, lets_a_report_of_what_was_refused_back_to_who_has_sent_it) {
  auto& asked = local_worker("asked");
  auto& no = local_worker("no");
  auto rule = std::make_shared<access_control>();
  rule->onward.emplace().to = {address{"yes"}};
  start(rule);
  n1.send({"bound", "no"}, "1", "asked", true);
  ASSERT_EQ(asked.got.size(), 1u);
  const auto* r = asked.got.front()->header.get_report();
  ASSERT_TRUE(r);
  EXPECT_EQ(r->reason, drop_reason::refused);
  EXPECT_EQ(r->hop, address{"no"});
  asker peer{net, listen({"bound"})};
  EXPECT_EQ(peer.ask({"bound", "no"}), "refused n1 ");
  EXPECT_TRUE(no.got.empty());
}

TEST_P(worker_that_may_not_send_everywhere, passes_on_no_report_of_a_peer_to_where_it_may_not_send) {
  auto& yes = local_worker("yes");
  auto& no = local_worker("no");
  auto rule = std::make_shared<access_control>();
  rule->onward.emplace().to = {address{"yes"}};
  start(rule);
  auto peer = net.dial(listen({"bound"}));
  peer.send(preamble);
  for (const auto* to : {"yes", "no"}) {
    route_header h;
    h.append_return(address{"me"});
    h.append_onward(address{"bound"});
    h.append_onward(address{to});
    h.set_report({drop_reason::congested, address{"made-up"}, "n9", {}});
    peer.send(frame(h, ""));
    net.run();
  }
  EXPECT_EQ(yes.got.size(), 1u);
  EXPECT_TRUE(no.got.empty());
}

TEST_P(worker_that_may_not_send_everywhere, is_told_when_a_request_is_not_sent) {
  auto rule = std::make_shared<access_control>();
  rule->onward.emplace();
  start(rule);
  n1.send({"bound"}, "ask");
  EXPECT_EQ(at->outcome, errc::undeliverable);
}

} // namespace
} // namespace ockam::sim
