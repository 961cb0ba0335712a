// SPDX-License-Identifier: Apache-2.0
// Somebody on the way has the messages of a channel, and floods its listener.
#include "sim/channels/channel_fixture.hpp"

namespace ockam::sim {
namespace {

using namespace std::chrono_literals;

//   me, at node a ── wire, a hop that the test rules ══ tcp ══ listener `api` of node b
class channel_on_a_bad_wire : public secure_channel {
 protected:
  channel_on_a_bad_wire() {
    a->start("wire", std::make_unique<meddler>(way));
    connect({{"to", "/service/wire/ip4/127.0.0.1/tcp/4000/service/api"}});
    if (state() != "up")
      throw std::logic_error{"the channel is not up: " + field(*a, "secure-channel", "c", "reason")};
  }
  ~channel_on_a_bad_wire() override { *way = nullptr; }

  static std::vector<message_ptr> only(message_ptr m) {
    std::vector<message_ptr> out;
    out.push_back(std::move(m));
    return out;
  }
  static message_ptr copy_of(const message& m) {
    auto out = std::make_unique<message>();
    m.header.each_return([&](address_view x) { out->header.append_return(x); });
    m.header.each_onward([&](address_view x) { out->header.append_onward(x); });
    out->body.assign(m.bytes());
    return out;
  }
  static void alter(message& m, std::size_t at) {
    std::vector<std::byte> bytes{m.bytes().begin(), m.bytes().end()};
    bytes[at % bytes.size()] ^= std::byte{0x01};
    m.body.assign(bytes);
  }
  /// What leaves node a, and not what comes back.
  static bool leaves(const message& m) { return m.is_local(); }
  std::string opened_at_b() { return field(*b, "secure-channel-listener", "api", "opened"); }

