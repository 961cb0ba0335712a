// SPDX-License-Identifier: Apache-2.0
// Relays and services that go through channels, identities of single channels, and what is said anew in open ones.
#include "sim/channels/channel_fixture.hpp"

#include "identity/file_vault.hpp"
#include "identity/private_file.hpp"
#include "runtime/core/hex.hpp"
#include "runtime/workers/channel_ways.hpp"

#include <cstdlib>
#include <filesystem>

namespace ockam::sim {
namespace {

namespace ids = identities;
using namespace std::chrono_literals;

ids::timestamp now() {
  auto since = std::chrono::system_clock::now().time_since_epoch();
  return static_cast<ids::timestamp>(std::chrono::duration_cast<std::chrono::seconds>(since).count());
}

//   a (behind) ══ channel ══▶ b (relay node) ◀── c (sender, or thief)
class channel_users : public secure_channel {
 protected:
  channel_users() {
    c.emplace(net, config_of("c", ""), services_with_relays(), id_c);
  }
  std::string relay(node& n, const std::string& name, const std::string& at, const std::string& there = "db") {
    return begin(n, "relay", name, {{"at", at}, {"relay-address", there}});
  }
  std::string relay_state(node& n, const std::string& name = "db") { return field(n, "relay", name, "state"); }

  static constexpr const char* secure_at = "/ip4/127.0.0.1/tcp/4000/secure/api";
  static constexpr const char* plain_at = "/ip4/127.0.0.1/tcp/4000";
  channels::identity_ptr id_c = somebody();
  std::optional<node> c;
};

TEST_F(channel_users, a_relay_through_a_channel_belongs_to_who_has_proved_to_be_it) {
  ASSERT_EQ(relay(*a, "db", secure_at), "");
  ASSERT_TRUE(within(2s, [&] { return relay_state(*a) == "up"; })) << field(*a, "relay", "db", "reason");
  ASSERT_EQ(relay(*c, "thief", plain_at), "");
  ASSERT_EQ(relay(*c, "thief-2", secure_at), "");
  net.advance(10s);
  EXPECT_EQ(relay_state(*c, "thief"), "down");
  EXPECT_EQ(relay_state(*c, "thief-2"), "down");
  EXPECT_EQ(relay_state(*a), "up");
}

TEST_F(channel_users, a_relay_is_registered_anew_within_5_s_after_its_node_has_started_again) {
  ASSERT_EQ(relay(*a, "db", secure_at), "");
  ASSERT_TRUE(within(2s, [&] { return relay_state(*a) == "up"; }));
  b.reset();
  ASSERT_TRUE(within(5s, [&] { return relay_state(*a) == "down"; }));
  start_b();
  EXPECT_TRUE(within(5s, [&] { return relay_state(*a) == "up"; })) << field(*a, "relay", "db", "reason");
  EXPECT_EQ(field(*a, "relay", "db", "registrations"), "2");
}

TEST_F(channel_users, a_relay_ends_with_its_channel) {
  ASSERT_EQ(relay(*a, "db", secure_at), "");
  ASSERT_TRUE(within(2s, [&] { return relay_state(*a) == "up"; }));
  EXPECT_EQ(field(*b, "secure-channel-listener", "api", "channels"), "1");
  end(*a, "relay", "db");
  net.advance(2s);
  EXPECT_EQ(field(*b, "secure-channel-listener", "api", "channels"), "0");
}

/// Sends on what it gets from this node, through a channel to `who` of node b.
class sender final : public worker {
  void on_message(message_ptr m) override {
    if (!m->identity()) // else an answer
      send(through_channels(*this, "/ip4/127.0.0.1/tcp/4000/secure/api/service/who"), text_payload(m->text().value_or("")));
  }
};

TEST_F(channel_users, a_service_has_one_channel_for_one_route_which_ends_with_it) {
  (void)b->board().allow(b->context().flows.services, address{"who"});
  a->start("sender", std::make_unique<sender>());
  for (int i = 0; i < 3; ++i)
    a->send({address{"sender"}}, bare_text("hello"), "me");
  EXPECT_TRUE(within(2s, [&] { return field(*b, "secure-channel-listener", "api", "channels") == "1"; }));
  EXPECT_EQ(field(*b, "secure-channel-listener", "api", "opened"), "1");
  a->reactor().post([&] { (void)a->workers().stop(address{"sender"}); });
  net.run();
  EXPECT_TRUE(within(3s, [&] { return field(*b, "secure-channel-listener", "api", "channels") == "0"; }));
}

/// Sends on what it gets from this node to `who`, where only `whom` may be at the other end; keeps what comes back.
class careful_sender final : public worker {
 public:
  careful_sender(std::string whom, std::string& came) : whom_{std::move(whom)}, came_{came} {}
  void on_message(message_ptr m) override {
    if (m->header.get_report() || m->identity())
      came_ = m->header.get_report() ? "report" : std::string{m->text().value_or("")};
    else
      send(through_channels(*this, "/ip4/127.0.0.1/tcp/4000/secure/api/service/who", {.authorized = whom_}), text_payload(m->text().value_or("")));
  }

