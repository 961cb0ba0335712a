// SPDX-License-Identifier: Apache-2.0
// The two ends against a test that plays a node of another implementation, and one that means no good.
#include "sim/portals/portal_fixture.hpp"
#include "sim/support/wire.hpp"

#include "portals/portal_message.hpp"

#include <algorithm>
#include <malloc.h>

namespace ockam::sim {
namespace {

using namespace std::chrono_literals;
using portal_tag = ockam::portal::tag;

std::string text(const payload& p) {
  return {reinterpret_cast<const char*>(p.bytes().data()), p.size()};
}

std::string bytes_message(std::string_view data, std::optional<std::uint16_t> counter = {}) {
  auto whole = text(ockam::portal::encode_copy(std::as_bytes(std::span{data}), counter.value_or(0)));
  return counter ? whole : whole.substr(0, whole.size() - ockam::portal::tail_room);
}

const std::string ping{"\0", 1}, pong{"\1"}, disconnect{"\2"};

/// A peer over TCP.
class peer {
 public:
  peer(network& net, client c) : net_{net}, client_{std::move(c)} { client_.send(preamble); }

  void say(const route& to, const std::string& body, const route& back = {"me"}) {
    route_header h;
    for (const auto& a : back)
      h.append_return(a);
    for (const auto& a : to)
      h.append_onward(a);
    client_.send(frame(h, body, "{}")); // as real nodes write their fourth element
    net_.run();
  }
  std::vector<received_frame> take() {
    net_.run();
    while (client_.received() > 0) {
      rest_ += client_.receive();
      if (!std::exchange(greeted_, true))
        rest_.erase(0, 1);
      net_.run();
    }
    return take_frames(rest_);
  }
  /// The bodies of what came.
  std::vector<std::string> hear() {
    std::vector<std::string> out;
    for (auto& f : take())
      out.push_back(f.body);
    return out;
  }
  client& tcp() { return client_; }

 private:
  network& net_;
  client client_;
  std::string rest_;
  bool greeted_ = false;
};

//   test, as an inlet of another implementation ══ (node db) outlet ══ target
class foreign_inlet : public portal {
 protected:
  foreign_inlet() { begin_outlet({}); }
  void begin_outlet(option_texts keys) {
    keys.emplace("to", target_at);
    begin(db, "tcp-outlet", "outlet", keys);
  }
  /// The address of the stream.
  address open_stream(const std::string& me = "me") {
    p.say({"outlet"}, ping, {me});
    auto got = p.take();
    if (got.size() != 1 || got[0].body != pong)
      throw std::logic_error{"no Pong"};
    return got[0].back.back();
  }

