// SPDX-License-Identifier: Apache-2.0
#include "transports/stream/out_queue.hpp"

#include <gtest/gtest.h>

#include <cstring>
#include <random>

namespace ockam {
namespace {

using status = net::io_result::status;

/// Takes a limited number of bytes.
struct sink final : net::stream {
  std::size_t room = std::size_t{1} << 40;
  std::size_t at_once = std::size_t{1} << 40;
  bool broken = false;
  std::string got;

  net::io_result write(std::span<const iovec> from) override {
    if (broken)
      return {status::failed, 0, EPIPE};
    if (room == 0)
      return {status::again, 0, 0};
    std::size_t left = std::min(room, at_once), moved = 0;
    for (const auto& v : from) {
      auto n = std::min(left, v.iov_len);
      got.append(static_cast<const char*>(v.iov_base), n);
      left -= n;
      moved += n;
    }
    room -= moved;
    return {status::ok, moved, 0};
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

void append(out_queue& q, std::string_view text) { std::memcpy(q.append(text.size()), text.data(), text.size()); }
payload large(char c, std::size_t n = 20'000) {
  std::string s(n, c);
  return payload{std::as_bytes(std::span{s})};
}

TEST(out_queue, writes_small_and_large_in_order) {
  out_queue q;
  sink s;
  append(q, "one");
  q.append(large('L'));
  append(q, "two");
  EXPECT_EQ(q.bytes(), 20'006u);
  EXPECT_EQ(q.write_to(s).what, status::ok);
  EXPECT_EQ(s.got, "one" + std::string(20'000, 'L') + "two");
  EXPECT_TRUE(q.empty());
  EXPECT_EQ(q.bytes(), 0u);
}

TEST(out_queue, goes_on_where_the_stream_stopped) {
  out_queue q;
  sink s;
  s.room = 0;
  append(q, "hello ");
  append(q, "world");
  EXPECT_EQ(q.write_to(s).what, status::again);
  s.room = 8;
  EXPECT_EQ(q.write_to(s).what, status::again);
  EXPECT_EQ(q.bytes(), 3u);
  append(q, "!");
  s.room = 100;
  EXPECT_EQ(q.write_to(s).what, status::ok);
  EXPECT_EQ(s.got, "hello world!");
  s.broken = true;
  append(q, "x");
  auto r = q.write_to(s);
  EXPECT_EQ(r.what, status::failed);
  EXPECT_EQ(r.err, EPIPE);
}

TEST(out_queue, credit_comes_back_when_its_bytes_are_written) {
  memory m{1u << 20};
  auto l = ledger::make(m, 1u << 20, nullptr);
  out_queue q;
  sink s;
  q.append(large('a'));
  q.keep(credit{*l, 100});
  q.append(large('b'));
  q.keep(credit{*l, 10});
  s.room = 20'000;
  EXPECT_EQ(q.write_to(s).what, status::again);
  EXPECT_EQ(l->used(), 10u);
  s.room = 20'000;
  EXPECT_EQ(q.write_to(s).what, status::ok);
  EXPECT_EQ(l->used(), 0u);
  append(q, "x");
  q.keep(credit{*l, 5});
  q = out_queue{};
  EXPECT_EQ(l->used(), 0u) << "also when the link goes";
}

TEST(out_queue, may_be_charged_to_another_by_its_encoded_bytes) {
  memory m{1u << 20};
  auto sender = ledger::make(m, 1000, nullptr), own = ledger::make(m, 1000, nullptr);
  out_queue q;
  sink s;
  append(q, "x");
  q.keep(credit{*sender, 100});
  q.append(large('b'));
  q.keep(credit{*sender, 50});
  q.charge_to(*own);
  EXPECT_EQ(sender->used(), 0u);
  EXPECT_EQ(own->used(), q.bytes());
  EXPECT_EQ(q.write_to(s).what, status::ok);
  EXPECT_EQ(m.used(), 0u);
}

class out_queue_random : public testing::TestWithParam<std::uint64_t> {};
INSTANTIATE_TEST_SUITE_P(seeds, out_queue_random, testing::Range<std::uint64_t>(1, 31));

TEST_P(out_queue_random, loses_and_repeats_nothing) {
  std::mt19937_64 random{GetParam()};
  auto below = [&](std::size_t n) { return static_cast<std::size_t>(random() % n); };
  memory m{1u << 30};
  auto l = ledger::make(m, 1u << 30, nullptr);
  out_queue q;
  sink s;
  s.room = 0;
  std::string want;
  for (int i = 0; i < 1'500; ++i) {
    switch (below(4)) {
      case 0: {
        auto text = std::string(1 + below(below(10) == 0 ? 70'000 : 300), static_cast<char>('a' + below(26)));
        append(q, text);
        want += text;
        q.keep(credit{*l, text.size()});
        break;
      }
      case 1: {
        auto c = static_cast<char>('A' + below(26));
        auto n = out_queue::large + below(30'000);
        q.append(large(c, n));
        want.append(n, c);
        q.keep(credit{*l, n});
        break;
      }
      default:
        s.room += below(30'000);
        s.at_once = 1 + below(50'000);
        (void)q.write_to(s);
    }
    ASSERT_EQ(q.bytes(), want.size() - s.got.size());
  }
  s.room = s.at_once = std::size_t{1} << 40;
  while (!q.empty())
    (void)q.write_to(s);
  EXPECT_EQ(s.got, want);
  EXPECT_EQ(m.used(), 0u);
}

} // namespace
} // namespace ockam
