// SPDX-License-Identifier: Apache-2.0
// What keeps a relay registered, through every loss; with nodes of this implementation, and with one that the test
// plays.
#include "sim/relays/support.hpp"
#include "sim/support/talker.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace ockam::sim {
namespace {

using namespace std::chrono_literals;

constexpr const char* relay_at = "/ip4/127.0.0.1/tcp/4000";

node_config relay_node_config() {
  node_config c;
  c.name = "relay";
  c.listeners.push_back({"main", "tcp", "127.0.0.1:4000", {}});
  return c;
}

config_section relay_section(std::string name, std::string at, std::string name_there = {}) {
  config_section s{"relay", std::move(name), {{"at", std::move(at)}}};
  if (!name_there.empty())
    s.keys["relay-address"] = std::move(name_there);
  return s;
}

node_config behind_config(std::vector<config_section> relays = {relay_section("db", relay_at)}) {
  node_config c;
  c.name = "behind";
  c.items = std::move(relays);
  return c;
}

//   behind ══▶ proxy (the test)
TEST(relay_by_proxy, its_own_connection_goes_by_way_of_the_proxy_of_routing) {
  network net;
  auto& proxy = net.serve("127.0.0.1:3128");
  auto c = behind_config();
  c.routing.proxy = "http://127.0.0.1:3128";
  node behind{net, c, services_with_relays()};
  net.run();
  ASSERT_TRUE(proxy.waiting());
  EXPECT_TRUE(proxy.accept().receive().starts_with("CONNECT 127.0.0.1:4000 "));
}

/// What the list of a node says of a relay.
struct relay_info {
  std::string state, last_error, remote_address, forwarding_route, worker_address, flow_control_id;
  std::uint64_t registrations = 0;
};

//   app ══▶ relay ◀══ behind, which nobody can dial
class relay_client_test : public testing::Test {
 protected:
  void start_relay_node() { relay.emplace(net, relay_node_config(), services_with_relays()); }
  void start_behind(std::vector<config_section> relays = {relay_section("db", relay_at)}) {
    behind.emplace(net, behind_config(std::move(relays)), services_with_relays());
  }
  void start_both() {
    start_relay_node();
    start_behind();
    net.run();
  }
  facility& relays() { return *behind->parts().facilities.find("relay"); }
  relay_info info(const std::string& name = "db", std::optional<node>* of = nullptr) {
    relay_info out;
    for (const auto& i : (of ? *of : behind)->parts().facilities.find("relay")->list())
      if (i.name == name) {
        std::map<std::string, std::string> fields{i.fields.begin(), i.fields.end()};
        out = {fields["state"], fields["reason"], fields["remote_address"], fields["forwarding_route"],
               fields["worker_address"], fields["flow_control_id"], std::stoull(fields["registrations"])};
      }
    return out;
  }
  std::string state(const std::string& name = "db") { return info(name).state; }
  std::size_t relays_at(std::optional<node>& n) {
    std::size_t count = 0;
    n->board().each([&](const address&, const worker_entry& e) { count += e.type == "relay"; });
    return count;
  }
  /// What comes back for `body` through the relay, to a peer of the relay node.
  std::string ask(const route& to, const std::string& body = bare_text("x")) {
    talker app{net, "127.0.0.1:4000"};
    app.end.send(frame(to, {"me"}, body, true));
    app.drain();
    return app.frames.empty()                 ? "nothing"
           : app.frames.back().extras.empty() ? app.frames.back().body
                                              : app.frames.back().extras;
  }
  bool works(const std::string& relay_name = "forward_to_db") {
    return ask({relay_name, "uppercase"}) == bare_text("X");
  }

