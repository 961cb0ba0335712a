// SPDX-License-Identifier: Apache-2.0
// Inlets and outlets of a configuration: another one while the node runs, all of it or nothing, and addresses that come late.
#include "portals/inlet.hpp"
#include "services/services.hpp"
#include "sim/support/node.hpp"

#include <gtest/gtest.h>

namespace ockam::sim {
namespace {

using namespace std::chrono_literals;

//   client ══ inlet `i` ── outlet ══ target, which the test plays; the node has a service `s`, by which is seen what took effect
class inlet_reload : public testing::Test {
 protected:
  static constexpr const char* target_at = "10.0.0.9:5432";
  static constexpr const char* old_at = "127.0.0.1:15432";
  static constexpr const char* new_at = "127.0.0.1:15433";

  inlet_reload() {
    config.name = "app";
    config.services = {{"s", "echo", {}}};
    config.items = {outlet(), inlet("i", old_at)};
  }

  static config_section outlet(option_texts keys = {}) {
    keys.emplace("to", target_at);
    return {"tcp-outlet", "outlet", std::move(keys)};
  }
  static config_section inlet(std::string name, const std::string& from, option_texts keys = {}) {
    if (!from.empty())
      keys.emplace("from", from);
    keys.emplace("to", "/service/outlet");
    return {"tcp-inlet", std::move(name), std::move(keys)};
  }

  static std::string field(node& n, const std::string& name, const std::string& of) {
    for (const auto& i : n.parts().facilities.find("tcp-inlet")->list())
      for (const auto& [key, value] : i.fields)
        if (i.name == name && key == of)
          return value;
    return "none";
  }
  /// Whether a new connection to there gets through.
  bool leads_through(const std::string& at) {
    auto c = net.dial(at);
    net.run();
    c.send("x");
    net.run();
    return target.accept().receive() == "x";
  }
  /// The configuration with this inlet in place of `i`, and another service.
  node_config with(config_section i) const {
    auto fresh = config;
    fresh.services = {{"s", "uppercase", {}}};
    fresh.items = {outlet(), std::move(i)};
    return fresh;
  }