  std::string where_db = db.listen();
  peer p{net, net.dial(where_db)};
};

TEST_F(foreign_inlet, has_a_stream_without_windows) {
  auto at = open_stream();
  auto t = accept();
  p.say({at}, bytes_message("hello"));
  EXPECT_EQ(t.receive(), "hello");
  t.send("fine");
  EXPECT_EQ(p.hear(), std::vector{bytes_message("fine", 0)});
  auto down = noise(3u << 20);
  std::string got;
  for (std::size_t sent = 0; sent < down.size();) {
    sent += t.offer(std::string_view{down}.substr(sent));
    for (auto& m : p.take())
      if (auto what = ockam::portal::decode(std::as_bytes(std::span{m.body})))
        got.append(reinterpret_cast<const char*>(what->data.data()), what->data.size());
  }
  EXPECT_TRUE(got == down);
}

/// An outlet that does not wait for a greeting: the sender says which stream a message is of.
class foreign_inlet_without_handshake : public foreign_inlet {
 protected:
  foreign_inlet_without_handshake() {
    end(db, "tcp-outlet", "outlet");
    begin_outlet({{"skip-handshake", "yes"}});
  }
};

TEST_F(foreign_inlet_without_handshake, two_peers_that_send_by_the_same_name_have_a_stream_each) {
  peer q{net, net.dial(where_db)};
  p.say({"outlet"}, bytes_message("from p"));
  auto of_p = accept();
  q.say({"outlet"}, bytes_message("from q"));
  auto of_q = accept();
  EXPECT_EQ(of_p.receive(), "from p");
  EXPECT_EQ(of_q.receive(), "from q");
  p.say({"outlet"}, bytes_message("more"));
  EXPECT_EQ(of_p.receive(), "more");
}

TEST_F(foreign_inlet_without_handshake, streams_that_have_ended_leave_nothing) {
  auto used = [] { return ::mallinfo2().uordblks; }; // nothing under a sanitizer
  auto rounds = [&](int from, int to) {
    for (int round = from; round < to; ++round) {
      for (int i = 0; i < 50; ++i) {
        auto name = std::to_string(round * 50 + i);
        p.say({"outlet"}, bytes_message("x"), {address{name + std::string(900 - name.size(), 's')}});
        accept().close();
      }
      net.advance(3s);
      (void)p.take();
    }
  };
  rounds(0, 10);
  auto before = used();
  rounds(10, 110);
  EXPECT_LT(used(), before + (2u << 20)) << "5,000 streams by names of 900 bytes";
  EXPECT_EQ(of_outlet("connections"), "0");
}

/// A real node ignores what stands behind the tag of a Disconnect (routing-and-transports.md §7.1).
TEST_F(foreign_inlet_without_handshake, hears_that_the_target_refuses) {
  begin(db, "tcp-outlet", "deaf", {{"to", "10.0.0.9:1"}, {"skip-handshake", "yes"}});
  p.say({"deaf"}, ping);
  auto heard = p.hear();
  ASSERT_EQ(heard.size(), 1u);
  EXPECT_TRUE(heard[0].starts_with(disconnect));
  auto what = ockam::portal::decode(std::as_bytes(std::span{heard[0]}));
  ASSERT_TRUE(what && what->goodbye);
  EXPECT_EQ(what->goodbye->why, ockam::portal::end_reason::unreachable);
}

TEST_F(foreign_inlet_without_handshake, an_end_of_what_is_over_begins_nothing) {
  p.say({"outlet"}, disconnect);
  EXPECT_FALSE(target.waiting());
  EXPECT_EQ(of_outlet("connections"), "0");
  EXPECT_TRUE(p.hear().empty());
}

TEST_F(foreign_inlet, that_opens_streams_and_never_speaks_has_them_for_so_long_and_no_longer) {
  std::vector<client> targets;
  std::vector<address> streams;
  for (int i = 0; i < 20; ++i) {
    streams.push_back(open_stream("me" + std::to_string(i)));
    targets.push_back(accept());
  }
  net.advance(1min);
  (void)p.take();
  p.say({streams[0]}, bytes_message("a word"));
  targets[1].send("a word of the target");
  p.say({streams[2]}, bytes_message("")); // which is none
  net.advance(230s);
  (void)p.take();
  EXPECT_EQ(of_outlet("connections"), "20");
  net.advance(15s);
  EXPECT_EQ(of_outlet("connections"), "2");
  EXPECT_EQ(of_outlet("failed_by:idle"), "18");
  EXPECT_TRUE(of_outlet("last_failure").starts_with("idle for too long: ")) << of_outlet("last_failure");
  for (std::size_t i = 0; i < targets.size(); ++i)
    EXPECT_EQ(targets[i].closed_by_peer(), i >= 2) << i;
  auto heard = p.hear();
  EXPECT_EQ(std::count(heard.begin(), heard.end(), disconnect), 18);
  net.advance(10min);
  EXPECT_EQ(of_outlet("connections"), "2");
}

TEST_F(foreign_inlet, hears_of_the_end_as_a_real_node_says_it) {
  (void)open_stream();
  auto t = accept();
  t.send("last");
  t.finish();
  EXPECT_EQ(p.hear(), (std::vector{bytes_message("last", 0), disconnect}));
  net.advance(3s);
  EXPECT_TRUE(t.closed_by_peer());
}

TEST_F(foreign_inlet, what_came_before_its_end_is_still_written) {
  auto at = open_stream();
  auto t = accept();
  t.window(1000);
  auto up = noise(300'000);
  p.say({at}, bytes_message(up, 0));
  p.say({at}, disconnect);
  std::string got;
  while (got.size() < up.size() && t.received() > 0) {
    got += t.receive();
    net.run();
  }
  EXPECT_TRUE(got == up);
  EXPECT_TRUE(t.closed_by_peer());
}

TEST_F(foreign_inlet, is_not_told_what_it_does_not_understand) {
  begin(db, "tcp-outlet", "deaf", {{"to", "10.0.0.9:1"}});
  p.say({"deaf"}, ping);
  EXPECT_TRUE(p.hear().empty());
  (void)open_stream();
  auto t = accept();
  net.advance(1min);
  for (const auto& body : p.hear())
    EXPECT_EQ(body, ping); // that the stream is there
}

TEST_F(foreign_inlet, a_slow_target_holds_it_up_and_loses_nothing) {
  auto at = open_stream();
  auto t = accept();
  const std::string block(100'000, 'x');
  std::size_t sent = 0;
  while (p.tcp().unread() < (64u << 10) && sent < 20u << 20) {
    p.say({at}, bytes_message(block));
    sent += block.size();
  }
  EXPECT_GT(sent, 8u << 20);
  EXPECT_LT(sent, 12u << 20);
  std::size_t got = 0;
  for (int i = 0; i < 1000 && got < sent; ++i) {
    got += t.receive().size();
    net.run();
  }
  EXPECT_EQ(got, sent);
}

TEST_F(foreign_inlet, a_stuck_target_ends_its_own_stream_after_a_while) {
  auto at = open_stream("me");
  auto t = accept();
  auto other = open_stream("you");
  auto u = accept();
  const std::string block(100'000, 'x');
  for (int i = 0; i < 100; ++i)
    p.say({at}, bytes_message(block));
  net.advance(3s);
  EXPECT_TRUE(t.reset_by_peer());
  EXPECT_NE(of_outlet("last_failure").find("takes nothing"), std::string::npos) << of_outlet("last_failure");
  p.say({other}, bytes_message("hello"));
  EXPECT_EQ(u.receive(), "hello");
}

TEST_F(foreign_inlet, a_hole_ends_the_stream_at_both_ends) {
  auto at = open_stream();
  auto t = accept();
  p.say({at}, bytes_message("a", 0));
  p.say({at}, bytes_message("c", 2));
  EXPECT_EQ(t.receive(), "a");
  EXPECT_TRUE(t.reset_by_peer());
  EXPECT_EQ(p.hear(), std::vector{disconnect});
}

TEST_F(foreign_inlet, counters_go_round) {
  auto at = open_stream();
  auto t = accept();
  std::size_t got = 0;
  for (int i = 0; i < 65'540; ++i) {
    p.say({at}, bytes_message("x", static_cast<std::uint16_t>(i)));
    got += t.receive().size();
  }
  EXPECT_EQ(got, 65'540u);
  EXPECT_FALSE(t.closed_by_peer());
}

TEST_F(foreign_inlet, bad_messages_touch_nothing) {
  auto at = open_stream();
  auto t = accept();
  for (const std::string& bad : {std::string{}, std::string{"\7"}, std::string{"\3\10abc"}, std::string{"\3"}, std::string{"\4"}, std::string{"\5"}}) {
    p.say({at}, bad);
    p.say({"outlet"}, bad);
  }
  p.say({at, "beyond"}, bytes_message("x"));
  p.say({"outlet"}, bytes_message("x"));
  p.say({"outlet"}, pong);
  p.say({"outlet"}, ping, {});
  p.say({at}, ping);
  p.say({at}, pong);
  EXPECT_TRUE(p.hear().empty());
  p.say({at}, bytes_message("whole"));
  EXPECT_EQ(t.receive(), "whole");
}

TEST_F(foreign_inlet, windows_and_ends_of_one_that_has_said_no_hello_count_for_nothing) {
  auto at = open_stream();
  auto t = accept();
  p.say({at}, text(ockam::portal::encode(portal_tag::window, 1)));
  t.send("hello");
  EXPECT_EQ(p.hear(), std::vector{bytes_message("hello", 0)});
  p.say({at}, text(ockam::portal::encode(portal_tag::end, 0)));
  EXPECT_TRUE(t.reset_by_peer());
}

TEST_F(foreign_inlet, one_that_sends_more_than_its_window_is_ended) {
  p.say({"outlet"}, text(ockam::portal::encode(portal_tag::ping, ockam::portal::hello{1000})));
  auto got = p.take();
  ASSERT_EQ(got.size(), 1u);
  auto hello = ockam::portal::decode(std::as_bytes(std::span{got[0].body}))->greeting;
  ASSERT_TRUE(hello);
  auto at = got[0].back.back();
  auto t = accept();
  t.send(std::string(5000, 'x'));
  std::size_t came = 0;
  for (const auto& body : p.hear())
    came += ockam::portal::decode(std::as_bytes(std::span{body}))->data.size();
  EXPECT_EQ(came, 1000u); // and it keeps to ours
  t.window(1);
  for (std::size_t n = 0; n <= hello->window; n += 100'000)
    p.say({at}, bytes_message(std::string(100'000, 'y')));
  EXPECT_TRUE(t.reset_by_peer());
  EXPECT_NE(of_outlet("last_failure").find("more than it may"), std::string::npos) << of_outlet("last_failure");
}

/// Otherwise a sender that has enough to say sends crumbs between large messages, and nobody knows how large a read is to be.
TEST_F(foreign_inlet, windows_open_by_whole_messages) {
  p.say({"outlet"}, text(ockam::portal::encode(portal_tag::ping, ockam::portal::hello{1u << 20})));
  auto got = p.take();
  ASSERT_EQ(got.size(), 1u);
  auto at = got[0].back.back();
  auto t = accept();
  std::uint64_t allowed = ockam::portal::decode(std::as_bytes(std::span{got[0].body}))->greeting->window, sent = 0;
  std::size_t windows = 0;
  for (int i = 0; i < 60; ++i) {
    if (sent + 50'000 <= allowed) {
      p.say({at}, bytes_message(std::string(50'000, 'x')));
      sent += 50'000;
    }
    (void)t.receive(37'000);
    for (const auto& body : p.hear())
      if (auto what = ockam::portal::decode(std::as_bytes(std::span{body})); what && what->what == portal_tag::window) {
        EXPECT_GT(what->total, allowed);
        allowed = what->total;
        EXPECT_EQ(allowed % ockam::portal::most_data, 0u);
        ++windows;
      }
  }
  EXPECT_GT(windows, 3u);
  EXPECT_GT(sent, 1'000'000u);
}

TEST_F(foreign_inlet, others_cannot_speak_for_it) {
  auto at = open_stream();
  auto t = accept();
  db.start("hop");
  peer stranger{net, net.dial(db.listen("127.0.0.1:0", {"services"}))};
  stranger.say({at}, bytes_message("straight"));
  stranger.say({"hop", at}, bytes_message("behind a hop"));
  stranger.say({"hop", at}, disconnect);
  EXPECT_EQ(t.receive(), "");
  EXPECT_FALSE(t.closed_by_peer());
}

TEST_F(foreign_inlet, has_so_many_streams_and_no_more) {
  begin(db, "tcp-outlet", "small", {{"to", target_at}, {"max-streams", "16"}});
  for (int i = 0; i < 20; ++i)
    p.say({"small"}, ping, {address{"me" + std::to_string(i)}});
  EXPECT_EQ(p.hear().size(), 15u);
  EXPECT_EQ(field(db, "tcp-outlet", "small", "connections"), "15");
  EXPECT_EQ(field(db, "tcp-outlet", "small", "refused"), "5");
  p.say({"small"}, text(ockam::portal::encode(portal_tag::ping, ockam::portal::hello{1000})));
  auto got = p.hear();
  ASSERT_EQ(got.size(), 1u);
  EXPECT_EQ(ockam::portal::decode(std::as_bytes(std::span{got[0]}))->goodbye->why, ockam::portal::end_reason::refused);
}

TEST_F(foreign_inlet, one_that_goes_without_a_word_leaves_nothing) {
  (void)open_stream();
  auto t = accept();
  p.tcp().close();
  net.advance(15s);
  EXPECT_TRUE(t.closed_by_peer());
  EXPECT_EQ(of_outlet("connections"), "0");
}

//   client ══ inlet (node app) ══ test, as an outlet of another implementation
class foreign_outlet : public portal {
 protected:
  foreign_outlet() {
    begin(app, "tcp-inlet", "db", {{"from", inlet_at}, {"to", "/ip4/127.0.0.1/tcp/4999/service/outlet"}});
    net.advance(2s);
    p.emplace(net, far.accept());
    answer();
  }
  /// To the question whether it is there.
  void answer() {
    for (auto& f : p->take())
      if (f.onward == route{"echo"})
        p->say(f.back, f.body, {"echo"});
      else
        got.push_back(std::move(f));
  }

  server& far = net.serve("127.0.0.1:4999");
  std::optional<peer> p;
  std::vector<received_frame> got;
};

TEST_F(foreign_outlet, gets_a_ping_and_then_bytes) {
  ASSERT_EQ(of_inlet("state"), "up") << of_inlet("reason");
  auto c = dial();
  c.send("hello");
  answer();
  ASSERT_EQ(got.size(), 1u);
  EXPECT_TRUE(got[0].body.starts_with(ping));
  EXPECT_EQ(got[0].onward, route{"outlet"});
  p->say(got[0].back, pong, {"o1"});
  auto data = p->take();
  ASSERT_EQ(data.size(), 1u);
  EXPECT_EQ(data[0].onward, route{"o1"});
  EXPECT_EQ(data[0].body, bytes_message("hello", 0));
  p->say(data[0].back, bytes_message("fine"), {"o1"});
  EXPECT_EQ(c.receive(), "fine");
  p->say(data[0].back, disconnect, {"o1"});
  EXPECT_TRUE(c.closed_by_peer());
  EXPECT_FALSE(c.reset_by_peer());
}

TEST_F(foreign_outlet, that_does_not_answer_closes_the_client_in_time) {
  auto c = dial();
  net.advance(4s);
  answer();
  EXPECT_FALSE(c.closed_by_peer());
  net.advance(1s);
  EXPECT_TRUE(c.closed_by_peer());
  EXPECT_EQ(of_inlet("last_failure"), "the outlet has not answered: nothing has come within 5000 ms");
  ASSERT_EQ(got.size(), 1u);
  p->say(got[0].back, pong, {"o1"}); // too late
  EXPECT_EQ(p->hear(), std::vector{disconnect});
}

TEST_F(foreign_outlet, is_asked_as_its_own_kind_does) {
  for (int i = 0; i < 5; ++i) {
    net.advance(10s);
    answer();
    EXPECT_EQ(of_inlet("state"), "up") << of_inlet("reason");
  }
  net.advance(20s);
  EXPECT_EQ(of_inlet("state"), "up");
  net.advance(22s);
  EXPECT_EQ(of_inlet("state"), "down");
}

TEST_F(foreign_outlet, hears_a_client_s_end_as_a_disconnect) {
  auto c = dial();
  answer();
  p->say(got[0].back, pong, {"o1"});
  c.send("x");
  c.finish();
  EXPECT_EQ(p->hear(), (std::vector{bytes_message("x", 0), disconnect}));
  p->say(got[0].back, bytes_message("answer"), {"o1"}); // was on its way
  EXPECT_EQ(c.receive(), "answer");
  net.advance(3s);
  EXPECT_TRUE(c.closed_by_peer());
  EXPECT_EQ(of_inlet("connections"), "0");
}

} // namespace
} // namespace ockam::sim
