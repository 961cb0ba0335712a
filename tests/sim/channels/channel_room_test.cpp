// SPDX-License-Identifier: Apache-2.0
// Room: who has how much of a listener, of the threads that shake hands and of what is kept, and who has to go.
#include "channels/listener.hpp"
#include "identity/channel_message.hpp"
#include "identity/private_file.hpp"
#include "identity/sending.hpp"
#include "runtime/core/hex.hpp"
#include "sim/channels/channel_fixture.hpp"
#include "support/held_threads.hpp"

#include <cstdlib>
#include <filesystem>
#include <map>
#include <set>

namespace ockam::sim {
namespace {

namespace ids = identities;
namespace wire = identities::channel_message;
using namespace std::chrono_literals;

/// An initiator as another implementation has it: it sends no pings, answers none, and says what the test has it say.
class other_end final : public worker {
 public:
  other_end(channels::identity_ptr who, route way) : who_{std::move(who)}, way_{std::move(way)} {}

  void say(const std::vector<ids::bytes>& all) {
    for (const auto& plain : all) {
      ids::bytes sealed(plain.size() + ids::sealed_overhead);
      ids::bytes_view part{plain};
      ASSERT_TRUE(sending_ && sending_->seal(std::span{&part, 1}, sealed.data()));
      post(way_, sealed);
    }
  }
  bool is_open() const { return sending_.has_value(); }

 private:
  void on_start() override {
    auto now = channels::environment::now();
    shaking_.emplace(ids::handshake::initiator(*who_->own(now), {}, *who_->known()));
    admit_answers(*board, self(), way_.front());
    post(way_, *shaking_->begin());
  }
  void on_message(message_ptr m) override {
    if (sending_)
      return;
    auto m3 = shaking_->receive(m->bytes(), channels::environment::now());
    ASSERT_TRUE(m3) << m3.error().cause;
    way_ = m->header.return_route();
    post(way_, *m3);
    sending_.emplace(std::move(shaking_->take()->keys.send));
  }
  void post(const route& to, const ids::bytes& what) {
    auto m = make_message(to, self(), payload{});
    m->body.assign(what);
    board->deliver(std::move(m));
  }

  channels::identity_ptr who_;
  route way_;
  std::optional<ids::handshake> shaking_;
  std::optional<ids::sending> sending_;