  network net;
  node_config config;
  server& target = net.serve(target_at);
};

TEST_F(inlet_reload, a_busy_port_changes_nothing_at_all) {
  node app{net, config, standard_services()};
  net.advance(2s); // its inlets are up
  ASSERT_TRUE(app.failures().empty());
  node other{net, "other"};
  other.listen(new_at);
  auto c = net.dial(old_at);
  net.run();
  auto t = target.accept();
  auto failures = app.reload(with(inlet("i", new_at)));
  ASSERT_EQ(failures.size(), 1u);
  EXPECT_EQ(failures[0].section, "[tcp-inlet i]");
  EXPECT_EQ(failures[0].why.code, errc::address_in_use);
  EXPECT_EQ(app.board().find(address{"s"})->type, "echo");
  c.send("still there");
  net.run();
  EXPECT_EQ(t.receive(), "still there");
  EXPECT_EQ(field(app, "i", "from"), old_at);
  EXPECT_TRUE(leads_through(old_at));
}

TEST_F(inlet_reload, a_port_that_is_free_is_taken_and_the_other_one_left) {
  node app{net, config, standard_services()};
  net.advance(2s); // its inlets are up
  EXPECT_TRUE(app.reload(with(inlet("i", new_at))).empty());
  EXPECT_EQ(app.board().find(address{"s"})->type, "uppercase");
  EXPECT_TRUE(leads_through(new_at));
  EXPECT_FALSE(net.listening(old_at));
}

TEST_F(inlet_reload, what_was_taken_for_it_is_given_back_when_something_else_is_wrong) {
  node app{net, config, standard_services()};
  net.advance(2s); // its inlets are up
  node other{net, "other"};
  auto taken = other.listen();
  auto fresh = with(inlet("i", new_at));
  fresh.listeners.push_back({"main", "tcp", taken, {}});
  ASSERT_EQ(app.reload(fresh).size(), 1u);
  EXPECT_TRUE(leads_through(old_at));
  EXPECT_EQ(other.listen(new_at), new_at) << "nobody has it";
}

TEST_F(inlet_reload, one_that_changes_otherwise_keeps_its_port_and_nobody_gets_it_meanwhile) {
  config.items = {outlet(), inlet("i", "")};
  node app{net, config, standard_services()};
  net.advance(2s); // its inlets are up
  auto at = field(app, "i", "from");
  ASSERT_TRUE(net.listening(at));
  bool was_away = false;
  net.observe([&] { was_away = was_away || !net.listening(at); });
  EXPECT_TRUE(app.reload(with(inlet("i", "", {{"max-streams", "7"}}))).empty());
  net.observe({});
  EXPECT_FALSE(was_away);
  EXPECT_EQ(field(app, "i", "from"), at);
  EXPECT_TRUE(leads_through(at));
}

TEST_F(inlet_reload, streams_of_those_that_have_not_changed_go_on) {
  config.items.push_back(inlet("j", "127.0.0.1:15434"));
  node app{net, config, standard_services()};
  net.advance(2s); // its inlets are up
  auto c = net.dial("127.0.0.1:15434");
  net.run();
  auto t = target.accept();
  auto fresh = with(inlet("i", new_at));
  fresh.items.push_back(inlet("j", "127.0.0.1:15434"));
  EXPECT_TRUE(app.reload(fresh).empty());
  c.send("x");
  net.run();
  EXPECT_EQ(t.receive(), "x");
}

TEST_F(inlet_reload, two_change_their_ports_with_each_other) {
  config.items.push_back(inlet("j", new_at));
  node app{net, config, standard_services()};
  net.advance(2s); // its inlets are up
  auto fresh = config;
  fresh.items = {outlet(), inlet("i", new_at), inlet("j", old_at)};
  EXPECT_TRUE(app.reload(fresh).empty());
  EXPECT_EQ(field(app, "i", "from"), new_at);
  EXPECT_EQ(field(app, "j", "from"), old_at);
  EXPECT_TRUE(leads_through(old_at));
  EXPECT_TRUE(leads_through(new_at));
}

TEST_F(inlet_reload, another_name_takes_the_port_over_or_leaves_it_where_it_was) {
  node app{net, config, standard_services()};
  net.advance(2s); // its inlets are up
  auto wrong = with(inlet("j", old_at));
  wrong.items.push_back({"tcp-outlet", "second", {{"to", target_at}, {"tls", "yes"}, {"ca", "/nothere.pem"}}});
  EXPECT_EQ(app.reload(wrong).size(), 1u);
  EXPECT_EQ(field(app, "i", "from"), old_at);
  EXPECT_TRUE(leads_through(old_at));
  EXPECT_TRUE(app.reload(with(inlet("j", old_at))).empty());
  EXPECT_EQ(field(app, "i", "from"), "none");
  EXPECT_EQ(field(app, "j", "from"), old_at);
  EXPECT_TRUE(leads_through(old_at));
}

TEST_F(inlet_reload, one_that_goes_over_to_every_address_and_cannot_has_its_own_again) {
  node app{net, config, standard_services()};
  net.advance(2s); // its inlets are up
  node other{net, "other"};
  other.listen("0.0.0.0:15432");
  auto c = net.dial(old_at);
  net.run();
  auto t = target.accept();
  ASSERT_EQ(app.reload(with(inlet("i", "0.0.0.0:15432"))).size(), 1u);
  c.send("still there");
  net.run();
  EXPECT_EQ(t.receive(), "still there");
  EXPECT_TRUE(leads_through(old_at));
  other.stop();
  EXPECT_TRUE(app.reload(with(inlet("i", "0.0.0.0:15432"))).empty());
  EXPECT_TRUE(net.listening("0.0.0.0:15432"));
  EXPECT_FALSE(net.listening(old_at));
}

TEST_F(inlet_reload, keys_that_do_not_fit_together_and_files_that_are_not_there_change_nothing) {
  node app{net, config, standard_services()};
  net.advance(2s); // its inlets are up
  auto wrong = with(inlet("i", old_at, {{"allow", "I0000000000000000000000000000000000000000000000000000000000000000"}, {"skip-handshake", "yes"}}));
  wrong.items[0] = outlet({{"tls", "yes"}, {"ca", "/nothere.pem"}});
  auto failures = app.reload(wrong);
  ASSERT_EQ(failures.size(), 2u);
  EXPECT_EQ(failures[0].section, "[tcp-outlet outlet]");
  EXPECT_EQ(failures[1].section, "[tcp-inlet i]");
  EXPECT_EQ(app.board().find(address{"s"})->type, "echo");
  EXPECT_TRUE(leads_through(old_at));
}

// -- an address that the host has not yet ---------------------------------------------------------------

class late_inlet : public inlet_reload {
 protected:
  static constexpr const char* late_at = "10.9.0.1:15432";

