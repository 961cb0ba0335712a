// SPDX-License-Identifier: Apache-2.0
// Traces of messages that go through a secure channel.
#include "sim/channels/channel_fixture.hpp"

namespace ockam::sim {
namespace {

class traced_channel : public secure_channel {
 protected:
  void ask_of(const trace_context& t, const route& to) {
    got->clear();
    admit_answers(a->board(), address{"me"}, to.front());
    auto m = make_message(to, address{"me"}, text_payload("hello"));
    m->header.set_trace_context(t);
    m->held = credit{a->context().local_budget, m->footprint()};
    a->reactor().post([&, raw = std::make_shared<message_ptr>(std::move(m))] { a->board().deliver(std::move(*raw)); });
    net.run();
  }
  trace_context of = begin_trace(1);
};

TEST_F(traced_channel, a_trace_goes_through_it_and_back_untouched) {
  connect();
  of.state = "a=1";
  ask_of(of, {"c", "echo"});
  ASSERT_EQ(got->size(), 1u);
  ASSERT_NE(got->back()->trace(), nullptr);
  EXPECT_EQ(*got->back()->trace(), of);
}

TEST_F(traced_channel, nobody_on_its_way_sees_whose_trace_it_carries) {
  connect({{"to", "/ip4/127.0.0.1/tcp/4000/service/hop/service/api"}});
  ASSERT_EQ(state(), "up");
  b->keep_spans();
  ask_of(of, {"c", "echo"});
  ASSERT_EQ(got->size(), 1u);
  auto spans = b->spans();
  ASSERT_EQ(spans.size(), 1u) << "of the service, and none of the hop or the end of the channel";
  EXPECT_EQ(spans[0].worker, "0#echo");
  EXPECT_EQ(spans[0].parent_id, of.span_id);
  EXPECT_EQ(spans[0].identity, id_a->name());
  EXPECT_EQ(got->back()->trace()->span_id, spans[0].span_id);
}

} // namespace
} // namespace ockam::sim
