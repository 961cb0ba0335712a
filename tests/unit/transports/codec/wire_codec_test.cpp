// SPDX-License-Identifier: Apache-2.0
#include "transports/codec/wire_codec.hpp"

#include "runtime/core/hex.hpp"
#include "support/golden.hpp"
#include "transports/codec/stream_codec.hpp"

#include <gtest/gtest.h>

#include <cstring>
#include <sstream>

namespace ockam {
namespace {

std::span<const std::byte> view(const std::string& s) { return std::as_bytes(std::span{s}); }

std::string encode(const route_header& h, std::string_view body) {
  auto extra = wire_codec::extras(h);
  auto size = wire_codec::measure(h, body.size(), extra);
  std::string out(size.total, '\0');
  auto* begin = reinterpret_cast<std::byte*>(out.data());
  auto* at = wire_codec::write_head(begin, h, body.size(), !extra.empty());
  EXPECT_EQ(static_cast<std::size_t>(at - begin), size.head);
  std::memcpy(at, body.data(), body.size());
  EXPECT_EQ(wire_codec::write_tail(at + body.size(), extra), begin + size.total);
  return out;
}

route route_of(const std::string& text) {
  route r;
  if (text == "-")
    return r;
  std::istringstream in{text};
  for (std::string word; in >> word;)
    r.push_back(*parse_address(word));
  return r;
}

std::optional<refusal> verdict(const std::string& hex) {
  route_header h;
  auto bytes = golden::bytes(hex);
  return wire_codec::decode(view(bytes), h).bad;
}

/// The recorded frame as this node writes it: the same without the empty fourth element.
std::string without_empty_extras(std::string frame) {
  if (frame[0] == '\x84' && frame.ends_with("\x62{}")) {
    frame[0] = '\x83';
    frame.resize(frame.size() - 3);
  }
  return frame;
}

TEST(wire_codec, decodes_what_real_nodes_sent) {
  auto recorded = golden::read("messages.txt");
  ASSERT_GE(recorded.size(), 25u);
  for (auto& r : recorded) {
    SCOPED_TRACE(r["case"]);
    auto frame = golden::bytes(r["frame"]);
    ASSERT_EQ(stream_codec::read_length(view(frame).data()), frame.size() - 4);
    route_header h;
    auto d = wire_codec::decode(view(frame).subspan(4), h);
    ASSERT_FALSE(d.bad);
    EXPECT_EQ(h.onward(), route_of(r["onward"]));
    EXPECT_EQ(h.return_route(), route_of(r["return"]));
    EXPECT_EQ(to_hex(d.body), r["payload"] == "-" ? "" : r["payload"]);
    EXPECT_FALSE(h.wants_report());
    EXPECT_EQ(h.get_report(), nullptr);
  }
}

TEST(wire_codec, encodes_what_real_nodes_sent) {
  for (auto& r : golden::read("messages.txt")) {
    SCOPED_TRACE(r["case"]);
    auto frame = golden::bytes(r["frame"]);
    // Built anew, and decoded and written again: both give the recorded bytes.
    route_header fresh, decoded;
    for (const auto& a : route_of(r["return"]))
      fresh.append_return(a);
    for (const auto& a : route_of(r["onward"]))
      fresh.append_onward(a);
    auto body = golden::bytes(r["payload"]);
    auto want = without_empty_extras(frame.substr(4));
    EXPECT_EQ(encode(fresh, body), want);
    ASSERT_FALSE(wire_codec::decode(view(frame).subspan(4), decoded).bad);
    EXPECT_EQ(encode(decoded, body), want);
  }
}

TEST(wire_codec, accepts_and_refuses_as_a_real_node) {
  std::size_t seen = 0;
  for (auto& c : golden::read("garbage.txt")) {
    auto sent = golden::bytes(c["send"]);
    // Only cases with one whole frame behind a right preamble are about this codec.
    if (sent.size() < 5 || sent[0] != 1)
      continue;
    auto length = stream_codec::read_length(view(sent).data() + 1);
    if (length > sent.size() - 5)
      continue;
    SCOPED_TRACE(c["case"]);
    route_header h;
    auto d = wire_codec::decode(view(sent).subspan(5, length), h);
    // A case of two frames, or of an unknown worker, is open as well: what counts is that it decodes.
    EXPECT_EQ(d.bad.has_value(), c["verdict"] == "closed") << c["send"];
    ++seen;
  }
  EXPECT_GE(seen, 35u);
}

TEST(wire_codec, a_requester_and_a_report_survive_the_wire) {
  route_header h;
  h.append_return(address{"me"});
  h.append_onward(address{"echo"});
  h.flags(route_header::flag_report);
  auto asked = encode(h, "x");
  route_header back;
  ASSERT_FALSE(wire_codec::decode(view(asked), back).bad);
  EXPECT_TRUE(back.wants_report());

  h.set_report({drop_reason::congested, address{transport_type::tcp, "a:1"}, "n\"1\\", "grüße\n"});
  auto told = encode(h, "");
  route_header heard;
  ASSERT_FALSE(wire_codec::decode(view(told), heard).bad);
  ASSERT_NE(heard.get_report(), nullptr);
  EXPECT_EQ(heard.get_report()->reason, drop_reason::congested);
  EXPECT_EQ(heard.get_report()->hop, (address{transport_type::tcp, "a:1"}));
  EXPECT_EQ(heard.get_report()->node, "n\"1\\");
  EXPECT_FALSE(heard.wants_report()); // a report never causes one
}

TEST(wire_codec, what_is_left_of_a_budget_survives_the_wire_once_much_of_it_is_spent) {
  constexpr auto whole = route_header::default_hop_budget, remarkable = whole - 2 * route_header::answer_toll;
  auto arrives_with = [](std::uint32_t budget, std::uint32_t flags) {
    route_header h;
    h.append_onward(address{"echo"});
    h.hop_budget(budget);
    h.flags(flags);
    auto sent = encode(h, "x");
    route_header got;
    EXPECT_FALSE(wire_codec::decode(view(sent), got).bad);
    EXPECT_EQ(got.flags(), flags);
    return got.hop_budget();
  };
  for (auto flags : {0u, route_header::flag_report}) {
    EXPECT_EQ(arrives_with(whole - 1, flags), whole); // as nearly all messages: nothing is said
    EXPECT_EQ(arrives_with(remarkable + 1, flags), whole);
    EXPECT_EQ(arrives_with(remarkable, flags), remarkable);
    EXPECT_EQ(arrives_with(7, flags), 7u);
    EXPECT_EQ(arrives_with(0, flags), 0u);
  }
  route_header h;
  h.hop_budget(7);
  EXPECT_EQ(std::string{wire_codec::extras(h)}, R"({"ockam_hops":"7"})");
}

TEST(wire_codec, a_peer_cannot_make_a_message_live_longer) {
  for (auto* text : {R"({"ockam_hops":"4000000000"})", R"({"ockam_hops":"99999999999999999999"})", R"({"ockam_hops":"-1"})",
                     R"({"ockam_hops":""})", R"({"ockam_hops":"})", R"({"ockam_hops":"1","x":"})", R"({"ockam_hops":7})"}) {
    route_header h;
    std::string t{text}, frame{"\x84\x81\x82\0\x41" "a\x80\x40\x78", 10};
    frame += static_cast<char>(t.size());
    frame += t;
    ASSERT_FALSE(wire_codec::decode(view(frame), h).bad) << text;
    EXPECT_EQ(h.hop_budget(), route_header::default_hop_budget) << text;
  }
}

TEST(wire_codec, foreign_or_broken_extras_say_nothing) {
  for (auto* text : {R"({"traceparent":"00-1-2-01"})", "garbage", R"(["ockam_report"])", R"({"ockam_report":1})",
                     R"({"ockam_report":"2"})", R"({"ockam_report":"1")"}) {
    route_header h;
    std::string t{text};
    std::string frame = "\x84\x81\x82" + std::string(1, '\0') + "\x41" "a\x80\x40\x78";
    frame += static_cast<char>(t.size());
    frame += t;
    ASSERT_FALSE(wire_codec::decode(view(frame), h).bad) << text;
    EXPECT_FALSE(h.wants_report()) << text;
    EXPECT_EQ(h.get_report(), nullptr) << text;
  }
}

TEST(wire_codec, a_report_fits_whatever_the_names_in_it_are) {
  for (std::string unit : {"\x01", "\"", "\\", "\xff", "ü", "n", "#"}) {
    SCOPED_TRACE(unit);
    std::string name;
    while (name.size() + unit.size() <= max_name_length)
      name += unit;
    route_header h;
    h.append_onward(address{"me"});
    report r{drop_reason::worker_failed, address{name}, name, name};
    r.index = r.left = UINT32_MAX;
    h.set_report(std::move(r));
    EXPECT_LE(std::string{wire_codec::extras(h)}.size(), 4096u);
    auto told = encode(h, "");
    route_header heard;
    auto d = wire_codec::decode(view(told), heard);
    ASSERT_FALSE(d.bad || d.broken_report);
    ASSERT_NE(heard.get_report(), nullptr);
    EXPECT_EQ(heard.get_report()->reason, drop_reason::worker_failed);
    EXPECT_EQ(to_string(heard.get_report()->hop), to_string(h.get_report()->hop));
    EXPECT_FALSE(heard.get_report()->hop.name.empty());
    EXPECT_EQ(heard.get_report()->node, h.get_report()->node);
    EXPECT_EQ(heard.get_report()->detail, h.get_report()->detail);
  }
}

TEST(wire_codec, a_report_that_does_not_decode_is_still_no_reply) {
  auto long_one = R"({"ockam_detail":"","ockam_hop":"0#)" + std::string(5000, 'x') + R"(","ockam_undeliverable":"unknown-worker"})";
  for (std::string text : {std::string{R"({"ockam_undeliverable":7})"}, std::string{R"({"ockam_undeliverable":"refused")"},
                           std::string{R"({"ockam_hop":"0#x"})"}, std::string{R"({"ockam_passed":"many"})"}, long_one}) {
    SCOPED_TRACE(text.substr(0, 80));
    route_header h;
    std::string frame = "\x84\x81\x82" + std::string(1, '\0') + "\x41" "a\x80\x40\x79";
    frame += static_cast<char>(text.size() >> 8);
    frame += static_cast<char>(text.size());
    frame += text;
    auto d = wire_codec::decode(view(frame), h);
    EXPECT_FALSE(d.bad);
    EXPECT_TRUE(d.broken_report);
    ASSERT_NE(h.get_report(), nullptr);
    EXPECT_EQ(h.get_report()->reason, drop_reason::none);
  }
}

TEST(wire_codec, extras_beyond_4_KiB_are_not_looked_at) {
  route_header h;
  std::string t = R"({"ockam_report":"1","x":")" + std::string(5000, 'x') + "\"}";
  std::string frame = "\x84\x81\x82" + std::string(1, '\0') + "\x41" "a\x80\x40\x79";
  frame += static_cast<char>(t.size() >> 8);
  frame += static_cast<char>(t.size());
  frame += t;
  ASSERT_FALSE(wire_codec::decode(view(frame), h).bad);
  EXPECT_FALSE(h.wants_report());
}

TEST(wire_codec, bounds_hops_and_names) {
  auto routes = [](std::size_t onward, std::size_t back) {
    auto one = [](std::size_t n) {
      std::string out{"\x99"};
      out += static_cast<char>(n >> 8);
      out += static_cast<char>(n);
      for (std::size_t i = 0; i < n; ++i)
        out += std::string{"\x82\0\x41" "a", 4};
      return out;
    };
    return "\x83" + one(onward) + one(back) + "\x40";
  };
  auto check = [&](std::size_t onward, std::size_t back) {
    route_header h;
    auto bytes = routes(onward, back);
    return wire_codec::decode(view(bytes), h).bad;
  };
  EXPECT_EQ(check(max_route_hops, max_route_hops), std::nullopt);
  EXPECT_EQ(check(max_route_hops + 1, 0), refusal::too_many_hops);
  EXPECT_EQ(check(0, max_route_hops + 1), refusal::too_many_hops);
  EXPECT_EQ(check(10'000, 10'000), refusal::too_many_hops);

  auto name = [&](std::size_t n) {
    std::string bytes{"\x83\x81\x82\0\x59", 5};
    bytes += static_cast<char>(n >> 8);
    bytes += static_cast<char>(n);
    bytes += std::string(n, 'n') + "\x80\x40";
    route_header h;
    return wire_codec::decode(view(bytes), h).bad;
  };
  EXPECT_EQ(name(max_name_length), std::nullopt);
  EXPECT_EQ(name(max_name_length + 1), refusal::name_too_long);
}

TEST(wire_codec, huge_and_deep_arrays_cost_nothing) {
  EXPECT_EQ(verdict("9bffffffffffffffff"), refusal::malformed_frame);           // outer of 2^64-1
  EXPECT_EQ(verdict("839affffffff"), refusal::malformed_frame);                 // onward of 2^32-1
  EXPECT_EQ(verdict("83818200" "5bffffffffffffffff"), refusal::malformed_frame); // a name of 2^64-1
  EXPECT_EQ(verdict("838080" "5affffffff"), refusal::malformed_frame);          // a payload of 2^32-1
  std::string deep = "84808040";
  for (int i = 0; i < 10'000; ++i)
    deep += "81";
  EXPECT_EQ(verdict(deep + "00"), refusal::malformed_frame);
  std::string fifth = "85808040f6";
  for (int i = 0; i < 10'000; ++i)
    fifth += "9f";
  EXPECT_EQ(verdict(fifth), refusal::malformed_frame);
}

TEST(wire_codec, every_prefix_of_a_frame_is_refused) {
  for (auto& r : golden::read("messages.txt")) {
    auto frame = golden::bytes(r["frame"]).substr(4);
    for (std::size_t n = 0; n < frame.size(); ++n) {
      route_header h;
      auto part = frame.substr(0, n);
      EXPECT_TRUE(wire_codec::decode(view(part), h).bad) << r["case"] << " cut at " << n;
    }
  }
}

TEST(wire_codec, a_message_of_a_stream_says_so_in_bytes_that_need_no_parsing) {
  route_header h;
  h.push_onward(address{"outlet"});
  h.flags(route_header::flag_stream);
  EXPECT_EQ(std::string{wire_codec::extras(h)}, R"({"ockam_stream":"1"})");
  for (auto flags : {route_header::flag_stream, route_header::flag_stream | route_header::flag_report}) {
    h.flags(flags);
    auto extra = wire_codec::extras(h);
    auto size = wire_codec::measure(h, 1, extra);
    std::vector<std::byte> out(size.total);
    auto* at = wire_codec::write_head(out.data(), h, 1, true);
    wire_codec::write_tail(at + 1, extra);
    route_header back;
    auto d = wire_codec::decode(out, back);
    ASSERT_FALSE(d.bad);
    EXPECT_EQ(back.flags(), flags);
    EXPECT_FALSE(d.foreign);
  }
}

TEST(wire_codec, tells_messages_of_another_implementation_by_their_fourth_element) {
  route_header h;
  auto ours = golden::bytes("838182004161804162");
  EXPECT_FALSE(wire_codec::decode(view(ours), h).foreign);
  for (auto fourth : {"627b7d", "f6"}) {
    route_header other;
    auto theirs = golden::bytes("848182004161804162" + std::string{fourth});
    auto d = wire_codec::decode(view(theirs), other);
    EXPECT_FALSE(d.bad);
    EXPECT_TRUE(d.foreign);
  }
}

/// The verdict on a message by its edges alone; `h` is what they tell.
std::optional<refusal> by_edges(const std::string& message, route_header& h, std::size_t edge = edge_bytes) {
  auto all = view(message);
  auto kept = std::min(edge, all.size());
  return wire_codec::decode_edges(all.first(kept), all.last(kept), all.size(), h).bad;
}

TEST(wire_codec, the_edges_of_a_message_tell_its_routes_and_its_wishes) {
  for (std::size_t size : {0u, 1u, 3000u, 5000u, 100'000u}) {
    for (auto flags : {0u, route_header::flag_report, route_header::flag_stream}) {
      route_header h, got;
      h.append_onward(address{"hop"});
      h.append_onward(address{"echo"});
      h.append_return(address{transport_type::tcp, "127.0.0.1:4000"});
      h.flags(flags);
      ASSERT_FALSE(by_edges(encode(h, std::string(size, 'x')), got)) << size;
      EXPECT_EQ(got.onward(), h.onward());
      EXPECT_EQ(got.return_route(), h.return_route());
      EXPECT_EQ(got.flags(), flags) << size;
    }
  }
}

TEST(wire_codec, edges_that_do_not_tell) {
  route_header h, got;
  h.append_onward(address{std::string(500, 'n')});
  auto message = encode(h, std::string(10'000, 'x'));
  EXPECT_FALSE(by_edges(message, got));
  EXPECT_TRUE(by_edges(message, got, 400)) << "the routes are longer than that";
  EXPECT_TRUE(by_edges(std::string(10'000, '\0'), got));
  EXPECT_TRUE(by_edges(std::string(10'000, '\xff'), got));
  message.resize(5000); // the payload says that it is longer
  EXPECT_TRUE(by_edges(message, got));
  // A fourth element that is longer than what is kept of it is not known, the routes are.
  route_header other;
  EXPECT_FALSE(by_edges(golden::bytes("8481820041618041" "7079") + golden::bytes("1388") + std::string(5000, 't'), other));
  EXPECT_EQ(other.onward(), route{"a"});
  EXPECT_FALSE(other.wants_report());
}

} // namespace
} // namespace ockam
