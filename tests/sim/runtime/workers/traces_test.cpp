// SPDX-License-Identifier: Apache-2.0
// Traces (W3C Trace Context) of messages, and what nodes on their way keep of them.
#include "runtime/workers/remote_actor.hpp"
#include "runtime/workers/reply_address.hpp"
#include "sim/relays/support.hpp"
#include "sim/support/asking.hpp"
#include "sim/support/node.hpp"

#include <caf/event_based_actor.hpp>
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <map>
#include <optional>

namespace ockam::sim {
namespace {

using namespace std::chrono_literals;

/// A node, and somebody at `me` who sends what belongs to a trace.
class traced : public testing::Test {
 protected:
  traced() {
    auto w = std::make_unique<mailbox>();
    got = &w->got;
    n1.start("me", std::move(w));
  }

  void send(node& from, const route& to, const trace_context& t) {
    admit_answers(from.board(), address{"me"}, to.front());
    auto m = make_message(to, address{"me"}, text_payload("hello"));
    m->header.flags(route_header::flag_report);
    m->header.set_trace_context(t);
    m->held = credit{from.context().local_budget, m->footprint()};
    from.reactor().post([&from, raw = std::make_shared<message_ptr>(std::move(m))] { from.board().deliver(std::move(*raw)); });
    net.run();
  }
  /// The trace of what has come back last.
  std::optional<trace_context> answer() const {
    return got->empty() || !got->back()->trace() ? std::nullopt : std::optional{*got->back()->trace()};
  }
  /// Those that have ended, of all nodes, by who was whose parent: the first is the child of `first`. What `me` has, it keeps.
  std::vector<span> chain(trace_context::span_id_bytes first) {
    std::vector<span> all, out;
    for (auto* n : nodes)
      for (auto& s : n->spans())
        all.push_back(std::move(s));
    for (auto parent = first;;) {
      auto next = std::find_if(all.begin(), all.end(), [&](auto& s) { return s.parent_id == parent; });
      if (next == all.end())
        break;
      parent = next->span_id;
      out.push_back(std::move(*next));
      all.erase(next);
    }
    EXPECT_TRUE(all.empty()) << "those of no chain: " << all.size() << ", first " << (all.empty() ? "" : all.front().worker);
    return out;
  }
  static std::string words(const std::vector<span>& spans) {
    std::string out;
    for (const auto& s : spans)
      out += (out.empty() ? "" : ", ") + std::string{s.what} + " " + s.worker.substr(2);
    return out;
  }