 public:
  switchboard* board = nullptr;
};

class channel_room : public secure_channel {
 protected:
  other_end* begin_other(node& at, const std::string& name, const std::string& listener, channels::identity_ptr who = somebody()) {
    auto link = at.connect(b_at);
    if (!link)
      throw std::logic_error{link.error().cause};
    auto made = std::make_unique<other_end>(std::move(who), route{*link, address{listener}});
    made->board = &at.board();
    auto* raw = made.get();
    at.start(name, std::move(made));
    at.reactor().post([] {}); // what it has sent leaves at the end of an event
    net.run();
    return raw;
  }
  std::size_t number(std::string_view what, const std::string& of = "small") { return std::stoul(field(*b, "secure-channel-listener", of, what)); }
  void small_listener(const char* most) { ASSERT_EQ(begin(*b, "secure-channel-listener", "small", {{"max-channels", most}}), ""); }
  /// All of one node go by one link.
  std::string connect_from(node& n, const std::string& name) {
    auto& link = links[&n];
    if (link.empty())
      link = (*n.connect(b_at)).name;
    EXPECT_EQ(begin(n, "secure-channel", name, {{"to", "/service/" + link + "/service/small"}}), "");
    (void)within(3s, [&] { return field(n, "secure-channel", name, "state") != "connecting"; });
    return field(n, "secure-channel", name, "state");
  }
  std::map<node*, std::string> links;
  std::size_t up_at(node& n) {
    std::size_t out = 0;
    for (const auto& i : n.parts().facilities.find("secure-channel")->list())
      out += field(n, "secure-channel", i.name, "state") == "up" ? 1 : 0;
    return out;
  }
};

TEST_F(channel_room, one_link_leaves_room_for_others_and_loses_its_own_when_there_is_none) {
  small_listener("16");
  auto id_c = somebody(), id_d = somebody();
  node c{net, config_of("c", ""), services_with_relays(), id_c}, d{net, config_of("d", ""), services_with_relays(), id_d};
  for (int i = 0; i < 15; ++i)
    ASSERT_EQ(connect_from(*a, "c" + std::to_string(i)), "up") << i;
  EXPECT_NE(connect_from(*a, "one-more"), "up");
  EXPECT_EQ(number("channels"), 15u);
  EXPECT_EQ(connect_from(c, "of-another"), "up");
  EXPECT_EQ(connect_from(d, "of-a-third"), "up") << "in place of one of those who have most";
  EXPECT_EQ(number("channels"), 16u);
  net.advance(20s);
  EXPECT_EQ(field(c, "secure-channel", "of-another", "state"), "up");
  EXPECT_EQ(field(d, "secure-channel", "of-a-third", "state"), "up") << "who has most displaces nobody else";
  EXPECT_EQ(up_at(*a), 14u);
}

TEST_F(channel_room, an_initiator_that_sends_no_pings_has_its_channel_for_an_hour_of_silence) {
  auto* other = begin_other(*a, "other", "api");
  ASSERT_TRUE(other->is_open());
  ASSERT_EQ(number("channels", "api"), 1u);
  net.advance(59min);
  EXPECT_EQ(number("channels", "api"), 1u);
  other->say({ids::bytes(wire::close, wire::close + 1)}); // does not decode, and is heard all the same
  net.advance(59min);
  EXPECT_EQ(number("channels", "api"), 1u);
  net.advance(3min);
  EXPECT_EQ(number("channels", "api"), 0u) << "though its link is there";
}

TEST_F(channel_room, one_that_may_be_dead_goes_when_another_one_needs_its_room) {
  small_listener("1");
  ASSERT_TRUE(begin_other(*a, "other", "small")->is_open());
  ASSERT_EQ(number("channels"), 1u);
  EXPECT_NE(connect_from(*a, "too-early"), "up");
  end(*a, "secure-channel", "too-early");
  net.advance(70s);
  ASSERT_EQ(number("channels"), 1u);
  EXPECT_EQ(connect_from(*a, "c"), "up");
  EXPECT_EQ(number("channels"), 1u);
}

TEST_F(channel_room, handshakes_that_are_begun_together_open_no_more_than_max_channels) {
  small_listener("1");
  auto id_c = somebody();
  node c{net, config_of("c", ""), services_with_relays(), id_c};
  for (auto* n : {&*a, &c})
    n->reactor().post([n] {
      for (int i = 0; i < 5; ++i)
        (void)n->parts().facilities.find("secure-channel")->begin({"secure-channel", "c" + std::to_string(i), {{"to", "/ip4/127.0.0.1/tcp/4000/service/small"}}});
    });
  net.run();
  EXPECT_EQ(number("channels"), 1u);
}

TEST_F(channel_room, peers_of_a_udp_listener_are_told_apart) {
  auto at = b->listen("127.0.0.1:4200", {"services", "api"}, "udp");
  node flooder{net, config_of("flooder", ""), services_with_relays()};
  auto from_a = a->connect(at, {}, "udp"), from_flooder = flooder.connect(at, {}, "udp");
  ASSERT_TRUE(from_a && from_flooder);
  a->send({*from_a, address{"api"}}, std::string(32, 'a'), "nobody");
  EXPECT_EQ(number("half_open", "api"), 1u);
  for (int i = 0; i < 400; ++i) {
    std::string m1(32, static_cast<char>(i));
    m1[1] = static_cast<char>(i >> 8);
    flooder.send({*from_flooder, address{"api"}}, m1, "nobody");
  }
  EXPECT_EQ(number("half_open", "api"), 257u) << "256 of the one, and still that of the other";
}

TEST_F(channel_room, links_take_turns_and_peers_of_one_link_within_its_turns) {
  auto by = std::make_unique<channels::held_threads>();
  auto* hands = by.get();
  channels::crew crew{b->reactor(), std::move(by)};
  std::string order;
  auto add = [&](channels::origin whose, char what) { return crew.add(whose, channels::crew::step::first, [&order, what] { order += what; }); };
  for (char what : {'1', '2', '3', '4', '5'})
    ASSERT_TRUE(add({7, "x"}, what));
  ASSERT_TRUE(add({7, "y"}, 'y'));
  ASSERT_TRUE(add({9}, 'n'));
  while (hands->work())
    net.run();
  EXPECT_EQ(order, "123ny45");
  for (std::size_t i = 0; i < channels::crew::most_of_one_peer + channels::crew::at_once; ++i)
    ASSERT_TRUE(add({7, "x"}, 'x')) << i;
  EXPECT_FALSE(add({7, "x"}, 'x'));
  EXPECT_TRUE(add({7, "y"}, 'y')) << "another peer of the same link";
  while (hands->work())
    net.run();
}

/// A listener of node b whose handshakes go on when the test says so.
class held_listener : public channel_room {
 protected:
  held_listener() {
    auto by = std::make_unique<channels::held_threads>();
    hands = by.get();
    env = std::make_shared<channels::environment>(b->context(), id_b, std::move(by), std::make_unique<channels::held_threads>());
  }
  ~held_listener() override {
    stop();
    env.reset();
  }
  void start(channels::terms t) {
    t.env = env;
    t.spawner = b->board().flows().create();
    worker_options o;
    o.consumer_of = {b->context().flows.services, t.spawner};
    ASSERT_TRUE(b->workers().start(address{"held"}, std::make_unique<channels::listener>(std::move(t), 16, figures), std::move(o)));
    net.run();
  }
  void stop() {
    (void)b->workers().stop(address{"held"});
    net.run();
  }
  void go_on() {
    while (hands->work())
      net.run();
  }

