// SPDX-License-Identifier: Apache-2.0
// The header edited in its encoding, checked against the generated protobuf class and against plain lists.
#include "runtime/core/route_header.hpp"

#include "proto/routing.pb.h"

#include <gtest/gtest.h>

#include <random>

namespace ockam {
namespace {

using pb_header = routing::RouteHeader;

std::span<const std::byte> view(const std::string& s) { return std::as_bytes(std::span{s}); }

std::string encoded(const route_header& h) {
  std::string out(h.encoded_size(), '\0');
  auto* begin = reinterpret_cast<std::byte*>(out.data());
  EXPECT_EQ(h.encode(begin), begin + out.size());
  return out;
}

pb_header parsed(const route_header& h) {
  pb_header p;
  EXPECT_TRUE(p.ParseFromString(encoded(h)));
  return p;
}

route routes(const google::protobuf::RepeatedPtrField<routing::Address>& in) {
  route out;
  for (const auto& a : in)
    out.emplace_back(static_cast<transport_type>(a.type()), a.name());
  return out;
}

void add(google::protobuf::RepeatedPtrField<routing::Address>* to, const address& a) {
  auto* e = to->Add();
  e->set_type(static_cast<std::uint32_t>(a.type));
  e->set_name(a.name);
}

TEST(route_header, protobuf_reads_what_it_writes) {
  route_header h;
  h.append_return(address{"me"});
  h.append_onward(address{"hop"});
  h.append_onward(address{transport_type::tcp, "127.0.0.1:4000"});
  h.append_onward(address{""});
  h.append_onward(address{transport_type::caf, std::string(1024, 'n')});
  h.hop_budget(7);
  h.flags(route_header::flag_report);
  h.set_report({drop_reason::congested, address{transport_type::udp, "h:1"}, "n1", "a sentence"});
  auto p = parsed(h);
  EXPECT_EQ(routes(p.onward()), h.onward());
  EXPECT_EQ(routes(p.return_()), route{"me"});
  EXPECT_EQ(p.hop_budget(), 7u);
  EXPECT_EQ(p.flags(), 1u);
  EXPECT_EQ(p.report().reason(), routing::CONGESTED);
  EXPECT_EQ(p.report().hop().name(), "h:1");
  EXPECT_EQ(p.report().hop().type(), 2u);
  EXPECT_EQ(p.report().node(), "n1");
  EXPECT_EQ(p.report().detail(), "a sentence");
}

TEST(route_header, reads_what_protobuf_writes) {
  pb_header p;
  for (auto* n : {"a", "", "c"})
    add(p.mutable_onward(), address{n});
  add(p.mutable_return_(), address{transport_type::tcp, "h:1"});
  p.set_hop_budget(3);
  p.set_flags(1);
  p.mutable_report()->set_reason(routing::REFUSED);
  p.mutable_report()->mutable_hop()->set_name("x");
  p.mutable_report()->set_detail(std::string(300, 'd'));
  auto h = route_header::decode(view(p.SerializeAsString()));
  ASSERT_TRUE(h);
  EXPECT_EQ(h->onward(), (route{"a", "", "c"}));
  EXPECT_EQ(h->return_route(), (route{{transport_type::tcp, "h:1"}}));
  EXPECT_EQ(h->hop_budget(), 3u);
  EXPECT_FALSE(h->wants_report()) << "a report never asks for one";
  ASSERT_NE(h->get_report(), nullptr);
  EXPECT_EQ(h->get_report()->reason, drop_reason::refused);
  EXPECT_EQ(h->get_report()->detail.size(), report::max_detail);
}

TEST(route_header, fields_come_in_any_order_and_unknown_ones_travel_on) {
  // onward "b" | unknown varint 15 | return "r" | unknown bytes 20 | onward "c" | unknown fixed64 21 | budget
  std::string bytes;
  bytes += std::string{"\x0a\x03\x12\x01" "b", 5};
  bytes += std::string{"\x78\x05", 2};
  bytes += std::string{"\x12\x03\x12\x01" "r", 5};
  bytes += std::string{"\xa2\x01\x02hi", 5};
  bytes += std::string{"\x0a\x03\x12\x01" "c", 5};
  bytes += std::string{"\xa9\x01" "12345678", 10};
  bytes += std::string{"\x1d\x09\0\0\0", 5};
  auto h = route_header::decode(view(bytes));
  ASSERT_TRUE(h) << h.error().cause;
  EXPECT_EQ(h->onward(), (route{"b", "c"}));
  EXPECT_EQ(h->return_route(), (route{"r"}));
  EXPECT_EQ(h->hop_budget(), 9u);
  h->pop_onward();
  h->push_return(address{"b"});
  pb_header p, original;
  auto out = encoded(*h);
  ASSERT_TRUE(p.ParseFromString(out));
  EXPECT_EQ(routes(p.onward()), (route{"c"}));
  EXPECT_EQ(routes(p.return_()), (route{"b", "r"}));
  ASSERT_TRUE(original.ParseFromString(bytes));
  auto unknown = [](pb_header left) {
    left.clear_onward();
    left.clear_return_();
    left.clear_hop_budget();
    return left.SerializeAsString();
  };
  EXPECT_EQ(unknown(p), unknown(original)) << "the slow path carries the same";
  EXPECT_EQ(unknown(p).size(), 17u);
}

TEST(route_header, of_a_number_given_twice_the_last_counts) {
  std::string bytes{"\x1d\x09\0\0\0\x1d\x05\0\0\0", 10};
  auto h = route_header::decode(view(bytes));
  ASSERT_TRUE(h);
  EXPECT_EQ(h->hop_budget(), 5u);
  pb_header p;
  ASSERT_TRUE(p.ParseFromString(bytes));
  EXPECT_EQ(p.hop_budget(), 5u);
}

TEST(route_header, refuses_what_is_not_canonical) {
  struct {
    const char* what;
    std::string bytes;
  } cases[] = {
    {"type 0 written out", {"\x0a\x05\x08\0\x12\x01" "a", 7}},
    {"type over 255", {"\x0a\x06\x08\x80\x02\x12\x01" "a", 8}},
    {"an over-long type", {"\x0a\x06\x08\x81\0\x12\x01" "a", 8}},
    {"name before type", {"\x0a\x05\x12\x01" "a\x08\x01", 7}},
    {"an over-long length", {"\x0a\x83\0\x12\x01" "a", 6}},
    {"an over-long name length", {"\x0a\x04\x12\x81\0" "a", 6}},
    {"bytes behind the name", {"\x0a\x05\x12\x01" "a\x18\x01", 7}},
    {"two names", {"\x0a\x06\x12\x01" "a\x12\x01" "b", 8}},
    {"an address cut off", {"\x0a\x05\x12\x01" "a", 5}},
    {"a length beyond the end", {"\x0a\xff\xff\xff\xff\x7f", 6}},
    {"a varint of eleven bytes", {"\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01", 11}},
    {"field number 0", {"\x02\x00", 2}},
    {"a field number beyond 29 bits", {"\x98\x98\x98\x98\x98\x98\x01\x00", 8}},
    {"field number 0 in a report", {"\x2a\x02\x00\x00", 4}},
    {"a group", {"\x33\x34", 2}},
    {"a number cut off", {"\x1d\x01\x02", 3}},
    {"a report cut off", {"\x2a\x05\x08", 3}},
    {"a report whose text is not UTF-8", {"\x2a\x03\x22\x01\xff", 5}},
    {"a report with a group", {"\x2a\x01\x33", 3}},
  };
  for (auto& c : cases) {
    auto h = route_header::decode(view(c.bytes));
    ASSERT_FALSE(h) << c.what;
    EXPECT_EQ(h.error().code, errc::malformed) << c.what;
  }
}

TEST(route_header, bounds_hops_and_names) {
  pb_header p;
  for (std::size_t i = 0; i < max_route_hops; ++i) {
    add(p.mutable_onward(), address{"a"});
    add(p.mutable_return_(), address{"b"});
  }
  ASSERT_TRUE(route_header::decode(view(p.SerializeAsString())));
  add(p.mutable_return_(), address{"b"});
  auto long_back = route_header::decode(view(p.SerializeAsString()));
  ASSERT_FALSE(long_back);
  EXPECT_EQ(long_back.error().code, errc::too_large);
  pb_header q;
  add(q.mutable_onward(), address{std::string(max_name_length + 1, 'n')});
  auto long_name = route_header::decode(view(q.SerializeAsString()));
  ASSERT_FALSE(long_name);
  EXPECT_EQ(long_name.error().code, errc::invalid_address);
}

TEST(route_header, every_prefix_is_read_or_refused_without_harm) {
  pb_header p;
  add(p.mutable_onward(), address{transport_type::tcp, "h:1"});
  add(p.mutable_return_(), address{"r"});
  p.set_hop_budget(1);
  p.mutable_report()->set_node("n");
  auto bytes = p.SerializeAsString();
  for (std::size_t n = 0; n <= bytes.size(); ++n) {
    std::string part{bytes.data(), n};
    auto h = route_header::decode(view(part));
    pb_header q;
    EXPECT_TRUE(!h || q.ParseFromString(part)) << n;
  }
}

TEST(route_header, a_reply_goes_back_with_one_return_address_and_no_wishes) {
  route_header h;
  h.append_return(address{"a"});
  h.append_return(address{transport_type::tcp, "b"});
  h.append_onward(address{"me"});
  h.append_onward(address{"never"});
  h.flags(1);
  h.hop_budget(2);
  h.make_reply(h.next()); // the address may point into the header itself
  EXPECT_EQ(h.onward(), (route{"a", {transport_type::tcp, "b"}}));
  EXPECT_EQ(h.return_route(), route{"me"});
  EXPECT_EQ(h.flags(), 0u);
  EXPECT_EQ(h.hop_budget(), route_header::default_hop_budget);
  h.make_reply(std::nullopt);
  EXPECT_EQ(h.onward(), route{"me"});
  EXPECT_TRUE(h.return_empty());
}

TEST(route_header, the_texts_of_a_report_are_short_and_utf8) {
  route_header h;
  std::string umlauts = "x";
  for (int i = 0; i < 200; ++i)
    umlauts += "ü"; // byte 256 is in the middle of one
  h.set_report({drop_reason::congested, address{"a"}, "\xff", umlauts});
  EXPECT_EQ(h.get_report()->node, "\\xff");
  EXPECT_EQ(h.get_report()->detail, umlauts.substr(0, 255));
  auto p = parsed(h);
  EXPECT_EQ(p.report().detail(), umlauts.substr(0, 255));
}

TEST(route_header, a_report_that_came_in_has_the_same_bounds) {
  routing::RouteHeader p;
  p.add_onward()->set_name("me");
  p.mutable_report()->mutable_hop()->set_name(std::string(max_name_length, '\x01'));
  p.mutable_report()->set_node(std::string(300, '\x01'));
  auto bytes = p.SerializeAsString();
  auto h = route_header::decode(std::as_bytes(std::span{bytes}));
  ASSERT_TRUE(h);
  ASSERT_NE(h->get_report(), nullptr);
  // Cut between two escapes, never inside of one.
  EXPECT_EQ(h->get_report()->hop.name.size(), max_name_length);
  EXPECT_TRUE(h->get_report()->hop.name.ends_with("\\x01"));
  EXPECT_EQ(h->get_report()->node.size(), report::max_detail);
  h->set_report({drop_reason::refused, address{"a"}, std::string(253, 'n') + "\x01", {}});
  EXPECT_EQ(h->get_report()->node, std::string(253, 'n'));
}

TEST(route_header, a_moved_one_is_empty_and_usable) {
  for (std::size_t hops : {1u, 100u}) { // inside and on the heap
    route_header h;
    for (std::size_t i = 0; i < hops; ++i)
      h.append_onward(address{std::to_string(i)});
    h.push_return(address{"me"});
    auto want = h.onward();
    route_header other{std::move(h)};
    EXPECT_EQ(other.onward(), want);
    EXPECT_EQ(other.return_route(), route{"me"});
    h = route_header{};
    EXPECT_TRUE(h.onward_empty());
    h.append_onward(address{"again"});
    EXPECT_EQ(h.onward(), route{"again"});
  }
}

TEST(route_header, a_report_of_a_reason_that_is_none_says_so_and_has_the_size_that_it_says) {
  route_header h;
  h.set_report({static_cast<drop_reason>(200), address{"a"}, "n1", {}});
  EXPECT_EQ(h.get_report()->reason, drop_reason::none);
  std::vector<std::byte> out(h.encoded_size());
  EXPECT_EQ(h.encode(out.data()), out.data() + out.size());
}

TEST(route_header, an_empty_route_has_no_next_hop_and_loses_none) {
  route_header h;
  h.push_return(address{"me"});
  h.pop_onward();
  EXPECT_EQ(h.next(), address_view{});
  EXPECT_EQ(h.return_route(), route{"me"});
  h.append_onward(address{"a"});
  h.pop_onward();
  h.pop_onward();
  EXPECT_TRUE(h.onward_empty());
  EXPECT_EQ(h.return_route(), route{"me"});
  h.make_reply(std::nullopt);
  EXPECT_EQ(h.onward(), route{"me"});
  EXPECT_EQ(h.return_front(), address_view{});
}

TEST(route_header, a_name_that_is_too_long_is_put_in_nowhere) {
  const address longest{std::string(max_name_length, 'x')}, longer{std::string(20'000, 'x')};
  route_header h;
  h.push_onward(longest);
  h.append_onward(longest);
  h.push_return(longest);
  h.append_return(longest);
  EXPECT_THROW(h.push_onward(longer), std::length_error);
  EXPECT_THROW(h.append_onward(longer), std::length_error);
  EXPECT_THROW(h.push_return(longer), std::length_error);
  EXPECT_THROW(h.append_return(longer), std::length_error);
  EXPECT_EQ(h.onward(), (route{longest, longest}));
  EXPECT_EQ(h.return_route(), (route{longest, longest}));
}

TEST(route_header, forwarding_four_hops_takes_no_memory) {
  route_header h;
  h.append_return(address{"0123456789abcdef0123456789abcdef"});
  for (auto* n : {"hop1", "hop2", "hop3", "echo"})
    h.append_onward(address{n});
  for (int i = 0; i < 3; ++i) {
    address self{h.next()};
    h.pop_onward();
    h.push_return(self);
  }
  EXPECT_EQ(h.heap_bytes(), 0u);
  EXPECT_EQ(h.onward(), route{"echo"});
}

/// Random edits, each made on the encoded header, on plain lists, and now and then through protobuf.
class edits : public testing::TestWithParam<std::uint64_t> {};
INSTANTIATE_TEST_SUITE_P(seeds, edits, testing::Range<std::uint64_t>(1, 101));

TEST_P(edits, agree_with_plain_lists) {
  std::mt19937_64 random{GetParam()};
  auto below = [&](std::size_t n) { return static_cast<std::size_t>(random() % n); };
  auto some_address = [&] {
    static constexpr transport_type types[] = {transport_type::local, transport_type::tcp, transport_type::uds, transport_type::caf};
    std::size_t length = below(20) == 0 ? below(max_name_length + 1) : below(8) == 0 ? 0 : 1 + below(40);
    return address{types[below(4)], std::string(length, static_cast<char>('a' + below(26)))};
  };
  route_header h;
  route onward, back;
  for (int step = 0; step < 600; ++step) {
    auto a = some_address();
    switch (below(11)) {
      case 0: case 1: h.append_onward(a); onward.push_back(a); break;
      case 2: h.push_onward(a); onward.insert(onward.begin(), a); break;
      case 3: h.append_return(a); back.push_back(a); break;
      case 4: case 5: h.push_return(a); back.insert(back.begin(), a); break;
      case 6: case 7:
        if (!onward.empty()) {
          ASSERT_EQ(address{h.next()}, onward.front());
          h.pop_onward();
          onward.erase(onward.begin());
        }
        break;
      case 8:
        if (below(4) == 0) {
          bool named = below(3) != 0;
          h.make_reply(named ? std::optional<address_view>{a} : std::nullopt);
          onward = std::exchange(back, named ? route{a} : route{});
        }
        break;
      case 9:
        if (below(3) == 0) {
          route_header moved{std::move(h)};
          h = std::move(moved);
        } else {
          h.reserve(below(4000));
        }
        break;
      default: {
        auto again = route_header::decode(view(encoded(h)));
        ASSERT_TRUE(again) << again.error().cause;
        h = std::move(*again);
      }
    }
    ASSERT_EQ(h.onward(), onward) << "step " << step;
    ASSERT_EQ(h.return_route(), back) << "step " << step;
    if (step % 50 == 0) {
      auto p = parsed(h);
      ASSERT_EQ(routes(p.onward()), onward);
      ASSERT_EQ(routes(p.return_()), back);
    }
  }
}

} // namespace
} // namespace ockam