  network net;
  node n1{net, "n1"}, n2{net, "n2"}, n3{net, "n3"};
  std::vector<node*> nodes{&n1, &n2, &n3};
  std::vector<message_ptr>* got = nullptr;
  trace_context of = begin_trace(1);
};

//   me, hop ══ hop ══ hop, echo
TEST_F(traced, three_nodes_and_the_way_back_are_one_chain_of_spans) {
  for (auto* n : nodes) {
    n->keep_spans();
    n->start("hop");
  }
  of.state = "vendor=1";
  auto one = n1.connect(n2.listen()), two = n2.connect(n3.listen());
  ASSERT_TRUE(one && two);
  send(n1, {"hop", *one, "hop", *two, "hop", "echo"}, of);
  ASSERT_EQ(got->size(), 1u);
  EXPECT_EQ(got->back()->text(), "hello");
  auto spans = chain(of.span_id);
  EXPECT_EQ(words(spans), "forward hop, forward hop, forward hop, answer echo, forward hop, forward hop, forward hop");
  for (const auto& s : spans) {
    EXPECT_EQ(s.trace_id, of.trace_id);
    EXPECT_EQ(s.state, "vendor=1");
    EXPECT_FALSE(s.is_error());
  }
  ASSERT_EQ(spans.size(), 7u);
  EXPECT_FALSE(spans[1].link.empty());
  EXPECT_FALSE(spans[1].peer.empty()) << "who is at the other end of that link";
  EXPECT_EQ(spans[0].link, "") << "it began here";
  EXPECT_EQ(spans[2].next, "0#echo");
}

TEST_F(traced, nodes_that_keep_no_spans_pass_it_on_untouched) {
  for (auto* n : nodes)
    n->start("hop");
  of.state = "a=1,b=\"2\"";
  of.flags = 0x3;
  auto one = n1.connect(n2.listen()), two = n2.connect(n3.listen());
  ASSERT_TRUE(one && two);
  send(n1, {"hop", *one, "hop", *two, "hop", "echo"}, of);
  EXPECT_EQ(answer(), of);
}

TEST_F(traced, what_is_not_sampled_passes_untouched_through_nodes_that_keep_spans) {
  for (auto* n : nodes) {
    n->keep_spans();
    n->start("hop");
  }
  of.flags = trace_context::random_flag;
  auto one = n1.connect(n2.listen());
  ASSERT_TRUE(one);
  send(n1, {"hop", *one, "hop", "echo"}, of);
  EXPECT_EQ(answer(), of);
  EXPECT_TRUE(chain(of.span_id).empty());
}

TEST_F(traced, what_ends_on_its_way_is_an_error_there_and_nowhere_else) {
  n1.keep_spans();
  n2.keep_spans();
  n2.start("hop");
  auto one = n1.connect(n2.listen());
  ASSERT_TRUE(one);
  send(n1, {*one, "hop", "nobody"}, of);
  auto spans = chain(of.span_id);
  EXPECT_EQ(words(spans), "forward hop, process nobody");
  ASSERT_EQ(spans.size(), 2u);
  EXPECT_FALSE(spans[0].is_error());
  EXPECT_EQ(spans[1].failed, drop_reason::unknown_worker);
  ASSERT_EQ(got->size(), 1u);
  EXPECT_NE(got->back()->header.get_report(), nullptr);
  EXPECT_FALSE(answer()) << "reports belong to no trace";
}

struct way {
  const char* transport;
  const char* listen;
};
class traced_over : public traced, public testing::WithParamInterface<way> {};
INSTANTIATE_TEST_SUITE_P(transports, traced_over,
                         testing::Values(way{"tcp", "127.0.0.1:0"}, way{"ws", "127.0.0.1:0"}, way{"caf", "127.0.0.1:0"}, way{"uds", "/n2.sock"}, way{"udp", "127.0.0.1:0"}),
                         [](const auto& i) { return i.param.transport; });

TEST_P(traced_over, every_transport_carries_it) {
  of.state = "a=1,b=\"2\"";
  auto at = n2.listen(GetParam().listen, {"echo"}, GetParam().transport);
  auto one = n1.connect(at, {}, GetParam().transport);
  ASSERT_TRUE(one) << one.error().cause;
  send(n1, {*one, "echo"}, of);
  EXPECT_EQ(answer(), of);
  n2.keep_spans();
  send(n1, {*one, "echo"}, of);
  auto spans = chain(of.span_id);
  EXPECT_EQ(words(spans), "answer echo");
  ASSERT_TRUE(answer());
  EXPECT_EQ(answer()->trace_id, of.trace_id);
  EXPECT_EQ(answer()->state, of.state);
}

//   me ══▶ relay ◀══ behind
TEST(traced_relay, a_relay_is_a_span_and_carries_it_on) {
  network net;
  node_config c;
  c.name = "relay";
  c.listeners.push_back({"main", "tcp", "127.0.0.1:4000", {}});
  node relay{net, c, services_with_relays()};
  node_config b;
  b.name = "behind";
  b.items = {{"relay", "db", {{"at", "/ip4/127.0.0.1/tcp/4000"}}}};
  node behind{net, b, services_with_relays()};
  net.advance(3s);
  node app{net, "app"};
  auto w = std::make_unique<mailbox>();
  auto& got = w->got;
  app.start("me", std::move(w));
  for (auto* n : {&relay, &behind, &app})
    n->keep_spans();
  auto link = app.connect("127.0.0.1:4000");
  ASSERT_TRUE(link);
  auto of = begin_trace(1);
  admit_answers(app.board(), address{"me"}, *link);
  auto m = make_message({*link, "forward_to_db", "echo"}, address{"me"}, text_payload("hello"));
  m->header.set_trace_context(of);
  m->held = credit{app.context().local_budget, m->footprint()};
  app.reactor().post([&, raw = std::make_shared<message_ptr>(std::move(m))] { app.board().deliver(std::move(*raw)); });
  net.run();
  ASSERT_EQ(got.size(), 1u);
  ASSERT_NE(got[0]->trace(), nullptr);
  auto passed = relay.spans(), answered = behind.spans();
  ASSERT_EQ(passed.size(), 1u);
  EXPECT_EQ(passed[0].worker, "0#forward_to_db");
  EXPECT_EQ(passed[0].type, "relay");
  EXPECT_EQ(passed[0].what, "forward");
  EXPECT_EQ(passed[0].parent_id, of.span_id);
  ASSERT_EQ(answered.size(), 1u);
  EXPECT_EQ(answered[0].what, "answer");
  EXPECT_EQ(answered[0].parent_id, passed[0].span_id);
}

/// Does what a test says, with the members that are protected.
class scripted final : public worker {
 public:
  using worker::compute_reply, worker::deliver, worker::forward, worker::reply, worker::reply_error, worker::reply_text, worker::request, worker::send,
    worker::set_timer, worker::start_trace, worker::trace;
  std::function<void(scripted&, message_ptr)> at_message;
  std::function<void(scripted&)> at_timer = [](scripted&) {};