  channels::held_threads* hands = nullptr;
  channels::environment_ptr env;
  std::shared_ptr<channels::listener_figures> figures = std::make_shared<channels::listener_figures>();
};

TEST_F(held_listener, keys_of_an_identity_stay_as_long_as_another_thread_shakes_hands_with_them) {
  auto own = somebody();
  std::weak_ptr there{own};
  start({.env = {}, .own = std::move(own)});
  (void)begin_other(*a, "other", "held");
  ASSERT_TRUE(hands->work()) << "m1";
  net.run();
  ASSERT_EQ(hands->waiting(), 1u) << "m3";
  stop(); // as its section is gone, and that of its identity
  net.advance(1s);
  EXPECT_FALSE(there.expired()) << "the step that waits refers to its keys";
  go_on();
  EXPECT_TRUE(there.expired());
}

TEST_F(held_listener, of_what_an_end_says_of_itself_anew_one_is_checked_at_a_time_and_then_the_newest) {
  ids::memory_vault keys, issuer_keys;
  auto now = channels::environment::now();
  auto issuer = *ids::create_identity(issuer_keys, ids::key_type::ed25519, now);
  auto key = *ids::make_issuing_key(issuer_keys, issuer, ids::key_type::ed25519, now);
  ASSERT_TRUE(id_b->known()->keep(issuer));
  start({.env = {}, .own = id_b, .wanted = {.authorized = {}, .issuers = {issuer.id()}}});
  auto who = somebody();
  auto* other = begin_other(*a, "other", "held", who);
  go_on();
  ASSERT_TRUE(other->is_open() && env->open.size() == 1);
  auto me = *ids::identity::verify(who->own(now)->proof.history);
  std::vector<ids::bytes> all;
  for (int i = 0; i < 50; ++i)
    all.push_back(wire::encode_refresh(me.history(), std::vector{*ids::issue(issuer_keys, key, me, {{"n", std::to_string(i)}}, now, 3600)}));
  auto before = b->budget().used();
  a->reactor().post([&] { other->say(all); });
  net.run();
  EXPECT_EQ(hands->waiting() + env->work.waiting(), 1u);
  EXPECT_GT(b->budget().used(), before) << "what waits is charged";
  EXPECT_LT(b->budget().used(), before + 10'000) << "and it is two of fifty";
  go_on();
  const auto* channel = env->open.begin()->second;
  ASSERT_EQ(channel->credentials().size(), 1u);
  EXPECT_EQ(channel->credentials()[0].says.at("n"), "49");
  EXPECT_EQ(b->budget().used(), before);
}

TEST_F(held_listener, a_channel_with_a_credential_of_its_own_goes_on_to_show_that_one) {
  std::string folder = std::filesystem::temp_directory_path() / "ockam-room-XXXXXX";
  folder = ::mkdtemp(folder.data());
  ids::memory_vault issuer_keys;
  auto now = channels::environment::now();
  auto issuer = *ids::create_identity(issuer_keys, ids::key_type::ed25519, now);
  auto key = *ids::make_issuing_key(issuer_keys, issuer, ids::key_type::ed25519, now);
  ASSERT_TRUE(id_b->known()->keep(issuer));
  start({.env = {}, .own = id_b, .wanted = {.authorized = {}, .issuers = {issuer.id()}}});
  identity_config config{folder + "/vault", folder + "/history", {}};
  ASSERT_TRUE(channels::node_identity::load(config, now));
  auto credential = [&](const std::string& role) { return to_hex(encode(*ids::issue(issuer_keys, key, *ids::history_file::read(config.history), {{"role", role}}, now, 3600))) + "\n"; };
  auto write = [&](const std::string& text) { ASSERT_TRUE(ids::private_file::replace(config.credential_file, std::as_bytes(std::span{text}))); };
  config.credential_file = folder + "/credential";
  write(credential("first"));
  a.reset();
  id_a = *channels::node_identity::load(config, now);
  start_a();
  auto own = credential("own");
  own.pop_back();
  connect({{"to", "/ip4/127.0.0.1/tcp/4000/service/held"}, {"credential", own}});
  connect({{"to", "/ip4/127.0.0.1/tcp/4000/service/held"}}, "d");
  go_on();
  auto shown = [&] {
    std::multiset<std::string> out;
    for (const auto& [name, c] : env->open)
      for (const auto& one : c->credentials())
        out.insert(one.says.at("role"));
    return out;
  };
  ASSERT_EQ(shown(), (std::multiset<std::string>{"first", "own"}));
  write(credential("second"));
  a->refresh_identities();
  go_on();
  EXPECT_EQ(shown(), (std::multiset<std::string>{"own", "second"}));
  std::filesystem::remove_all(folder);
}

} // namespace
} // namespace ockam::sim
