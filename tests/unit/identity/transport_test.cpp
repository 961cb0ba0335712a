// SPDX-License-Identifier: Apache-2.0
#include "fixtures.hpp"
#include "identity/channel_message.hpp"
#include "identity/receiving.hpp"
#include "identity/sending.hpp"

#include <set>

namespace ockam::identities::test {
namespace {

secret some_key() { return secret::copy_of(bytes(32, std::byte{0x42})); }
bytes text_of(std::uint64_t n) { return bytes(5, std::byte(n & 0xff)); }

bytes seal(sending& out, const bytes& text) {
  bytes wire(text.size() + sealed_overhead);
  const bytes_view parts[] = {text};
  must(out.seal(parts, wire.data()));
  return wire;
}

/// Messages 0 to `n - 1` of one direction.
std::vector<bytes> messages(std::uint64_t n, use what = use::messages) {
  sending out{some_key(), what};
  std::vector<bytes> all;
  for (std::uint64_t i = 0; i < n; ++i)
    all.push_back(seal(out, text_of(i)));
  return all;
}

/// Whether it opens, with the text that it must have.
bool opens(receiving& in, const bytes& wire) {
  bytes text(wire.size() - sealed_overhead, std::byte{0xee});
  auto nonce = in.open(wire, text.data());
  if (nonce) {
    EXPECT_EQ(text, text_of(*nonce));
  }
  return static_cast<bool>(nonce);
}

TEST(sending, makes_the_messages_of_the_vectors) {
  auto v = recording("vectors")["transport"];
  sending out{secret_of(recording("vectors")["trace"]["k2"])};
  auto hello = unhex(v["plaintext"]), close = unhex(v["close"]);
  EXPECT_EQ(hex(seal(out, hello)), v["wire_0"]);
  EXPECT_EQ(hex(seal(out, close)), v["wire_1"]);
  for (int i = 2; i < 32; ++i)
    seal(out, hello);
  EXPECT_EQ(hex(seal(out, hello)), v["wire_32"]) << "by the next key";
}

TEST(sending, takes_parts_and_seals_in_place) {
  sending one{some_key()}, other{some_key()};
  auto text = text_of(0);
  bytes wire(text.size() + sealed_overhead);
  std::copy(text.begin() + 2, text.end(), wire.begin() + nonce_size + 2); // where it is to be
  const bytes_view parts[] = {bytes_view{text}.first(2), bytes_view{wire}.subspan(nonce_size + 2, 3)};
  must(one.seal(parts, wire.data()));
  EXPECT_EQ(wire, seal(other, text));
}

TEST(sending, gives_messages_out_to_be_sealed_elsewhere) {
  sending here{some_key()}, elsewhere{some_key()};
  std::vector<sealing> begun;
  for (int i = 0; i < 70; ++i)
    begun.push_back(must(elsewhere.detach()));
  for (const auto& s : begun) { // long after the key has changed
    auto text = text_of(s.nonce);
    bytes wire(text.size() + sealed_overhead);
    const bytes_view parts[] = {text};
    s.seal(parts, wire.data());
    EXPECT_EQ(wire, seal(here, text));
  }
}

TEST(sending, ends_before_the_nonce_that_is_not_for_messages) {
  sending out{some_key(), use::messages, sending::max_nonce};
  EXPECT_EQ(hex(seal(out, {})).substr(0, 16), "fffffffffffffffe");
  bytes wire(sealed_overhead);
  EXPECT_EQ(out.seal({}, wire.data()).error().code, errc::limit_reached);
  EXPECT_EQ(out.detach().error().code, errc::limit_reached);
  EXPECT_EQ(out.seal({}, wire.data()).error().code, errc::limit_reached) << "it does not begin anew";
}

TEST(receiving, takes_messages_in_order_over_many_keys) {
  receiving in{some_key()};
  for (const auto& m : messages(1000))
    ASSERT_TRUE(opens(in, m));
}

TEST(receiving, takes_what_was_reordered_within_the_window) {
  receiving in{some_key()};
  auto all = messages(320);
  for (std::size_t block = 0; block < all.size(); block += 16)
    for (std::size_t i = 16; i-- > 0;)
      ASSERT_TRUE(opens(in, all[block + i])) << block + i;
}

TEST(receiving, takes_no_message_twice) {
  receiving in{some_key()};
  auto all = messages(100);
  for (const auto& m : all) {
    ASSERT_TRUE(opens(in, m));
    ASSERT_FALSE(opens(in, m));
  }
  for (const auto& m : all)
    ASSERT_FALSE(opens(in, m));
}

TEST(receiving, takes_and_refuses_the_nonces_that_the_reference_does) {
  auto all = messages(400);
  for (const auto& c : recording("replay_window_cases")) {
    receiving in{some_key()};
    std::vector<std::uint64_t> taken;
    for (std::uint64_t n : c["nonces_sent"])
      if (opens(in, all.at(n)))
        taken.push_back(n);
    EXPECT_EQ(taken, c["nonces_answered"].get<std::vector<std::uint64_t>>()) << c["case"];
  }
}

TEST(receiving, does_not_move_for_messages_that_do_not_open) {
  receiving in{some_key()};
  auto all = messages(100);
  for (std::size_t n = 0; n < 32; ++n)
    ASSERT_TRUE(opens(in, all[n]));
  auto forged = all[60]; // of the next key, far ahead
  for (std::size_t at = 0; at < forged.size(); ++at) {
    auto altered = forged;
    altered[at] ^= std::byte{1};
    ASSERT_FALSE(opens(in, altered)) << "byte " << at;
  }
  for (std::size_t n = 0; n < sealed_overhead; ++n) {
    bytes out(100);
    ASSERT_EQ(in.open(bytes_view{forged}.first(n), out.data()).error().code, errc::malformed);
  }
  for (std::size_t n = 32; n < 100; ++n)
    ASSERT_TRUE(opens(in, all[n])) << n;
}

TEST(receiving, refuses_the_nonce_that_is_not_for_messages) {
  // At the end of all nonces; only a channel for keys gets there in a test.
  receiving in{some_key(), use::key_exchange};
  sending last{some_key(), use::key_exchange, sending::max_nonce};
  auto wire = seal(last, {});
  bytes out(1);
  EXPECT_EQ(must(in.open(wire, out.data())), sending::max_nonce);
  wire[7] = std::byte{0xff};
  EXPECT_EQ(in.open(wire, out.data()).error().code, errc::not_authentic);
}

TEST(receiving, opens_in_place_and_leaves_nothing_of_what_does_not_open) {
  auto all = messages(2);
  receiving in{some_key()};
  ASSERT_EQ(must(in.open(all[0], all[0].data() + nonce_size)), 0u);
  EXPECT_EQ(hex(bytes_view{all[0]}.subspan(nonce_size, 5)), hex(text_of(0)));
  all[1].back() ^= std::byte{1};
  ASSERT_FALSE(in.open(all[1], all[1].data() + nonce_size));
  EXPECT_EQ(hex(bytes_view{all[1]}.subspan(nonce_size, 5)), "0000000000");
}

TEST(receiving, of_messages_opened_elsewhere_takes_each_once) {
  receiving in{some_key()};
  auto all = messages(64);
  std::vector<opening> begun;
  for (std::size_t n = 0; n < 33; ++n) // into the next key
    begun.push_back(must(in.begin(all[n])));
  auto again = must(in.begin(all[5]));
  bytes out(5);
  for (std::size_t n = begun.size(); n-- > 0;) {
    ASSERT_TRUE(begun[n].open(all[n], out.data()));
    EXPECT_EQ(out, text_of(n));
    must(in.commit(n));
  }
  ASSERT_TRUE(again.open(all[5], out.data()));
  EXPECT_FALSE(in.commit(5));
  EXPECT_FALSE(begun[0].open(bytes(10), out.data()));
  for (std::size_t n = 33; n < 64; ++n)
    ASSERT_TRUE(opens(in, all[n]));
}

TEST(key_exchange, has_one_key_and_no_memory) {
  auto all = messages(200, use::key_exchange);
  receiving in{some_key(), use::key_exchange};
  for (std::size_t n : {199u, 0u, 100u, 0u, 199u})
    EXPECT_TRUE(opens(in, all[n]));
  receiving of_messages{some_key()};
  EXPECT_TRUE(opens(of_messages, all[31]));
  EXPECT_FALSE(opens(of_messages, all[32])) << "nothing in the bytes tells the two apart; they must have agreed";
}

// -- what is sealed ------------------------------------------------------------------------------------

bytes plaintext(const route_header& h, bytes_view payload) {
  bytes out(channel_message::head_size(h, payload.size()));
  EXPECT_EQ(channel_message::write_head(out.data(), h, payload.size()), out.data() + out.size());
  out.insert(out.end(), payload.begin(), payload.end());
  out.insert(out.end(), std::begin(channel_message::tail), std::end(channel_message::tail));
  return out;
}

TEST(channel_message, for_a_worker_has_the_bytes_of_the_vectors) {
  route_header h;
  h.append_return(address{"app"});
  h.append_onward(address{"echoer"});
  EXPECT_EQ(hex(plaintext(h, unhex("0568656c6c6f"))), recording("vectors")["transport"]["plaintext"]);
  EXPECT_EQ(hex(channel_message::close), recording("vectors")["transport"]["close"]);
}

TEST(channel_message, of_the_reference_decodes_and_is_made_again) {
  std::set<std::string> kinds;
  for (const auto& of : recording("channels"))
    for (const auto& m : of["transport"]) {
      auto plain = unhex(m["plaintext"]);
      route_header h;
      auto decoded = must(channel_message::decode(plain, h));
      kinds.insert(m["kind"].get<std::string>());
      if (const auto* worker = std::get_if<channel_message::for_worker>(&decoded)) {
        EXPECT_EQ(m["kind"], "Payload");
        EXPECT_EQ(hex(plaintext(h, worker->payload)), hex(plain));
      } else {
        EXPECT_EQ(m["kind"], "Close");
        EXPECT_TRUE(std::holds_alternative<channel_message::end_of_channel>(decoded));
      }
    }
  EXPECT_EQ(kinds, (std::set<std::string>{"Payload", "Close"}));
}

TEST(channel_message, ignores_padding_and_what_a_later_version_may_add) {
  for (const char* same : {"8282008183818200466563686f657281820043617070460568656c6c6f43010203",      // padding
                           "8382008183818200466563686f657281820043617070460568656c6c6f4001",          // an element more
                           "8282008184818200466563686f657281820043617070460568656c6c6f0040",          // a field more
                           "9f82009f9f9f8200466563686f6572ff81820043617070460568656c6c6fffff40ff"}) { // indefinite
    route_header h;
    auto bytes = unhex(same); // what is decoded points into it
    auto decoded = must(channel_message::decode(bytes, h));
    EXPECT_EQ(hex(std::get<channel_message::for_worker>(decoded).payload), "0568656c6c6f") << same;
    EXPECT_EQ(to_string(h.onward()), "0#echoer");
    EXPECT_EQ(to_string(h.return_route()), "0#app");
  }
}

TEST(channel_message, is_refused_when_it_is_malformed) {
  auto good = unhex(recording("vectors")["transport"]["plaintext"]);
  for (std::size_t n = 0; n < good.size(); ++n) {
    route_header h;
    ASSERT_FALSE(channel_message::decode(bytes_view{good}.first(n), h)) << n;
  }
  for (const char* bad : {"81820280",
                          "82820380"
                          "40",
                          "8283028000"
                          "40",
                          "82820080"
                          "40",
                          "828200818280"
                          "8040",
                          "9f82028040", "8282028041"}) {
    route_header h;
    EXPECT_FALSE(channel_message::decode(unhex(bad), h)) << bad;
  }
}

TEST(channel_message, bounds_routes) {
  route_header h;
  for (std::size_t i = 0; i < max_route_hops; ++i)
    h.append_return(address{"hop"});
  h.append_onward(address{"x"});
  auto fits = plaintext(h, {});
  route_header again;
  EXPECT_TRUE(static_cast<bool>(channel_message::decode(fits, again)));
  h.append_return(address{"hop"});
  route_header more;
  EXPECT_FALSE(channel_message::decode(plaintext(h, {}), more));
}

TEST(channel_message, carries_newer_credentials) {
  somebody a{1}, authority{3};
  auto by = must(make_issuing_key(authority.keys, authority.who, key_type::ed25519, t0));
  const credential fresh[] = {must(issue(authority.keys, by, a.who, {{"role", "member"}}, t0, 60))};
  auto plain = channel_message::encode_refresh(a.who.history(), fresh);
  EXPECT_EQ(hex(plain).substr(0, 10), "8282018182") << "as the reference begins it";
  route_header h;
  auto got = std::get<channel_message::refresh>(must(channel_message::decode(plain, h)));
  EXPECT_EQ(hex(encode(got.history)), hex(a.who.exported()));
  ASSERT_EQ(got.credentials.size(), 1u);
  EXPECT_EQ(encode(got.credentials[0]), encode(fresh[0]));
  for (std::size_t n = 0; n < plain.size(); ++n) {
    route_header other;
    ASSERT_FALSE(channel_message::decode(bytes_view{plain}.first(n), other)) << n;
  }
}

} // namespace
} // namespace ockam::identities::test
