// SPDX-License-Identifier: Apache-2.0
// The order of what a channel seals and opens on several threads.
#include "channels/incoming.hpp"
#include "channels/outgoing.hpp"
#include "identity/channel_message.hpp"
#include "support/held_threads.hpp"

#include <gtest/gtest.h>

#include <random>
#include <set>
#include <string>
#include <vector>

namespace ockam::channels {
namespace {

namespace ids = identities;
namespace wire = identities::channel_message;

constexpr std::size_t large_from = 256;

ids::secret key() { return ids::secret{ids::aead_key::size}; }

/// Keeps what leaves, as a link would.
class way_out final : public receiver {
 public:
  void receive(message_ptr m) override { left.push_back(std::move(m)); }
  void failed(std::string_view what) noexcept override { ADD_FAILURE() << what; }
  std::vector<message_ptr> left;
};

/// Takes what comes out.
class way_in final : public incoming::owner {
 public:
  void opened(opened_message m) override {
    nonces.push_back(m.nonce);
    route_header h;
    auto what = wire::decode({m.block.get(), m.size}, h);
    ASSERT_TRUE(what);
    const auto& body = std::get<wire::for_worker>(*what).payload;
    texts.emplace_back(reinterpret_cast<const char*>(body.data()), body.size());
  }
  void not_opened(message_ptr m, std::string_view, const std::string& line) override {
    EXPECT_TRUE(m);
    EXPECT_FALSE(line.empty());
    ++refused;
  }
  std::vector<std::uint64_t> nonces;
  std::vector<std::string> texts;
  std::size_t refused = 0;
};

struct line : testing::Test {
  line() { EXPECT_TRUE(board.add(address{"out"}, entry())); }
  worker_entry entry() {
    worker_entry e;
    e.target = &out;
    return e;
  }
  elsewhere large() {
    return {hands, [this](auto f) { hands.post(std::move(f)); }, large_from};
  }
  result<void> send(const std::string& text) {
    auto m = std::make_unique<message>();
    m->header.append_onward(address{"echo"});
    m->body = payload{text};
    auto envelope = std::make_unique<message>();
    envelope->header.append_onward(address{"out"});
    return to->send(m, std::move(envelope), 1u << 20);
  }
  static std::string text(std::size_t n) { return std::to_string(n) + std::string(n % 3 == 0 ? large_from : 5, 'x'); }
  /// What has left, as it would come in at the other end.
  std::vector<message_ptr> take_left() {
    while (board.run_turn()) {
    }
    return std::exchange(out.left, {});
  }
  static message_ptr copy_of(const message& m) {
    auto c = std::make_unique<message>();
    c->body.assign(m.bytes());
    return c;
  }