 private:
  std::string whom_;
  std::string& came_;
};

TEST_F(channel_users, a_service_says_who_has_to_be_at_the_other_end) {
  (void)b->board().allow(b->context().flows.services, address{"who"});
  std::string came_from_b, came_from_c;
  a->start("for-b", std::make_unique<careful_sender>(id_b->name(), came_from_b));
  a->start("for-c", std::make_unique<careful_sender>(id_c->name(), came_from_c));
  a->send({address{"for-b"}}, bare_text("hello"), "me");
  a->send({address{"for-c"}}, bare_text("hello"), "me");
  net.advance(3s);
  EXPECT_EQ(came_from_b, id_a->name());
  EXPECT_EQ(came_from_c, "");
  EXPECT_EQ(field(*b, "secure-channel-listener", "api", "opened"), "1");
}

TEST_F(channel_users, a_relay_is_not_registered_at_somebody_else_than_it_is_for) {
  ASSERT_EQ(begin(*a, "relay", "db", {{"at", secure_at}, {"authorized", id_c->name()}}), "");
  ASSERT_TRUE(within(6s, [&] { return relay_state(*a) == "down"; }));
  EXPECT_NE(field(*a, "relay", "db", "reason").find("is not authorized"), std::string::npos) << field(*a, "relay", "db", "reason");
  EXPECT_EQ(b->board().find(address{"forward_to_db"}), nullptr);
  ASSERT_EQ(begin(*a, "relay", "db2", {{"at", secure_at}, {"authorized", id_b->name()}}), "");
  EXPECT_TRUE(within(2s, [&] { return relay_state(*a, "db2") == "up"; }));
  EXPECT_NE(begin(*a, "relay", "db3", {{"at", plain_at}, {"authorized", id_b->name()}}).find("names none"), std::string::npos);
}

TEST_F(channel_users, an_identity_has_its_share_of_relays_however_many_channels_it_makes) {
  b.reset();
  auto few = config_of("b", b_at);
  few.limit.max_relays_per_peer = 3;
  b.emplace(net, few, services_with_relays(), id_b);
  for (int i = 0; i < 5; ++i)
    ASSERT_EQ(relay(*a, "r" + std::to_string(i), secure_at, "r" + std::to_string(i)), "");
  net.advance(3s);
  std::size_t up = 0;
  for (int i = 0; i < 5; ++i)
    up += relay_state(*a, "r" + std::to_string(i)) == "up";
  EXPECT_EQ(up, 3u);
  ASSERT_EQ(relay(*c, "other", secure_at, "other"), "");
  EXPECT_TRUE(within(2s, [&] { return relay_state(*c, "other") == "up"; })) << "somebody else has his own";
}

TEST_F(channel_users, an_order_of_a_channel_is_checked) {
  auto order = [&](const std::string& text) {
    a->send({address{std::string{channel_maker_address}}}, bare_text(text), "me", true);
    return said();
  };
  std::string e(32, 'a');
  for (const auto& bad : {std::string{}, e, e + "\n" + secure_at, "me\n" + std::string{secure_at} + "\n", e + "\n/service/api\n", e + "\nnothing\n",
                          e + "\n" + secure_at + "\nnobody", e + "\n" + secure_at + "\n\n", e + "\n" + secure_at + "\n\nnobody"}) {
    got->clear();
    EXPECT_NE(order(bad), "nothing") << bad;
  }
  got->clear();
  EXPECT_EQ(order(e + "\n" + secure_at + "\n"), "nothing") << "one that is right is not answered";
}

TEST_F(channel_users, routes_of_services_are_checked_and_named_the_same_again) {
  auto one = order_channels(address{"me"}, "/service/hop/secure/api/service/echo", {}), same = order_channels(address{"me"}, "/service/hop/secure/api/service/other", {});
  ASSERT_TRUE(one && same);
  ASSERT_EQ(one->to.size(), 2u);
  EXPECT_EQ(one->to.front(), same->to.front());
  EXPECT_NE(one->to.front(), order_channels(address{"you"}, "/service/hop/secure/api/service/echo", {})->to.front());
  EXPECT_NE(one->to.front(), order_channels(address{"me"}, "/service/hop/secure/api/service/echo", {.identity = "second"})->to.front());
  EXPECT_EQ(one->body, one->to.front().name + "\n/service/hop/secure/api\n");
  EXPECT_EQ(order_channels(address{"me"}, "/service/echo", {})->body, "");
  for (const auto* bad : {"", "nothing", "/secure/api", "/service/hop/secure/api"})
    EXPECT_FALSE(order_channels(address{"me"}, bad, {})) << bad;
  auto only = order_channels(address{"me"}, "/service/hop/secure/api/service/echo", {.authorized = "I1, I2"});
  ASSERT_TRUE(only);
  EXPECT_NE(one->to.front(), only->to.front()) << "another channel";
  EXPECT_EQ(only->body, only->to.front().name + "\n/service/hop/secure/api\n\nI1, I2");
  EXPECT_FALSE(order_channels(address{"me"}, "/service/hop/secure/api/service/echo", {.authorized = ""})) << "that is not anybody";
  EXPECT_FALSE(order_channels(address{"me"}, "/service/echo", {.authorized = "I1"})) << "nothing shows who is there";
}

/// An identity in files, which can be rotated and be told a credential.
class in_files : public channel_users {
 protected:
  in_files() {
    std::string name = std::filesystem::temp_directory_path() / "ockam-channels-XXXXXX";
    folder = ::mkdtemp(name.data());
    config = {folder + "/vault", folder + "/history", {}};
    who = *channels::node_identity::load(config, now());
  }
  ~in_files() override { std::filesystem::remove_all(folder); }