  network net;
  std::optional<node> relay, behind;
};

TEST_F(relay_client_test, a_node_that_only_dials_out_is_reached_by_its_relay) {
  start_both();
  EXPECT_EQ(state(), "up");
  EXPECT_TRUE(works());
  auto i = info();
  EXPECT_EQ(i.remote_address, "forward_to_db");
  EXPECT_TRUE(i.forwarding_route.starts_with("0#") && i.forwarding_route.ends_with(" => 0#forward_to_db")) << i.forwarding_route;
  EXPECT_EQ(i.flow_control_id.size(), 32u);
  EXPECT_EQ(i.registrations, 1u);
}

TEST_F(relay_client_test, what_comes_through_reaches_what_is_allowed_and_hops_started_by_name) {
  start_both();
  behind->start("secret", std::make_unique<mailbox>());
  behind->board().find(address{"secret"})->consumer_of = {behind->context().flows.services};
  EXPECT_NE(ask({"forward_to_db", "secret"}).find("refused"), std::string::npos);
  EXPECT_NE(ask({"forward_to_db", "hop", "uppercase"}).find("refused"), std::string::npos);
  behind->start("hop");
  EXPECT_EQ(ask({"forward_to_db", "hop", "uppercase"}), bare_text("X"));
}

TEST_F(relay_client_test, a_relay_may_allow_other_workers) {
  start_relay_node();
  auto s = relay_section("db", relay_at);
  s.keys["allow"] = "uppercase";
  start_behind({s});
  EXPECT_TRUE(works());
  EXPECT_NE(ask({"forward_to_db", "echo"}).find("refused"), std::string::npos);
}

TEST_F(relay_client_test, a_node_has_several_relays_and_the_name_there_may_be_another) {
  start_relay_node();
  start_behind({relay_section("a", relay_at), relay_section("b", relay_at, "custom")});
  EXPECT_TRUE(works("forward_to_a"));
  EXPECT_TRUE(works("forward_to_custom"));
  EXPECT_EQ(info("b").remote_address, "forward_to_custom");
  EXPECT_EQ(relays_at(relay), 2u);
}

TEST_F(relay_client_test, the_relay_node_may_be_started_later) {
  start_behind();
  net.advance(30s);
  EXPECT_EQ(state(), "down");
  EXPECT_NE(info().last_error, "");
  start_relay_node();
  net.advance(5s);
  EXPECT_EQ(state(), "up");
  EXPECT_EQ(info().last_error, "");
  EXPECT_TRUE(works());
}

TEST_F(relay_client_test, a_lost_link_is_made_again_and_the_relay_registered_within_seconds) {
  start_both();
  for (int i = 0; i < 50; ++i) {
    net.advance(3s);
    ASSERT_EQ(net.cut("127.0.0.1:4000"), 1u);
    net.run();
    EXPECT_NE(state(), "connecting");
    net.advance(5s);
    ASSERT_EQ(state(), "up") << i << " " << info().last_error;
  }
  EXPECT_EQ(info().registrations, 51u);
  EXPECT_EQ(relays_at(relay), 1u);
  EXPECT_TRUE(works());
}

TEST_F(relay_client_test, is_back_within_seconds_when_the_relay_node_has_restarted) {
  start_both();
  relay.reset();
  net.advance(20s);
  EXPECT_EQ(state(), "down");
  start_relay_node();
  net.advance(5s);
  EXPECT_EQ(state(), "up");
  EXPECT_TRUE(works());
}

TEST_F(relay_client_test, is_there_again_when_its_own_node_has_restarted) {
  start_both();
  for (int i = 0; i < 3; ++i) {
    behind.reset();
    start_behind();
    net.advance(2s);
    EXPECT_TRUE(works());
  }
  EXPECT_EQ(relays_at(relay), 1u);
}

TEST_F(relay_client_test, is_registered_again_when_the_relay_node_has_lost_it) {
  start_both();
  ASSERT_TRUE(relay->workers().stop(address{"forward_to_db"}));
  net.advance(3s);
  EXPECT_EQ(state(), "up");
  EXPECT_TRUE(works());
  ASSERT_TRUE(relay->workers().stop(address{"forwarding_service"}));
  net.advance(10s);
  EXPECT_EQ(state(), "down");
  relay->start("forwarding_service");
  net.advance(5s);
  EXPECT_TRUE(works());
}

TEST_F(relay_client_test, another_node_that_takes_the_name_keeps_it_and_when_it_goes_this_one_is_back) {
  start_both();
  std::optional<node> second;
  auto c = behind_config();
  c.name = "second";
  second.emplace(net, c, services_with_relays());
  net.advance(10s);
  EXPECT_EQ(state(), "down");
  EXPECT_EQ(info().last_error, "another node has registered this name");
  EXPECT_EQ(info("db", &second).state, "up");
  EXPECT_EQ(info("db", &second).registrations, 1u);
  net.advance(60s);
  EXPECT_EQ(info("db", &second).registrations, 1u) << "they do not fight";
  second.reset();
  net.advance(5s);
  EXPECT_EQ(state(), "up");
  EXPECT_TRUE(works());
}

TEST_F(relay_client_test, makes_its_connection_anew_when_somebody_has_ended_that) {
  start_both();
  ASSERT_TRUE(behind->lasting().remove(behind->tcp(), behind->link().worker_address));
  net.advance(5s);
  EXPECT_EQ(state(), "up");
  EXPECT_TRUE(works());
}

TEST_F(relay_client_test, its_connection_is_nobody_elses) {
  start_both();
  EXPECT_FALSE(behind->dial().allows(address{transport_type::tcp, "127.0.0.1:4000"}));
  behind->send({address{transport_type::tcp, "127.0.0.1:4000"}, "echo"}, "x");
  net.run();
  EXPECT_EQ(behind->connections(), 2u);
}

TEST_F(relay_client_test, one_that_is_removed_is_gone_at_the_relay_node_too) {
  start_both();
  ASSERT_TRUE(relays().end("db"));
  net.advance(2s);
  EXPECT_EQ(relays_at(relay), 0u);
  EXPECT_EQ(behind->connections(), 0u);
  EXPECT_TRUE(relays().list().empty());
  EXPECT_EQ(relays().end("db").error().code, errc::not_found);
}

TEST_F(relay_client_test, goes_by_a_connection_that_is_named_and_under_its_rules) {
  start_relay_node();
  auto c = behind_config({relay_section("db", "/worker/to-relay")});
  c.connections.push_back({"to-relay", "tcp", "127.0.0.1:4000", {"echo"}});
  behind.emplace(net, c, services_with_relays());
  net.advance(3s);
  EXPECT_EQ(state(), "up");
  EXPECT_EQ(behind->connections(), 1u);
  EXPECT_EQ(ask({"forward_to_db", "echo"}, "y"), "y");
  EXPECT_NE(ask({"forward_to_db", "uppercase"}).find("refused"), std::string::npos);
  net.cut("127.0.0.1:4000");
  net.advance(5s);
  EXPECT_EQ(state(), "up");
  EXPECT_EQ(ask({"forward_to_db", "echo"}, "y"), "y");
}

TEST_F(relay_client_test, a_relay_to_itself_is_a_relay) {
  auto c = behind_config();
  c.listeners = relay_node_config().listeners;
  behind.emplace(net, c, services_with_relays());
  net.advance(5s);
  EXPECT_EQ(state(), "up");
  EXPECT_TRUE(works());
}

//   relay ◀══ behind: db at relay, and back at behind, through db
TEST_F(relay_client_test, a_relay_through_another_relay_of_the_same_node_is_a_circle_that_ends) {
  start_relay_node();
  auto db = relay_section("db", relay_at), back = relay_section("back", std::string{relay_at} + "/service/forward_to_db");
  db.keys["allow"] = "echo, uppercase, forwarding_service, static_forwarding_service";
  start_behind({db, back});
  net.advance(20s);
  EXPECT_EQ(state("db"), "up");
  EXPECT_EQ(state("back"), "up") << info("back").last_error;
  EXPECT_EQ(relays_at(behind), 1u);
  auto before = relay->board().deliveries();
  behind->send({"forward_to_back", "forward_to_back", "forward_to_back", "uppercase"}, bare_text("x"), "nobody", true);
  net.run();
  EXPECT_LT(relay->board().deliveries() - before, 100u);
  net.advance(10min);
  EXPECT_EQ(relays_at(behind), 1u);
  EXPECT_EQ(info("db").registrations, 1u);
  EXPECT_EQ(info("back").registrations, 1u);
  EXPECT_EQ(behind->budget().used(), 0u);
  EXPECT_EQ(relay->budget().used(), 0u);
}

TEST_F(relay_client_test, a_name_that_is_refused_says_why) {
  start_relay_node();
  relay->start("forward_to_db", std::make_unique<mailbox>());
  start_behind();
  net.advance(10s);
  EXPECT_EQ(state(), "down");
  EXPECT_NE(info().last_error.find("taken by a worker of type test"), std::string::npos) << info().last_error;
}

TEST_F(relay_client_test, who_waits_is_told_when_it_is_up_or_has_failed_or_is_removed) {
  start_behind();
  net.run();
  int told = 0;
  relays().when_settled("db", 5s, [&] { ++told; });
  EXPECT_EQ(told, 1) << "it has failed";
  start_relay_node();
  net.swallow("127.0.0.1:4009");
  ASSERT_TRUE(relays().begin(relay_section("late", "/ip4/127.0.0.1/tcp/4009")));
  relays().when_settled("late", 5s, [&] { ++told; });
  net.advance(4s);
  EXPECT_EQ(told, 1);
  net.advance(2s);
  EXPECT_EQ(told, 2);
  relays().when_settled("late", 1h, [&] { ++told; });
  ASSERT_TRUE(relays().end("late"));
  EXPECT_EQ(told, 3);
  relays().when_settled("late", 1h, [&] { ++told; });
  EXPECT_EQ(told, 4) << "there is none";
}

TEST_F(relay_client_test, a_reload_adds_changes_and_ends_relays_and_leaves_the_others) {
  start_relay_node();
  start_behind({relay_section("stays", relay_at), relay_section("goes", relay_at), relay_section("changes", relay_at, "before")});
  EXPECT_TRUE(works("forward_to_before"));
  EXPECT_TRUE(
    behind->reload(behind_config({relay_section("stays", relay_at), relay_section("changes", relay_at, "after"), relay_section("comes", relay_at)}))
      .empty());
  net.advance(3s);
  EXPECT_TRUE(works("forward_to_stays"));
  EXPECT_EQ(info("stays").registrations, 1u);
  EXPECT_TRUE(works("forward_to_after"));
  EXPECT_TRUE(works("forward_to_comes"));
  EXPECT_EQ(relays_at(relay), 3u);
}

TEST_F(relay_client_test, a_reload_with_a_name_that_the_prompt_has_taken_changes_nothing) {
  start_relay_node();
  start_behind({relay_section("one", relay_at)});
  ASSERT_TRUE(relays().begin(relay_section("two", relay_at)));
  auto failures = behind->reload(behind_config({relay_section("two", relay_at, "other")}));
  ASSERT_EQ(failures.size(), 1u);
  EXPECT_EQ(failures[0].section, "[relay two]");
  net.advance(2s);
  EXPECT_TRUE(works("forward_to_one"));
  EXPECT_TRUE(works("forward_to_two"));
}

TEST_F(relay_client_test, ends_with_its_node_in_the_middle_of_everything) {
  auto& silent = net.serve("127.0.0.1:4000");
  start_behind();
  net.run();
  ASSERT_TRUE(silent.waiting());
  auto end = silent.accept();
  end.send(preamble);
  net.run();
  EXPECT_EQ(state(), "connecting");
  behind.reset();
  EXPECT_TRUE(end.closed_by_peer());
}

TEST_F(relay_client_test, keeps_nothing_of_what_it_has_sent) {
  start_both();
  net.advance(10min);
  EXPECT_EQ(behind->budget().used(), 0u);
  EXPECT_EQ(relay->budget().used(), 0u);
  EXPECT_LE(behind->board().find(address{info().worker_address})->consumer_of.size(), 2u);
}

// -- over every transport ------------------------------------------------------------------------------

struct transport_case {
  std::string name, listens_at, route;
};

class relay_over : public relay_client_test, public testing::WithParamInterface<transport_case> {};

INSTANTIATE_TEST_SUITE_P(transports, relay_over,
                         testing::Values(transport_case{"uds", "/run/relay.sock", "/unix/%2Frun%2Frelay.sock"},
                                         transport_case{"ws", "127.0.0.1:4100", "/ip4/127.0.0.1/tcp/4100/ws"},
                                         transport_case{"udp", "127.0.0.1:4200", "/ip4/127.0.0.1/udp/4200"},
                                         transport_case{"caf", "127.0.0.1:4300", "/ip4/127.0.0.1/caf/4300"}),
                         [](const auto& which) { return which.param.name; });

TEST_P(relay_over, a_node_is_reached_by_its_relay_and_again_after_a_restart_of_the_relay_node) {
  const auto& t = GetParam();
  auto start = [&] {
    auto c = relay_node_config();
    c.listeners.push_back({"other", t.name, t.listens_at, {"services"}});
    relay.emplace(net, c, services_with_relays());
  };
  start();
  start_behind({relay_section("db", t.route)});
  net.advance(5s);
  EXPECT_EQ(state(), "up") << info().last_error;
  EXPECT_TRUE(works());
  relay.reset();
  net.advance(20s);
  EXPECT_EQ(state(), "down");
  start();
  net.advance(10s);
  EXPECT_EQ(state(), "up") << info().last_error;
  EXPECT_TRUE(works());
}

// -- a relay node of another implementation, or one that is dying: the test ----------------------------

class played_relay_node : public relay_client_test {
 protected:
  /// Takes the connection of the node behind, and answers the registration.
  void answer_registration(const std::string& extras) {
    net.run();
    ASSERT_TRUE(place.waiting());
    end.emplace(place.accept());
    end->send(preamble);
    in.clear();
    greeted = false;
    auto asked = take();
    ASSERT_EQ(asked.size(), 1u);
    EXPECT_EQ(asked[0].onward, route{"static_forwarding_service"});
    EXPECT_EQ(asked[0].back.size(), 1u);
    EXPECT_EQ(asked[0].body, bare_text("db"));
    route_header h;
    h.append_return(address{"forward_to_db"});
    h.append_onward(asked[0].back.front());
    end->send(frame(h, bare_text("forward_to_db"), extras));
    net.run();
  }
  std::vector<received_frame> take() {
    net.run();
    in += end->receive();
    if (!greeted && !in.empty()) {
      in.erase(0, 1);
      greeted = true;
    }
    return take_frames(in);
  }
  void answer(const std::vector<received_frame>& pings) {
    for (const auto& p : pings)
      end->send(frame(p.back, p.onward, p.body));
    net.run();
  }