  std::shared_ptr<meddler::way> way = std::make_shared<meddler::way>();
};

TEST_F(channel_on_a_bad_wire, a_message_that_was_altered_in_any_byte_is_dropped_and_the_channel_goes_on) {
  for (std::size_t at = 0; at < 80; ++at) {
    *way = [&](message_ptr m) {
      if (leaves(*m))
        alter(*m, at);
      return only(std::move(m));
    };
    EXPECT_EQ(ask({"c", "echo"}), "nothing") << at;
    *way = nullptr;
    ASSERT_EQ(ask({"c", "echo"}), "hello") << at;
  }
  EXPECT_EQ(opened_at_b(), "1");
}

TEST_F(channel_on_a_bad_wire, a_message_that_comes_twice_is_taken_once) {
  *way = [&](message_ptr m) {
    std::vector<message_ptr> out;
    if (leaves(*m))
      out.push_back(copy_of(*m));
    out.push_back(std::move(m));
    return out;
  };
  for (int i = 0; i < 100; ++i) {
    EXPECT_EQ(ask({"c", "echo"}), "hello");
    EXPECT_EQ(got->size(), 1u);
  }
}

TEST_F(channel_on_a_bad_wire, reordering_and_loss_within_the_window_cost_only_what_was_lost) {
  std::vector<message_ptr> kept;
  int seen = 0, lost = 0;
  *way = [&](message_ptr m) {
    if (!leaves(*m))
      return only(std::move(m));
    if (++seen % 17 == 0) {
      ++lost;
      return std::vector<message_ptr>{};
    }
    kept.push_back(std::move(m));
    if (kept.size() < 9)
      return std::vector<message_ptr>{};
    std::reverse(kept.begin(), kept.end());
    return std::exchange(kept, {});
  };
  admit_answers(a->board(), address{"me"}, address{"c"});
  for (int i = 0; i < 510; ++i)
    a->send({"c", "echo"}, "x", "me");
  EXPECT_GT(got->size(), 450u);
  EXPECT_EQ(got->size() + static_cast<std::size_t>(lost) + kept.size(), static_cast<std::size_t>(seen));
  EXPECT_EQ(opened_at_b(), "1");
}

TEST_F(channel_on_a_bad_wire, losing_more_than_the_window_holds_makes_the_channel_anew_within_five_seconds) {
  *way = [&](message_ptr m) { return leaves(*m) ? std::vector<message_ptr>{} : only(std::move(m)); };
  for (int i = 0; i < 40; ++i)
    a->send({"c", "echo"}, "x", "me");
  *way = nullptr;
  EXPECT_TRUE(within(5s, [&] { return opened_at_b() == "2"; }));
  EXPECT_TRUE(within(1s, [&] { return ask({"c", "echo"}) == "hello"; }));
}

TEST_F(channel_on_a_bad_wire, of_an_initiator_that_vanished_ends_at_the_responder) {
  *way = [&](message_ptr m) { return leaves(*m) ? std::vector<message_ptr>{} : only(std::move(m)); };
  auto channels = [&] { return field(*b, "secure-channel-listener", "api", "channels"); };
  EXPECT_EQ(channels(), "1");
  EXPECT_TRUE(within(70s, [&] { return channels() == "0"; }));
}

TEST_F(channel_on_a_bad_wire, reflected_messages_open_at_no_end) {
  *way = [&](message_ptr m) {
    if (!leaves(*m))
      return std::vector<message_ptr>{};
    std::string back;
    a->board().each([&](const address& name, const worker_entry& e) {
      if (!e.alias && e.type == "decryptor")
        back = name.name;
    });
    auto reflected = std::make_unique<message>();
    reflected->header.append_onward(address{"wire"});
    reflected->header.append_onward(address{back});
    reflected->body.assign(m->bytes());
    return only(std::move(reflected));
  };
  EXPECT_EQ(ask({"c", "echo"}), "nothing");
  *way = nullptr;
  EXPECT_EQ(ask({"c", "echo"}), "hello");
}

TEST_F(secure_channel, handshakes_that_are_altered_do_not_come_about_and_the_next_one_does) {
  auto way = std::make_shared<meddler::way>();
  a->start("wire", std::make_unique<meddler>(way));
  *way = [altered = 0](message_ptr m) mutable { // also of what comes at the end of the nodes
    std::vector<std::byte> bytes{m->bytes().begin(), m->bytes().end()};
    if (!bytes.empty() && altered < 4) {
      bytes[static_cast<std::size_t>(altered++) * 7 % bytes.size()] ^= std::byte{0x80};
      m->body.assign(bytes);
    }
    std::vector<message_ptr> out;
    out.push_back(std::move(m));
    return out;
  };
  connect({{"to", "/service/wire/ip4/127.0.0.1/tcp/4000/service/api"}});
  EXPECT_NE(state(), "up");
  EXPECT_TRUE(within(30s, [&] { return state() == "up"; })) << field(*a, "secure-channel", "c", "reason");
  EXPECT_EQ(ask({"c", "echo"}), "hello");
}

TEST_F(secure_channel, ten_thousand_handshakes_that_nobody_ends_are_bounded_and_others_are_served) {
  connect();
  node c{net, config_of("flooder", ""), services_with_relays()};
  auto link = c.connect(b_at);
  ASSERT_TRUE(link);
  auto number = [&](std::string_view what) { return std::stoul(field(*b, "secure-channel-listener", "api", what)); };
  for (int i = 0; i < 10'000; ++i) {
    std::string m1(32, static_cast<char>(i));
    m1[1] = static_cast<char>(i >> 8);
    c.send({link->name, "api"}, m1, "nobody");
    ASSERT_LE(number("half_open"), 256u) << "of one link";
    if (i % 1000 == 0) {
      ASSERT_EQ(ask({"c", "uppercase"}), "HELLO") << i;
    }
  }
  connect({}, "d");
  EXPECT_EQ(state("d"), "up");
  EXPECT_EQ(ask({"d", "uppercase"}), "HELLO");
  net.advance(15s);
  EXPECT_EQ(number("half_open"), 0u) << "bounded in time";
  EXPECT_EQ(ask({"c", "uppercase"}), "HELLO");
}

TEST_F(secure_channel, handshakes_that_nobody_ends_from_many_sources_are_bounded_and_others_are_served) {
  connect();
  constexpr int sources = 40;
  std::vector<std::unique_ptr<node>> flooders;
  std::vector<address> links;
  for (int i = 0; i < sources; ++i) {
    flooders.push_back(std::make_unique<node>(net, config_of("f" + std::to_string(i), ""), services_with_relays()));
    auto link = flooders.back()->connect(b_at);
    ASSERT_TRUE(link);
    links.push_back(*link);
  }
  auto number = [&](std::string_view what) { return std::stoul(field(*b, "secure-channel-listener", "api", what)); };
  for (int i = 0; i < 4'000; ++i) { // four times what there is room for; tests/system sends 10,000
    std::string m1(32, static_cast<char>(i));
    m1[1] = static_cast<char>(i >> 8);
    flooders[static_cast<std::size_t>(i % sources)]->send({links[static_cast<std::size_t>(i % sources)].name, "api"}, m1, "nobody");
    ASSERT_LE(number("half_open"), 1024u) << "of all";
    if (i % 1000 == 999) {
      ASSERT_EQ(ask({"c", "uppercase"}), "HELLO") << i;
      auto name = "d" + std::to_string(i);
      connect({}, name);
      ASSERT_EQ(state(name), "up") << "a handshake of somebody else comes about meanwhile";
    }
  }
  EXPECT_GE(number("half_open"), 1000u);
  net.advance(15s);
  EXPECT_EQ(number("half_open"), 0u) << "bounded in time";
  EXPECT_EQ(ask({"c", "uppercase"}), "HELLO");
}

TEST_F(secure_channel, what_begins_no_handshake_is_counted_and_answered_by_nothing) {
  auto link = a->connect(b_at);
  ASSERT_TRUE(link);
  for (std::size_t size : {0u, 1u, 31u, 65'536u})
    EXPECT_EQ((a->send({link->name, "api"}, std::string(size, 'x'), "me", true), said()), "nothing") << size;
  EXPECT_EQ(field(*b, "secure-channel-listener", "api", "refused"), "4");
  EXPECT_EQ(field(*b, "secure-channel-listener", "api", "half_open"), "0");
}

TEST_F(secure_channel, a_key_of_low_order_begins_no_handshake) {
  auto link = a->connect(b_at);
  ASSERT_TRUE(link);
  a->send({link->name, "api"}, std::string(32, '\0'), "me");
  EXPECT_EQ(field(*b, "secure-channel-listener", "api", "half_open"), "0");
}

} // namespace
} // namespace ockam::sim