  ids::memory_vault issuer_keys;
  ids::identity issuer = *ids::create_identity(issuer_keys, ids::key_type::ed25519, now());
  std::string credential(const std::string& role) {
    auto subject = ids::history_file::read(config.history);
    auto key = ids::make_issuing_key(issuer_keys, issuer, ids::key_type::ed25519, now());
    return to_hex(encode(*ids::issue(issuer_keys, *key, *subject, {{"role", role}}, now(), 3600)));
  }
  void write(const std::string& path, std::string text) {
    text += "\n";
    ASSERT_TRUE(ids::private_file::replace(path, std::as_bytes(std::span{text})));
  }

  std::string folder;
  identity_config config;
  channels::identity_ptr who;
};

TEST_F(in_files, a_credential_is_shown_verified_and_shown_anew) {
  auto authority = to_hex(issuer.exported());
  config.credential_file = folder + "/credential";
  write(config.credential_file, credential("reader"));
  who = *channels::node_identity::load(config, now());
  b.reset();
  id_b = who;
  start_b();
  connect({{"authority", authority}});
  ASSERT_TRUE(within(2s, [&] { return state() == "up"; }));
  auto told = [&] { return field(*a, "secure-channel", "c", "their_credentials"); };
  EXPECT_EQ(told(), to_string(issuer.id()) + " role=reader");
  connect({}, "not-looking");
  ASSERT_TRUE(within(2s, [&] { return state("not-looking") == "up"; }));
  EXPECT_EQ(field(*a, "secure-channel", "not-looking", "their_credentials"), "");
  connect({{"authority", to_hex(ids::create_identity(issuer_keys, ids::key_type::ed25519, now())->exported())}}, "of-another");
  ASSERT_TRUE(within(2s, [&] { return state("of-another") == "up"; }));
  EXPECT_EQ(field(*a, "secure-channel", "of-another", "their_credentials"), "") << "a handshake does not fail by it";

  write(config.credential_file, credential("writer"));
  b->refresh_identities();
  EXPECT_EQ(told(), to_string(issuer.id()) + " role=writer");
  write(config.credential_file, "no credential");
  b->refresh_identities();
  EXPECT_EQ(told(), to_string(issuer.id()) + " role=writer") << "what cannot be read changes nothing";
}

TEST_F(in_files, a_changed_key_is_told_in_open_channels_and_had_by_new_ones) {
  b.reset();
  id_b = who;
  start_b();
  connect();
  ASSERT_TRUE(within(2s, [&] { return state() == "up"; }));
  auto keys = *ids::file_vault::open(config.vault, nullptr);
  auto before = *ids::history_file::read(config.history);
  auto after = *ids::rotate(*keys, before, ids::key_type::ed25519, now());
  ASSERT_TRUE(ids::history_file::write(config.history, after));
  ASSERT_TRUE(keys->remove(before.latest().data.key));
  b->refresh_identities();
  EXPECT_EQ(field(*a, "secure-channel", "c", "their_change_history"), to_hex(after.exported()));
  EXPECT_EQ(ask({address{"c"}, address{"uppercase"}}), "HELLO");
  connect({}, "second");
  ASSERT_TRUE(within(2s, [&] { return state("second") == "up"; }));
  EXPECT_EQ(field(*a, "secure-channel", "second", "their_change_history"), to_hex(after.exported()));
}

TEST_F(in_files, a_channel_and_a_listener_have_the_identity_of_their_section) {
  auto name = who->name();
  option_texts keys{{"vault", config.vault}, {"history", config.history}};
  ASSERT_EQ(begin(*a, "channel-identity", "second", keys), "");
  ASSERT_EQ(begin(*b, "channel-identity", "second", keys), "");
  ASSERT_EQ(begin(*b, "secure-channel-listener", "as-second", {{"identity", "second"}}), "");
  ASSERT_EQ(begin(*b, "secure-channel-listener", "for-second", {{"authorized", name}}), "");
  EXPECT_EQ(field(*b, "secure-channel-listener", "as-second", "identifier"), name);
  connect({{"to", "/ip4/127.0.0.1/tcp/4000/service/as-second"}, {"authorized", name}});
  ASSERT_TRUE(within(2s, [&] { return state() == "up"; })) << field(*a, "secure-channel", "c", "reason");
  connect({{"to", "/ip4/127.0.0.1/tcp/4000/service/for-second"}, {"identity", "second"}}, "as");
  ASSERT_TRUE(within(2s, [&] { return state("as") == "up"; })) << field(*a, "secure-channel", "as", "reason");
  EXPECT_EQ(field(*a, "secure-channel", "as", "identifier"), name);
  EXPECT_NE(begin(*a, "secure-channel", "x", {{"to", to_api}, {"identity", "third"}}), "");
  ASSERT_EQ(begin(*a, "channel-identity", "third", {{"vault", folder + "/none"}, {"history", folder + "/none.identity"}}), "");
  EXPECT_NE(field(*a, "channel-identity", "third", "reason").find(folder + "/none"), std::string::npos) << "which file is missing";
  EXPECT_FALSE(std::filesystem::exists(folder + "/none")) << "nobody has asked for a vault";
}

TEST_F(in_files, a_section_of_an_identity_that_comes_again_is_had_by_who_began_with_it) {
  auto authority = to_hex(issuer.exported());
  option_texts keys{{"vault", config.vault}, {"history", config.history}, {"credential-file", folder + "/credential"}};
  write(folder + "/credential", credential("reader"));
  write(folder + "/other", credential("writer"));
  ASSERT_EQ(begin(*b, "channel-identity", "second", keys), "");
  ASSERT_EQ(begin(*b, "secure-channel-listener", "as-second", {{"identity", "second"}}), "");
  option_texts to{{"to", "/ip4/127.0.0.1/tcp/4000/service/as-second"}, {"authority", authority}};
  connect(to);
  ASSERT_TRUE(within(2s, [&] { return state() == "up"; }));
  auto told = [&](const std::string& name) { return field(*a, "secure-channel", name, "their_credentials"); };
  ASSERT_EQ(told("c"), to_string(issuer.id()) + " role=reader");

  keys["credential-file"] = folder + "/other"; // as a reload does it
  end(*b, "channel-identity", "second");
  ASSERT_EQ(begin(*b, "channel-identity", "second", keys), "");
  EXPECT_EQ(told("c"), to_string(issuer.id()) + " role=writer") << "the open channel has told it";
  connect(to, "new");
  ASSERT_TRUE(within(2s, [&] { return state("new") == "up"; }));
  EXPECT_EQ(told("new"), to_string(issuer.id()) + " role=writer");

  end(*b, "channel-identity", "second");
  auto vault = *ids::file_vault::open(config.vault, nullptr);
  auto after = *ids::rotate(*vault, *ids::history_file::read(config.history), ids::key_type::ed25519, now());
  ASSERT_TRUE(ids::history_file::write(config.history, after));
  b->refresh_identities();
  EXPECT_EQ(field(*a, "secure-channel", "c", "their_change_history"), to_hex(after.exported())) << "its section is gone, and it is still in use";

  identity_config another{folder + "/vault2", folder + "/history2", {}};
  auto name = (*channels::node_identity::load(another, now()))->name();
  ASSERT_EQ(begin(*b, "channel-identity", "second", {{"vault", another.vault}, {"history", another.history}}), "");
  EXPECT_EQ(field(*b, "channel-identity", "second", "identifier"), name);
  EXPECT_EQ(field(*b, "channel-identity", "second", "reason"), "");
  EXPECT_EQ(field(*b, "secure-channel-listener", "as-second", "identifier"), who->name());
}

TEST_F(in_files, an_authority_that_has_changed_its_key_since_is_the_one_that_is_known) {
  auto before = to_hex(issuer.exported());
  auto after = *ids::rotate(issuer_keys, issuer, ids::key_type::ed25519, now());
  ASSERT_TRUE(id_a->known()->learn(after)); // in a channel with it
  config.credential_file = folder + "/credential";
  issuer = after;
  write(config.credential_file, credential("reader"));
  b.reset();
  id_b = *channels::node_identity::load(config, now());
  start_b();
  connect({{"authority", before}});
  ASSERT_TRUE(within(2s, [&] { return state() == "up"; }));
  EXPECT_EQ(field(*a, "secure-channel", "c", "their_credentials"), to_string(issuer.id()) + " role=reader");
}

} // namespace
} // namespace ockam::sim