  server& place = net.serve("127.0.0.1:4000");
  std::optional<client> end;
  std::string in;
  bool greeted = false;
};

TEST_F(played_relay_node, of_another_implementation_is_pinged_as_the_reference_does_at_0_10_and_20_seconds) {
  start_behind();
  answer_registration("{}");
  EXPECT_EQ(state(), "up");
  for (int i = 0; i < 7; ++i) {
    auto pings = take();
    ASSERT_EQ(pings.size(), 1u) << i;
    EXPECT_EQ(pings[0].onward, route{"echo"});
    EXPECT_EQ(pings[0].back.size(), 1u);
    EXPECT_EQ(pings[0].body.size(), 9u);
    answer(pings);
    net.advance(9s);
    EXPECT_TRUE(take().empty());
    net.advance(1s);
  }
  EXPECT_EQ(state(), "up");
}

TEST_F(played_relay_node, three_pings_without_an_answer_are_the_end_and_a_new_connection_follows) {
  start_behind();
  answer_registration("{}");
  net.advance(29s);
  EXPECT_EQ(take().size(), 3u);
  EXPECT_EQ(state(), "up");
  net.advance(1s);
  EXPECT_TRUE(end->closed_by_peer());
  answer_registration("{}");
  EXPECT_EQ(state(), "up");
}

TEST_F(played_relay_node, of_ours_that_dies_without_a_word_is_noticed_within_8_seconds) {
  start_behind();
  answer_registration("");
  for (int i = 0; i < 5; ++i) {
    auto pings = take();
    ASSERT_EQ(pings.size(), 2u);
    EXPECT_EQ(pings[0].onward, route{"echo"});
    ASSERT_EQ(pings[1].onward.size(), 2u);
    EXPECT_EQ(pings[1].onward.front(), address{"forward_to_db"});
    end->send(frame({pings[1].onward.back()}, pings[1].back, pings[1].body)); // as the relay would
    answer({pings[0]});
    EXPECT_EQ(state(), "up");
    net.advance(2s);
  }
  net.advance(8s);
  EXPECT_NE(state(), "up");
}

TEST_F(played_relay_node, that_does_not_answer_a_registration_is_asked_again) {
  start_behind();
  net.run();
  end.emplace(place.accept());
  end->send(preamble);
  net.advance(20s);
  EXPECT_EQ(state(), "down");
  EXPECT_NE(info().last_error.find("no answer"), std::string::npos);
  EXPECT_GE(take().size(), 3u);
}

TEST_F(played_relay_node, cannot_make_a_relay_up_with_an_answer_for_another_name) {
  start_behind();
  net.run();
  end.emplace(place.accept());
  end->send(preamble);
  auto asked = take();
  for (std::string body :
       {bare_text("forward_to_other"), std::string{}, std::string{"\xff\xff\xff\xff\x0f"}, std::string(100'000, 'x')}) {
    end->send(frame({asked[0].back.front()}, {"forward_to_other"}, body));
    net.run();
  }
  end->send(frame({asked[0].back.front()}, {}, bare_text("forward_to_db")));
  net.run();
  EXPECT_EQ(state(), "connecting");
}

} // namespace
} // namespace ockam::sim
