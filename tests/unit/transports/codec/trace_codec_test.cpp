// SPDX-License-Identifier: Apache-2.0
// The trace that a message belongs to, over the Ockam wire and between nodes of this implementation.
#include "proto/routing.pb.h"
#include "transports/codec/native_codec.hpp"
#include "transports/codec/wire_codec.hpp"

#include <nlohmann/json.hpp>

#include <gtest/gtest.h>

#include <cstring>
#include <string>

namespace ockam {
namespace {

const std::string parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

std::span<const std::byte> view(const std::string& s) { return std::as_bytes(std::span{s}); }

/// A message to `a` with this text as its fourth element.
std::string with_extras(const std::string& text) {
  std::string frame{"\x84\x81\x82\0\x41" "a\x80\x40\x79", 9};
  frame += static_cast<char>(text.size() >> 8);
  frame += static_cast<char>(text.size());
  return frame + text;
}

struct read_message {
  explicit read_message(const std::string& extras) : decoded{wire_codec::decode(view(with_extras(extras)), header)} {}
  std::string trace() const { return header.get_trace_context() ? header.get_trace_context()->traceparent() : "none"; }
  std::string state() const { return header.get_trace_context() ? header.get_trace_context()->state : "none"; }
  route_header header;
  decoded_message decoded;
};

route_header header_of_trace(const std::string& state = {}) {
  route_header h;
  h.append_onward(address{"a"});
  EXPECT_TRUE(h.read_trace_context(parent, state));
  return h;
}

TEST(trace_on_the_wire, is_read_as_the_reference_writes_it) {
  for (const auto& text : {R"({"traceparent":")" + parent + R"(","tracestate":""})", R"({"tracestate":"","traceparent":")" + parent + R"("})",
                           R"({"traceparent":")" + parent + R"("})", R"({ "traceparent": ")" + parent + R"(", "baggage": "x" })"}) {
    read_message m{text};
    EXPECT_FALSE(m.decoded.bad || m.decoded.bad_trace) << text;
    EXPECT_TRUE(m.decoded.foreign) << text;
    EXPECT_EQ(m.trace(), parent) << text;
    EXPECT_EQ(m.state(), "") << text;
    EXPECT_EQ(m.header.flags(), 0u);
  }
  read_message state{R"({"traceparent":")" + parent + R"(","tracestate":"a=\"1\",b=2"})"};
  EXPECT_EQ(state.state(), "a=\"1\",b=2");
}

TEST(trace_on_the_wire, goes_on_with_all_else_that_a_message_says) {
  constexpr auto report = route_header::flag_report, stream = route_header::flag_stream, trace = route_header::flag_trace;
  for (const std::string& state : {std::string{}, std::string{"a=1"}, "q=\"\\\"," + std::string(500, 'x')})
    for (auto flags : {0u, report, stream, report | stream, report | trace})
      for (auto budget : {route_header::default_hop_budget, 7u}) {
        auto h = header_of_trace(state);
        h.flags(flags);
        h.hop_budget(budget);
        std::string text{wire_codec::extras(h)};
        SCOPED_TRACE(text);
        EXPECT_TRUE(nlohmann::json::accept(text));
        EXPECT_LE(text.size(), 4096u);
        read_message m{text};
        EXPECT_EQ(m.trace(), parent);
        EXPECT_EQ(m.state(), state);
        EXPECT_EQ(m.header.flags(), flags);
        EXPECT_EQ(m.header.hop_budget(), budget);
        EXPECT_FALSE(m.decoded.foreign) << "it is ours";
        EXPECT_FALSE(m.decoded.bad_trace);
      }
}

TEST(trace_on_the_wire, alone_says_that_the_message_is_of_no_stream) {
  EXPECT_EQ(std::string{wire_codec::extras(header_of_trace())}, R"({"ockam_stream":"0","traceparent":")" + parent + R"("})");
  EXPECT_EQ(std::string{wire_codec::with_identity(wire_codec::extras(header_of_trace()), "I1")},
            R"({"ockam_stream":"0","traceparent":")" + parent + R"(","ockam_identity":"I1"})");
}

TEST(trace_on_the_wire, what_is_none_is_left_out_and_counted_and_harms_nothing_else) {
  for (const auto& text : {std::string{R"({"traceparent":"00-1-2-01"})"}, std::string{R"({"traceparent":""})"}, std::string{R"({"traceparent":7})"},
                           std::string{R"({"traceparent":null})"}, R"({"traceparent":")" + parent + R"(-"})",
                           R"({"traceparent":")" + parent + R"(","ockam_report":"1")", R"({"ockam_stream":"0","traceparent":")" + std::string(55, 'x') + R"("})",
                           R"({"traceparent":")" + parent + R"(","x":")" + std::string(5000, 'x') + R"("})"}) {
    read_message m{text};
    EXPECT_FALSE(m.decoded.bad) << text;
    EXPECT_TRUE(m.decoded.bad_trace) << text;
    EXPECT_EQ(m.trace(), "none") << text;
  }
  read_message m{R"({"ockam_report":"1","traceparent":"00-1-2-01"})"};
  EXPECT_TRUE(m.header.wants_report());
  EXPECT_TRUE(m.decoded.bad_trace);
}

TEST(trace_on_the_wire, a_state_that_is_too_long_is_left_out_alone) {
  for (const auto& state : {std::string(513, 'x'), std::string{"a\\u0001"}, std::string(33, ',')}) {
    read_message m{R"({"traceparent":")" + parent + R"(","tracestate":")" + state + R"("})"};
    EXPECT_EQ(m.trace(), parent);
    EXPECT_EQ(m.state(), "");
    EXPECT_TRUE(m.decoded.bad_trace);
  }
}

TEST(trace_on_the_wire, messages_without_one_have_none) {
  for (auto* text : {"{}", "garbage", "", R"({"x":"y"})", R"({"ockam_report":"1"})", R"({"tracestate":"a=1"})", R"({"x":"traceparent"})"}) {
    read_message m{text};
    EXPECT_EQ(m.trace(), "none") << text;
  }
  route_header h;
  h.append_onward(address{"a"});
  EXPECT_EQ(std::string{wire_codec::extras(h)}, "");
}

TEST(trace_of_a_message, goes_on_with_an_answer_and_not_with_a_report) {
  auto h = header_of_trace("a=1");
  h.append_return(address{"me"});
  h.make_reply(address{"a"});
  ASSERT_NE(h.get_trace_context(), nullptr);
  EXPECT_EQ(h.get_trace_context()->traceparent(), parent);
  auto moved = std::move(h);
  ASSERT_NE(moved.get_trace_context(), nullptr);
  EXPECT_EQ(moved.get_trace_context()->state, "a=1");
  EXPECT_EQ(h.get_trace_context(), nullptr);
  moved.set_report({});
  EXPECT_EQ(moved.get_trace_context(), nullptr);
  moved.set_trace_context(begin_trace(1));
  EXPECT_EQ(moved.get_trace_context(), nullptr);
}

TEST(trace_of_a_message, counts_as_its_memory) {
  route_header h;
  auto without = h.heap_bytes();
  h.set_trace_context(begin_trace(1));
  EXPECT_GE(h.heap_bytes(), without + sizeof(trace_context));
}

std::string native(const route_header& h) {
  std::string out(h.encoded_size(), '\0');
  EXPECT_EQ(h.encode(reinterpret_cast<std::byte*>(out.data())), reinterpret_cast<std::byte*>(out.data()) + out.size());
  return out;
}

TEST(trace_between_our_nodes, is_what_protobuf_reads_and_writes) {
  for (const auto& state : {std::string{}, std::string{"a=1"}, std::string(512, 'x')}) {
    routing::RouteHeader p;
    ASSERT_TRUE(p.ParseFromString(native(header_of_trace(state))));
    EXPECT_EQ(p.traceparent(), parent);
    EXPECT_EQ(p.tracestate(), state);
    bool bad = false;
    auto h = route_header::decode(view(p.SerializeAsString()), &bad);
    ASSERT_TRUE(h);
    EXPECT_FALSE(bad);
    ASSERT_NE(h->get_trace_context(), nullptr);
    EXPECT_EQ(*h->get_trace_context(), *header_of_trace(state).get_trace_context());
  }
}

TEST(trace_between_our_nodes, what_is_none_is_left_out_and_counted) {
  for (const std::string& wrong : {std::string{"x"}, std::string(1000, 'x'), parent + "x", std::string(55, '\xff')}) {
    routing::RouteHeader p;
    p.add_onward()->set_name("echo");
    p.set_traceparent(wrong);
    bool bad = false;
    auto h = route_header::decode(view(p.SerializeAsString()), &bad);
    ASSERT_TRUE(h);
    EXPECT_TRUE(bad);
    EXPECT_EQ(h->get_trace_context(), nullptr);
    EXPECT_EQ(h->onward(), route{"echo"});
    routing::RoutedMessage m;
    *m.mutable_header() = p;
    route_header got;
    EXPECT_TRUE(native_codec::decode(view(m.SerializeAsString()), got).bad_trace);
  }
  routing::RouteHeader p;
  p.set_traceparent(parent);
  p.set_tracestate(std::string(513, 'x'));
  bool bad = false;
  auto h = route_header::decode(view(p.SerializeAsString()), &bad);
  ASSERT_TRUE(h && h->get_trace_context());
  EXPECT_TRUE(bad);
  EXPECT_EQ(h->get_trace_context()->state, "");
}

TEST(trace_between_our_nodes, a_report_has_none_whatever_came) {
  routing::RouteHeader p;
  p.mutable_report()->set_detail("x");
  p.set_traceparent(parent);
  auto h = route_header::decode(view(p.SerializeAsString()));
  ASSERT_TRUE(h);
  EXPECT_NE(h->get_report(), nullptr);
  EXPECT_EQ(h->get_trace_context(), nullptr);
}

} // namespace
} // namespace ockam
