// SPDX-License-Identifier: Apache-2.0
#include "transports/stream/frame_writer.hpp"

#include "sim/support/wire.hpp"

#include <gtest/gtest.h>

namespace ockam {
namespace {

/// Takes everything.
struct sink final : net::stream {
  std::string got;
  std::size_t largest_part = 0;

  net::io_result write(std::span<const iovec> from) override {
    std::size_t moved = 0;
    for (const auto& v : from) {
      got.append(static_cast<const char*>(v.iov_base), v.iov_len);
      largest_part = std::max(largest_part, v.iov_len);
      moved += v.iov_len;
    }
    return {net::io_result::status::ok, moved, 0};
  }
  void attach(net::stream_events*) override {}
  net::io_result read(std::span<const iovec>) override { return {}; }
  void watch_read(bool) override {}
  void watch_write(bool) override {}
  bool shutdown_write() override { return false; }
  bool peer_closed() override { return false; }
  bool has_unread() const override { return false; }
  std::string peer() const override { return {}; }
  std::string local() const override { return {}; }
};

struct frame_writer_test : ::testing::Test {
  message_ptr to_echo(std::string_view body) {
    auto m = std::make_unique<message>();
    m->header.append_return(address{"back"});
    m->header.append_onward(address{"echo"});
    m->body = payload{body};
    m->held = credit{*sender, m->footprint()};
    return m;
  }

  memory budget{64u << 20};
  ledger::owner sender = ledger::make(budget, 32u << 20, nullptr);
  frame_writer writer{wire_codec::codec, 100'000};
  sink out;
};

TEST_F(frame_writer_test, writes_the_preamble_and_frames_that_decode) {
  writer.preamble();
  std::size_t bytes = 1;
  for (std::size_t n : {std::size_t{0}, std::size_t{5}, out_queue::large - 1, out_queue::large, std::size_t{90'000}})
    bytes += *writer.add(*to_echo(std::string(n, 'x')));
  EXPECT_EQ(writer.queue().bytes(), bytes);
  (void)writer.queue().write_to(out);
  EXPECT_EQ(out.got.size(), bytes);
  ASSERT_TRUE(out.got.starts_with(sim::preamble));
  out.got.erase(0, 1);
  auto frames = sim::take_frames(out.got);
  ASSERT_EQ(frames.size(), 5u);
  EXPECT_EQ(frames[1].body, "xxxxx");
  EXPECT_EQ(frames[4].body, std::string(90'000, 'x'));
  EXPECT_EQ(frames[4].onward, route{address{"echo"}});
  EXPECT_TRUE(out.got.empty());
}

TEST_F(frame_writer_test, large_payloads_are_written_from_where_they_lie) {
  auto m = to_echo(std::string(50'000, 'x'));
  (void)writer.add(*m);
  EXPECT_TRUE(m->body.empty());
  (void)writer.queue().write_to(out);
  EXPECT_EQ(out.largest_part, 50'000u);
}

TEST_F(frame_writer_test, credit_comes_back_when_the_frame_is_written) {
  (void)writer.add(*to_echo("one"));
  EXPECT_GT(sender->used(), 0u);
  (void)writer.queue().write_to(out);
  EXPECT_EQ(sender->used(), 0u);
}

TEST_F(frame_writer_test, a_message_that_is_too_large_is_left_alone) {
  auto m = to_echo(std::string(100'000, 'x'));
  EXPECT_FALSE(writer.add(*m));
  EXPECT_EQ(m->body.size(), 100'000u);
  EXPECT_TRUE(m->held);
  EXPECT_TRUE(writer.queue().empty());
}

TEST_F(frame_writer_test, a_heartbeat_is_a_frame_without_any_address) {
  auto size = writer.heartbeat();
  EXPECT_EQ(size, writer.queue().bytes());
  (void)writer.queue().write_to(out);
  route_header h;
  EXPECT_FALSE(wire_codec::decode(std::as_bytes(std::span{out.got}).subspan(4), h).bad);
  EXPECT_TRUE(h.onward_empty());
}

} // namespace
} // namespace ockam
