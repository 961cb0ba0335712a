// SPDX-License-Identifier: Apache-2.0
// Messages that are sealed and opened on other threads, beside small ones that are not.
#include "channels/returns.hpp"
#include "sim/channels/channel_fixture.hpp"

#include <set>

namespace ockam::sim {
namespace {

using namespace std::chrono_literals;

//   me, at node a ── wire, a hop that the test rules ══ tcp ══ listener `api` of node b ── box
class large_messages : public secure_channel {
 protected:
  static constexpr std::size_t large = channels::large_message + 1'000;

  large_messages() {
    a->start("wire", std::make_unique<meddler>(way));
    auto box = std::make_unique<mailbox>();
    at_b = &box->got;
    b->start("box", std::move(box));
    connect({{"to", "/service/wire/ip4/127.0.0.1/tcp/4000/service/api"}});
    admit_answers(a->board(), address{"me"}, address{"c"});
  }
  ~large_messages() override { *way = nullptr; }

  static std::string text(std::size_t number, std::size_t size) {
    std::string out(size, static_cast<char>('a' + number % 26));
    auto head = std::to_string(number) + " ";
    return out.replace(0, std::min(head.size(), size), head);
  }
  static std::size_t number_of(const message& m) { return std::stoul(std::string{m.body.text().substr(0, 10)}); }

  /// As one event: they are all there before the first one has been sealed.
  void send_together(std::size_t from, const std::vector<std::size_t>& sizes, const std::string& to = "c") {
    a->reactor().post([this, from, sizes, to] {
      for (std::size_t i = 0; i < sizes.size(); ++i) {
        auto m = std::make_unique<message>();
        m->header.append_return(address{"me"});
        m->header.append_onward(address{to});
        m->header.append_onward(address{"box"});
        m->body = payload{text(from + i, sizes[i])};
        a->board().deliver(std::move(m));
      }
    });
  }
  static bool leaves(const message& m) { return m.is_local(); }

  std::shared_ptr<meddler::way> way = std::make_shared<meddler::way>();
  std::vector<message_ptr>* at_b = nullptr;
};

TEST_F(large_messages, and_small_ones_keep_their_order_over_many_keys) {
  std::size_t sent = 0;
  for (int round = 0; round < 40; ++round) {
    std::vector<std::size_t> sizes;
    for (std::size_t i = 0; i < 9; ++i)
      sizes.push_back((round * 7 + static_cast<int>(i) * 5) % 3 == 0 ? large + i : 10 + i);
    at_b->clear();
    send_together(sent, sizes);
    net.run();
    ASSERT_EQ(at_b->size(), sizes.size()) << round;
    for (std::size_t i = 0; i < sizes.size(); ++i)
      ASSERT_EQ((*at_b)[i]->body.text(), text(sent + i, sizes[i])) << "round " << round << ", message " << i;
    sent += sizes.size();
  }
  EXPECT_EQ(field(*a, "secure-channel", "c", "not_opened"), "0");
}

TEST_F(large_messages, more_than_the_window_holds_at_one_time_all_come_in_order) {
  constexpr std::size_t count = 100;
  std::set<std::size_t> seen;
  auto box = [&] {
    for (auto& m : *at_b) {
      EXPECT_EQ(number_of(*m), seen.size());
      seen.insert(number_of(*m));
    }
    at_b->clear(); // what is kept counts in the link's budget
  };
  send_together(0, std::vector<std::size_t>(count, large));
  for (int i = 0; i < 200 && seen.size() < count; ++i) {
    net.advance(10ms);
    box();
  }
  EXPECT_EQ(seen.size(), count);
}

TEST_F(large_messages, do_not_hold_up_another_channel) {
  connect({{"to", to_api}}, "d");
  admit_answers(a->board(), address{"me"}, address{"d"});
  send_together(0, {large});
  send_together(1, {5}, "d");
  net.run();
  ASSERT_EQ(at_b->size(), 2u);
  EXPECT_EQ(number_of(*at_b->front()), 1u) << "the small one of the other channel comes first";
}

TEST_F(large_messages, that_were_taken_before_the_end_arrive_before_it) {
  send_together(0, {large, 7, large, large, 9});
  a->reactor().post([&] { (void)a->parts().facilities.find("secure-channel")->end("c"); });
  net.run();
  ASSERT_EQ(at_b->size(), 5u);
  for (std::size_t i = 0; i < 5; ++i)
    EXPECT_EQ(number_of(*(*at_b)[i]), i);
  EXPECT_EQ(field(*b, "secure-channel-listener", "api", "channels"), "0") << "and then it was told of the end";
}

TEST_F(large_messages, that_were_altered_are_dropped_and_the_channel_goes_on) {
  for (std::size_t at : {std::size_t{0}, std::size_t{7}, std::size_t{8}, std::size_t{9}, std::size_t{100}, large / 2, large, large + 15}) {
    at_b->clear();
    *way = [&](message_ptr m) {
      if (leaves(*m) && m->bytes().size() > large) {
        std::vector<std::byte> bytes{m->bytes().begin(), m->bytes().end()};
        bytes[at % bytes.size()] ^= std::byte{1};
        m->body.assign(bytes);
      }
      std::vector<message_ptr> out;
      out.push_back(std::move(m));
      return out;
    };
    send_together(0, {large, 5, large});
    net.run();
    ASSERT_EQ(at_b->size(), 1u) << at;
    EXPECT_EQ(number_of(*at_b->front()), 1u);
    *way = nullptr;
    at_b->clear();
    send_together(0, {large});
    net.run();
    ASSERT_EQ(at_b->size(), 1u) << at;
  }
}

TEST_F(large_messages, that_come_twice_are_taken_once_also_while_the_first_is_being_opened) {
  *way = [&](message_ptr m) {
    std::vector<message_ptr> out;
    if (leaves(*m)) {
      auto twin = std::make_unique<message>();
      m->header.each_return([&](address_view x) { twin->header.append_return(x); });
      m->header.each_onward([&](address_view x) { twin->header.append_onward(x); });
      twin->body.assign(m->bytes());
      out.push_back(std::move(twin));
    }
    out.push_back(std::move(m));
    return out;
  };
  send_together(0, {large, 5, large});
  net.advance(10ms);
  ASSERT_EQ(at_b->size(), 3u);
  for (std::size_t i = 0; i < 3; ++i)
    EXPECT_EQ(number_of(*(*at_b)[i]), i);
}

TEST_F(large_messages, leave_nothing_charged) {
  net.advance(10ms);
  auto before = a->budget().used() + b->budget().used();
  send_together(0, {large, 5, large, large});
  net.advance(10ms);
  ASSERT_EQ(at_b->size(), 4u);
  at_b->clear();
  net.advance(10ms);
  EXPECT_EQ(a->budget().used() + b->budget().used(), before);
}

} // namespace
} // namespace ockam::sim