  late_inlet() {
    net.without("10.9.0.1");
    config.items = {outlet(), inlet("i", late_at)};
  }
};

TEST_F(late_inlet, is_down_until_the_address_is_there) {
  node app{net, config, standard_services()};
  net.advance(2s); // its inlets are up
  EXPECT_TRUE(app.failures().empty());
  EXPECT_EQ(field(app, "i", "state"), "down");
  EXPECT_EQ(field(app, "i", "from"), late_at);
  EXPECT_NE(field(app, "i", "reason").find("Cannot assign requested address"), std::string::npos) << field(app, "i", "reason");
  net.advance(30s);
  EXPECT_EQ(field(app, "i", "state"), "down");
  net.with("10.9.0.1");
  net.advance(portal::inlet::pause);
  EXPECT_EQ(field(app, "i", "state"), "up") << field(app, "i", "reason");
  EXPECT_EQ(field(app, "i", "reason"), "");
  EXPECT_TRUE(leads_through(late_at));
}

TEST_F(late_inlet, comes_with_a_configuration_that_is_read_later_too) {
  auto before = config;
  before.items = {outlet(), inlet("i", old_at)};
  node app{net, before, standard_services()};
  EXPECT_TRUE(app.reload(config).empty());
  EXPECT_FALSE(net.listening(old_at));
  net.with("10.9.0.1");
  net.advance(2s);
  EXPECT_TRUE(leads_through(late_at));
}

TEST_F(late_inlet, is_an_error_where_the_operator_wants_that) {
  config.items = {outlet(), inlet("i", late_at, {{"retry", "no"}})};
  node app{net, config, standard_services()};
  net.advance(2s); // its inlets are up
  ASSERT_EQ(app.failures().size(), 1u);
  EXPECT_EQ(app.failures()[0].why.code, errc::address_unavailable);
}

TEST_F(late_inlet, is_given_up_when_its_section_is_gone_or_the_node_stops) {
  node app{net, config, standard_services()};
  net.advance(2s); // its inlets are up
  auto fresh = config;
  fresh.items = {outlet()};
  EXPECT_TRUE(app.reload(fresh).empty());
  net.with("10.9.0.1");
  net.advance(5s);
  EXPECT_FALSE(net.listening(late_at));
  net.without("10.9.0.1");
  EXPECT_TRUE(app.reload(config).empty());
  app.stop();
  net.with("10.9.0.1");
  net.advance(5s);
  EXPECT_FALSE(net.listening(late_at));
}

TEST_F(late_inlet, is_tried_again_also_when_the_port_is_taken_by_the_time_the_address_comes) {
  node app{net, config, standard_services()};
  net.advance(2s); // its inlets are up
  auto other = std::make_unique<node>(net, "other");
  net.with("10.9.0.1");
  other->listen(late_at);
  net.advance(3s);
  EXPECT_EQ(field(app, "i", "state"), "down");
  EXPECT_NE(field(app, "i", "reason").find("in use"), std::string::npos) << field(app, "i", "reason");
  other.reset();
  net.advance(3s);
  EXPECT_EQ(field(app, "i", "state"), "up");
}

TEST_F(late_inlet, made_at_the_prompt_waits_only_if_that_was_asked_for) {
  config.items = {outlet()};
  node app{net, config, standard_services()};
  net.advance(2s); // its inlets are up
  auto begin = [&](option_texts keys) {
    errc code = errc::ok;
    app.reactor().post([&] {
      auto begun = app.parts().facilities.find("tcp-inlet")->begin(inlet("i", late_at, std::move(keys)));
      code = begun ? errc::ok : begun.error().code;
    });
    net.run();
    return code;
  };
  EXPECT_EQ(begin({}), errc::address_unavailable);
  EXPECT_EQ(field(app, "i", "state"), "none");
  EXPECT_EQ(begin({{"retry", "yes"}}), errc::ok);
  EXPECT_EQ(field(app, "i", "state"), "down");
}

} // namespace
} // namespace ockam::sim