  way_out out;
  switchboard board{"n1"};
  held_threads hands;
  std::shared_ptr<outgoing> to = std::make_shared<outgoing>(board, large(), key());
  way_in in;
  std::shared_ptr<incoming> from = std::make_shared<incoming>(in, large(), key());
};

TEST_F(line, large_messages_leave_in_the_order_of_their_nonces_whichever_is_sealed_first) {
  std::minstd_rand random{7};
  for (std::size_t n = 0; n < 200; ++n)
    ASSERT_TRUE(send(text(n)));
  EXPECT_EQ(hands.waiting(), 67u) << "several at one time";
  while (hands.work(random()))
    if (random() % 3 == 0)
      hands.turn();
  hands.turn();
  auto left = take_left();
  ASSERT_EQ(left.size(), 200u);
  for (auto& m : left)
    from->take(std::move(m));
  hands.all();
  ASSERT_EQ(in.nonces.size(), 200u);
  for (std::size_t n = 0; n < 200; ++n) {
    EXPECT_EQ(in.nonces[n], n);
    EXPECT_EQ(in.texts[n], text(n));
  }
  EXPECT_EQ(in.refused, 0u);
}

TEST_F(line, a_small_message_waits_for_the_large_one_before_it_and_for_no_other) {
  ASSERT_TRUE(send(text(1)));
  EXPECT_EQ(take_left().size(), 1u);
  ASSERT_TRUE(send(text(3)));
  ASSERT_TRUE(send(text(4)));
  EXPECT_TRUE(take_left().empty());
  hands.all();
  EXPECT_EQ(take_left().size(), 2u);
}

TEST_F(line, what_was_taken_leaves_before_the_end_also_when_its_channel_is_gone) {
  ASSERT_TRUE(send(text(3)));
  auto envelope = std::make_unique<message>();
  envelope->header.append_onward(address{"out"});
  ASSERT_TRUE(to->send_plain(wire::close, std::move(envelope)));
  to.reset();
  hands.all();
  EXPECT_EQ(take_left().size(), 2u);
}

TEST_F(line, what_is_too_large_stays_with_its_sender_and_takes_no_nonce) {
  auto m = std::make_unique<message>();
  m->body = payload{std::string(5000, 'x')};
  auto refused = to->send(m, std::make_unique<message>(), 5000);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, errc::too_large);
  ASSERT_TRUE(m);
  ASSERT_TRUE(send(text(1)));
  for (auto& one : take_left())
    from->take(std::move(one));
  EXPECT_EQ(in.nonces, std::vector<std::uint64_t>{0});
}

TEST_F(line, memory_is_charged_before_it_is_taken_and_returned) {
  memory m{1u << 30};
  auto l = ledger::make(m, 1u << 20, nullptr);
  auto plain = std::make_unique<message>();
  plain->header.append_onward(address{"echo"});
  plain->body = payload{std::string(10'000, 'x')};
  plain->held = credit{*l, plain->footprint()};
  auto before = l->used();
  auto envelope = std::make_unique<message>();
  envelope->header.append_onward(address{"out"});
  ASSERT_TRUE(to->send(plain, std::move(envelope), 1u << 20));
  EXPECT_GE(l->used(), before + 10'000) << "both, while it is sealed";
  hands.all();
  EXPECT_LT(l->used(), before + 1'000);
  take_left();
  EXPECT_EQ(l->used(), 0u);
}

TEST_F(line, what_is_still_here_at_the_end_is_counted_and_its_owner_not_told) {
  for (std::size_t n = 0; n < 4; ++n)
    ASSERT_TRUE(send(text(3 * n)));
  hands.all();
  for (auto& m : take_left())
    from->take(std::move(m));
  auto before = board.dropped()[drop_reason::link_down];
  from->end(board);
  from.reset();
  hands.all();
  EXPECT_TRUE(in.nonces.empty());
  EXPECT_EQ(board.dropped()[drop_reason::link_down], before + 4);
}

/// What is taken is what would be if each message were opened in its turn: whatever is altered, comes twice, comes late,
/// and in whatever order the threads end.
TEST_F(line, takes_what_it_would_if_it_opened_one_after_the_other) {
  std::minstd_rand random{11};
  for (int round = 0; round < 30; ++round) {
    from = std::make_shared<incoming>(in, large(), key());
    to = std::make_shared<outgoing>(board, large(), key());
    in = {};
    ids::receiving in_turn{key()};
    std::vector<std::uint64_t> expected;
    for (std::size_t n = 0; n < 300; ++n)
      ASSERT_TRUE(send(text(n)));
    hands.all();
    auto wires = take_left();
    ASSERT_EQ(wires.size(), 300u);
    std::size_t given = 0;
    for (std::size_t i = 0; i < 400; ++i) {
      auto near = i * 3 / 4;
      auto n = std::min<std::size_t>(299, near + random() % 40 - std::min<std::size_t>(near, 20));
      auto m = copy_of(*wires[n]);
      if (random() % 10 == 0) {
        std::vector<std::byte> bytes{m->bytes().begin(), m->bytes().end()};
        bytes[random() % bytes.size()] ^= std::byte{4};
        m->body.assign(bytes);
      }
      std::vector<std::byte> text(m->body.size());
      if (auto nonce = in_turn.open(m->bytes(), text.data()))
        expected.push_back(*nonce);
      from->take(std::move(m));
      ++given;
      if (random() % 4 == 0)
        hands.work(random());
      if (random() % 6 == 0)
        hands.turn();
    }
    hands.all();
    EXPECT_EQ(in.nonces, expected) << round;
    EXPECT_EQ(in.nonces.size() + in.refused, given);
    EXPECT_GT(expected.size(), 100u);
  }
}

} // namespace
} // namespace ockam::channels
