// SPDX-License-Identifier: Apache-2.0
// What the switchboard keeps of messages that belong to a trace.
#include "runtime/core/message_span.hpp"

#include "runtime/core/provenance.hpp"
#include "runtime/core/switchboard.hpp"

#include <gtest/gtest.h>

namespace ockam {
namespace {

/// Does with a message what a worker does.
struct hand final : receiver {
  std::function<void(message_ptr)> act = [](message_ptr) {};
  void receive(message_ptr m) override { act(std::move(m)); }
  void failed(std::string_view) noexcept override {}
};

class spans : public testing::Test {
 protected:
  spans() {
    traces.open(100, 1, 1);
    board.keep_spans(&traces, [](address_view link) { return link == address_view{transport_type::local, "link"} ? "10.0.0.1:4000" : ""; });
  }
  worker_entry& add(const std::string& name, std::string_view type = "test") {
    worker_entry e;
    e.target = &worker;
    e.type = type;
    EXPECT_TRUE(board.add(address{name}, std::move(e)));
    return *board.find(address{name});
  }
  message_ptr message_of(const trace_context& t, const route& to = {"a"}) {
    auto m = make_message(to, address{"me"}, payload{});
    m->header.set_trace_context(t);
    return m;
  }
  std::vector<span> after(message_ptr m) {
    board.deliver(std::move(m));
    while (board.run_turn()) {
    }
    return traces.wait(100, tracer::clock::now());
  }

  tracer traces;
  switchboard board{"n1"};
  hand worker;
  trace_context of = begin_trace(1);
};

TEST_F(spans, what_a_worker_lets_go_is_processed) {
  add("a", "sink");
  auto got = after(message_of(of));
  ASSERT_EQ(got.size(), 1u);
  EXPECT_EQ(got[0].what, "process");
  EXPECT_EQ(got[0].kind, span_kind::consumer);
  EXPECT_EQ(got[0].worker, "0#a");
  EXPECT_EQ(got[0].type, "sink");
  EXPECT_EQ(got[0].parent_id, of.span_id);
  EXPECT_FALSE(got[0].is_error());
}

TEST_F(spans, an_answer_and_what_is_passed_on_carry_the_workers_span) {
  add("a");
  std::optional<trace_context> on;
  worker.act = [&](message_ptr m) {
    m->header.make_reply(address{"a"});
    message_span::answered(*m);
    on = *m->trace();
  };
  auto got = after(message_of(of));
  ASSERT_EQ(got.size(), 1u);
  EXPECT_EQ(got[0].kind, span_kind::server);
  ASSERT_TRUE(on);
  EXPECT_EQ(on->span_id, got[0].span_id);
  EXPECT_EQ(on->trace_id, of.trace_id);
  worker.act = [&](message_ptr m) {
    m->header.pop_onward();
    message_span::passed_on(*m);
    on = *m->trace();
  };
  got = after(message_of(of, {"a", "next"}));
  ASSERT_EQ(got.size(), 1u);
  EXPECT_EQ(got[0].what, "forward");
  EXPECT_EQ(got[0].next, "0#next");
  EXPECT_EQ(on->span_id, got[0].span_id);
}

TEST_F(spans, the_link_and_its_peer_are_named) {
  auto flow = board.flows().create();
  add("a").consumer_of = {flow};
  auto m = message_of(of);
  m->header.push_return(address{"link"});
  provenance::let_in(*m, {flow, 0, 0, std::make_shared<const std::string>("CN=n2")});
  auto got = after(std::move(m));
  ASSERT_EQ(got.size(), 1u);
  EXPECT_EQ(got[0].link, "0#link");
  EXPECT_EQ(got[0].peer, "10.0.0.1:4000");
  EXPECT_EQ(got[0].identity, "CN=n2");
}

TEST_F(spans, links_reply_addresses_streams_and_reports_have_none) {
  add("a", "tcp-link").producer = 7;
  EXPECT_TRUE(after(message_of(of)).empty());
  add("b").internal = true;
  EXPECT_TRUE(after(message_of(of, {"b"})).empty());
  add("c");
  auto m = message_of(of, {"c"});
  m->header.flags(route_header::flag_stream);
  EXPECT_TRUE(after(std::move(m)).empty());
  auto r = message_of(of, {"c"});
  r->header.set_report({});
  EXPECT_EQ(r->trace(), nullptr);
  EXPECT_TRUE(after(std::move(r)).empty());
}

TEST_F(spans, what_is_dropped_has_failed_with_the_reason) {
  auto got = after(message_of(of, {"nobody"}));
  ASSERT_EQ(got.size(), 1u);
  EXPECT_EQ(got[0].worker, "0#nobody");
  EXPECT_EQ(got[0].failed, drop_reason::unknown_worker);
  EXPECT_EQ(got[0].parent_id, of.span_id);
  add("a");
  worker.act = [&](message_ptr m) { board.drop(std::move(m), drop_reason::service_error, "no such key"); };
  got = after(message_of(of));
  ASSERT_EQ(got.size(), 1u) << "one, not another for the drop";
  EXPECT_EQ(got[0].failed, drop_reason::service_error);
  EXPECT_EQ(got[0].detail, "no such key");
}

TEST_F(spans, a_handler_that_throws_has_failed) {
  add("a");
  worker.act = [](message_ptr) { throw std::runtime_error{"x"}; };
  auto got = after(message_of(of));
  ASSERT_EQ(got.size(), 1u);
  EXPECT_EQ(got[0].failed, drop_reason::worker_failed);
}

TEST_F(spans, without_a_sampled_trace_nothing_is_kept_and_nothing_changes) {
  add("a");
  of.flags = 0;
  std::optional<trace_context> on;
  worker.act = [&](message_ptr m) {
    if (m->trace())
      on = *m->trace();
  };
  EXPECT_TRUE(after(message_of(of)).empty());
  EXPECT_EQ(on, of);
  on.reset();
  EXPECT_TRUE(after(make_message({"a"}, address{"me"}, payload{})).empty());
  EXPECT_FALSE(on);
  traces.close();
  of.flags = trace_context::sampled_flag;
  EXPECT_TRUE(after(message_of(of)).empty());
  EXPECT_EQ(on, of) << "a node that keeps none passes it on as it is";
}

TEST_F(spans, an_open_span_counts_as_memory_of_the_message) {
  add("a");
  std::size_t with = 0;
  worker.act = [&](message_ptr m) {
    with = m->footprint();
    message_span::end(*m);
    EXPECT_EQ(m->footprint() + sizeof(open_span), with);
  };
  after(message_of(of));
  EXPECT_GT(with, 0u);
}

} // namespace
} // namespace ockam