  void on_message(message_ptr m) override { at_message(*this, std::move(m)); }
  void on_timer(std::uint64_t) override { at_timer(*this); }
};

class traced_service : public traced, public testing::WithParamInterface<worker_thread> {
 protected:
  scripted& serve(std::function<void(scripted&, message_ptr)> f) {
    auto w = std::make_unique<scripted>();
    auto& out = *w;
    w->at_message = std::move(f);
    n1.start("service", std::move(w), GetParam());
    return out;
  }
};
INSTANTIATE_TEST_SUITE_P(threads, traced_service, testing::Values(worker_thread::socket, worker_thread::pool),
                         [](const auto& i) { return std::string{to_string(i.param)}; });

TEST_P(traced_service, reads_it_and_what_it_sends_belongs_to_it) {
  n1.keep_spans();
  std::optional<trace_context> of_message, now, after;
  auto& w = serve([&](scripted& s, message_ptr m) {
    of_message = *m->trace();
    now = *s.trace();
    s.send({"me"}, text_payload("aside"));
    s.reply_text(std::move(m), "answer");
    s.set_timer(1s);
  });
  w.at_timer = [&](scripted& s) {
    after = s.trace() ? std::optional{*s.trace()} : std::nullopt;
    s.send({"me"}, text_payload("later"));
  };
  send(n1, {"service"}, of);
  ASSERT_EQ(got->size(), 2u);
  auto mine = n1.spans();
  auto service = std::find_if(mine.begin(), mine.end(), [](auto& s) { return s.worker == "0#service"; });
  ASSERT_NE(service, mine.end());
  EXPECT_EQ(of_message, now);
  EXPECT_EQ(now->span_id, service->span_id);
  for (const auto& m : *got) {
    ASSERT_NE(m->trace(), nullptr);
    EXPECT_EQ(m->trace()->trace_id, of.trace_id);
  }
  net.advance(1s);
  ASSERT_EQ(got->size(), 3u);
  EXPECT_FALSE(after) << "a timer belongs to no message";
  EXPECT_EQ(got->back()->trace(), nullptr);
}

TEST_P(traced_service, a_request_is_a_span_of_its_own_and_its_handler_goes_on_with_the_trace) {
  n1.keep_spans();
  std::optional<trace_context> before, in_handler;
  serve([&](scripted& s, message_ptr m) {
    before = *s.trace();
    s.request({"echo"}, text_payload("?"), 10s, [&, kept = std::make_shared<message_ptr>(std::move(m))](result<message_ptr> r) {
      ASSERT_TRUE(r);
      in_handler = *s.trace();
      s.reply_text(std::move(*kept), "answer");
    });
  });
  send(n1, {"service"}, of);
  ASSERT_EQ(got->size(), 1u);
  EXPECT_EQ(in_handler, before);
  auto all = n1.spans();
  std::map<std::string, span> by;
  for (auto& s : all)
    by[std::string{s.what} + " " + s.worker] = s;
  ASSERT_TRUE(by.contains("answer 0#service") && by.contains("request 0#service") && by.contains("answer 0#echo")) << words(all);
  auto &server = by["answer 0#service"], &client = by["request 0#service"], &echo = by["answer 0#echo"];
  EXPECT_EQ(client.kind, span_kind::client);
  EXPECT_EQ(client.parent_id, server.span_id);
  EXPECT_EQ(client.next, "0#echo");
  EXPECT_EQ(echo.parent_id, client.span_id);
  EXPECT_FALSE(client.is_error());
}

TEST_P(traced_service, a_request_that_fails_is_an_error_with_its_kind) {
  n1.keep_spans();
  serve([&](scripted& s, message_ptr m) {
    s.request({"nobody"}, text_payload("?"), 10s, [&, kept = std::make_shared<message_ptr>(std::move(m))](result<message_ptr> r) {
      s.reply_error(std::move(*kept), r.error().cause, text_payload("no"));
    });
  });
  send(n1, {"service"}, of);
  auto all = n1.spans();
  auto asked = std::find_if(all.begin(), all.end(), [](auto& s) { return s.what == "request"; });
  auto served = std::find_if(all.begin(), all.end(), [](auto& s) { return s.worker == "0#service" && s.what != "request"; });
  ASSERT_TRUE(asked != all.end() && served != all.end()) << words(all);
  EXPECT_EQ(asked->error, "undeliverable");
  EXPECT_EQ(served->failed, drop_reason::service_error);
}

TEST_P(traced_service, begins_one_that_lasts_for_the_call) {
  n1.keep_spans();
  std::optional<trace_context> began;
  bool traced_before = true;
  serve([&](scripted& s, message_ptr m) {
    traced_before = s.trace() != nullptr;
    if (m->text() == "begin")
      began = s.start_trace();
    s.send({"me"}, text_payload("x"));
  });
  n1.send({"service"}, "\x05" "begin");
  n1.send({"service"}, "\x05" "other");
  ASSERT_EQ(got->size(), 2u);
  ASSERT_TRUE(began);
  EXPECT_FALSE(traced_before);
  ASSERT_NE((*got)[0]->trace(), nullptr);
  EXPECT_EQ((*got)[0]->trace()->trace_id, began->trace_id);
  EXPECT_EQ((*got)[1]->trace(), nullptr);
  auto spans = chain({});
  EXPECT_EQ(words(spans), "send service");
  EXPECT_EQ(spans.at(0).kind, span_kind::producer);
  EXPECT_EQ(spans.at(0).span_id, began->span_id);
}

TEST_P(traced_service, begins_one_with_a_message_whose_answer_belongs_to_it) {
  n1.keep_spans();
  std::optional<trace_context> began;
  serve([&](scripted& s, message_ptr m) {
    began = s.start_trace(*m);
    s.reply_text(std::move(m), "answer");
  });
  n1.send({"service"}, "x", "me");
  ASSERT_EQ(got->size(), 1u);
  ASSERT_TRUE(answer());
  EXPECT_EQ(answer()->trace_id, began->trace_id);
  EXPECT_EQ(words(chain({})), "answer service");
}

TEST_P(traced_service, the_node_says_how_many_of_those_that_begin_here_are_sampled) {
  n1.keep_spans(0);
  std::optional<trace_context> began;
  serve([&](scripted& s, message_ptr m) {
    began = s.start_trace(*m);
    s.reply_text(std::move(m), "answer");
  });
  n1.send({"service"}, "x", "me");
  ASSERT_TRUE(began);
  EXPECT_FALSE(began->is_sampled());
  EXPECT_EQ(answer(), began) << "it goes on all the same";
  EXPECT_TRUE(n1.spans().empty());
}

TEST_P(traced_service, a_handler_that_throws_is_an_error) {
  n1.keep_spans();
  serve([&](scripted&, message_ptr) { throw std::runtime_error{"x"}; });
  send(n1, {"service"}, of);
  auto all = n1.spans();
  ASSERT_FALSE(all.empty());
  EXPECT_EQ(all[0].worker, "0#service");
  EXPECT_EQ(all[0].failed, drop_reason::worker_failed);
}

TEST_P(traced_service, a_message_that_is_kept_ends_its_span_when_it_is_answered) {
  n1.keep_spans();
  message_ptr kept;
  auto& w = serve([&](scripted& s, message_ptr m) {
    kept = std::move(m);
    s.set_timer(5s);
  });
  w.at_timer = [&](scripted& s) { s.reply_text(std::move(kept), "at last"); };
  send(n1, {"service"}, of);
  EXPECT_TRUE(n1.spans().empty());
  net.advance(5s);
  ASSERT_TRUE(answer());
  auto all = n1.spans();
  ASSERT_FALSE(all.empty());
  EXPECT_EQ(words(all), "answer service");
  EXPECT_EQ(answer()->trace_id, of.trace_id);
}

/// Asks `to` what it is asked, and answers with what comes of it and the trace of the request.
caf::behavior asks(caf::event_based_actor* self, const route& to) {
  auto far = remote(self, to, 1min);
  return {[self, far](const ockam::request& r) {
    auto answer = self->make_response_promise<std::string>();
    auto trace = r.trace() ? r.trace()->trace_id_text() : "none";
    self->request(far, caf::infinite, r).then([answer, trace](const ockam::reply& what) mutable {
      answer.deliver(trace + " " + (what.trace() ? what.trace()->trace_id_text() : "none"));
    });
    return answer;
  }};
}

TEST_F(traced, an_actor_reads_it_answers_with_it_and_asks_with_it) {
  n1.keep_spans();
  auto o = service_on_pool();
  o.type = "actor";
  ASSERT_TRUE(start_service(net, n1, "actor", [spawn = spawning(asks, route{"uppercase"})] { return result<std::unique_ptr<worker>>{make_actor_worker(spawn)}; }, o));
  send(n1, {"actor"}, of);
  ASSERT_EQ(got->size(), 1u);
  auto id = of.trace_id_text();
  EXPECT_EQ(got->back()->text(), id + " " + id);
  ASSERT_TRUE(answer());
  EXPECT_EQ(answer()->trace_id, of.trace_id);
}

} // namespace
} // namespace ockam::sim
