// SPDX-License-Identifier: Apache-2.0
// Work that the socket thread leaves to the pool: long texts for `uppercase`, and what a worker's end does to it.
#include "runtime/core/bare.hpp"
#include "sim/support/node.hpp"

#include <gtest/gtest.h>

namespace ockam::sim {
namespace {

using namespace std::chrono_literals;

std::string text_of_length(std::size_t n, std::string_view pattern) {
  std::string out;
  while (out.size() < n)
    out += pattern;
  return out;
}

std::string bare_string(std::string_view text) {
  auto bytes = bare::encode_string(text);
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

//   n1: me (mailbox), uppercase
class long_texts : public testing::Test {
 protected:
  long_texts() { n1.start("me", std::move(box_)); }
  std::string answer(std::size_t i) { return std::string{got.at(i)->text().value_or("no text")}; }
  std::string answer_to(const std::string& text) {
    got.clear();
    n1.send({"uppercase"}, bare_string(text), "me", true);
    return got.size() == 1 && !got[0]->header.get_report() ? answer(0) : "none";
  }

  network net;
  node n1{net};
  std::unique_ptr<mailbox> box_ = std::make_unique<mailbox>();
  std::vector<message_ptr>& got = box_->got;
};

TEST_F(long_texts, are_converted_as_short_ones_are) {
  for (auto [lower, upper] : {std::pair{"abc xyz 123 {}", "ABC XYZ 123 {}"}, {"ß", "SS"}, {"grüße ", "GRÜSSE "}, {"ΐ", "\u0399\u0308\u0301"}, {"дом ", "ДОМ "},
                              {"a long run of plain text, then ǰ and 𐐨", "A LONG RUN OF PLAIN TEXT, THEN J̌ AND 𐐀"}, {"日本語", "日本語"}, {"@[`{~", "@[`{~"}}) {
    EXPECT_EQ(answer_to(lower), upper);
    for (std::size_t length : {1'000u, 20'000u, 65'535u, 65'537u, 300'000u}) {
      auto text = text_of_length(length, lower);
      auto times = text.size() / std::string_view{lower}.size();
      EXPECT_TRUE(answer_to(text) == text_of_length(times * std::string_view{upper}.size(), upper)) << lower << " " << length;
    }
  }
  EXPECT_EQ(answer_to(""), "");
  got.clear();
  EXPECT_EQ(n1.budget().used(), 0u);
}

TEST_F(long_texts, that_are_none_get_no_reply_but_a_report) {
  auto long_text = text_of_length(200'000, "abc");
  for (auto bad : {std::string{"\xff"}, "abc" + std::string{"\xc3"}, long_text + "\xff", long_text + "\xe2\x82", "\x80" + long_text}) {
    got.clear();
    n1.send({"uppercase"}, bare_string(bad), "me", true);
    ASSERT_EQ(got.size(), 1u);
    const auto* r = got[0]->header.get_report();
    ASSERT_NE(r, nullptr);
    EXPECT_EQ(r->reason, drop_reason::service_error);
    EXPECT_EQ(r->detail, "the payload is not a BARE string in UTF-8");
  }
  n1.send({"uppercase"}, std::string{"\xff\xff\xff\x7f"} + long_text, "me", true); // longer than it is
  EXPECT_EQ(got.back()->header.get_report()->reason, drop_reason::service_error);
  got.clear();
  EXPECT_EQ(n1.budget().used(), 0u);
}

TEST_F(long_texts, do_not_let_later_messages_of_their_sender_pass) {
  n1.reactor().post([&] {
    for (int i = 0; i < 20; ++i)
      n1.board().deliver(make_message({"uppercase"}, address{"me"},
                                      payload{bare_string(std::to_string(i) + text_of_length(i % 3 == 0 ? 200'000 : 10, "a"))}));
  });
  net.run();
  ASSERT_EQ(got.size(), 20u);
  for (std::size_t i = 0; i < got.size(); ++i)
    EXPECT_TRUE(answer(i).starts_with(std::to_string(i) + "A"));
}

TEST_F(long_texts, let_messages_of_others_pass) {
  auto box = std::make_unique<mailbox>();
  auto& others = box->got;
  n1.start("other", std::move(box));
  n1.pool_runs(false);
  n1.send({"uppercase"}, bare_string(text_of_length(200'000, "a")), "me");
  n1.send({"hop", "uppercase"}, bare_string("b"), "me");
  n1.send({"uppercase"}, bare_string("c"), "other");
  EXPECT_EQ(others.size(), 1u);
  EXPECT_TRUE(got.empty()) << "the same sender waits";
  n1.pool_runs(true);
  net.run();
  ASSERT_EQ(got.size(), 2u);
  EXPECT_EQ(answer(1), "B");
}

TEST_F(long_texts, of_several_senders_take_turns) {
  class diarist final : public worker {
   public:
    explicit diarist(std::vector<std::string>& diary) : diary_{diary} {}
    void on_message(message_ptr) override { diary_.push_back(self().name); }
    std::vector<std::string>& diary_;
  };
  std::vector<std::string> diary;
  for (auto* name : {"long", "short"})
    n1.start(name, std::make_unique<diarist>(diary));
  n1.reactor().post([&] {
    n1.board().deliver(make_message({"uppercase"}, address{"long"}, payload{bare_string(text_of_length(4u << 20, "a"))}));
    n1.board().deliver(make_message({"uppercase"}, address{"short"}, payload{bare_string(text_of_length(20'000, "a"))}));
  });
  net.run();
  EXPECT_EQ(diary, (std::vector<std::string>{"short", "long"}));
}

TEST_F(long_texts, are_charged_as_they_grow) {
  auto text = text_of_length(1u << 20, "ΐ");
  n1.send({"uppercase"}, bare_string(text), "me");
  ASSERT_EQ(got.size(), 1u);
  EXPECT_GE(got[0]->held.bytes(), 3 * text.size());
  EXPECT_EQ(n1.budget().used(), got[0]->held.bytes());
}

TEST_F(long_texts, of_a_service_that_is_stopped_are_reported) {
  n1.pool_runs(false);
  for (int i = 0; i < 3; ++i)
    n1.send({"uppercase"}, bare_string(text_of_length(200'000, "a")), "me", true);
  ASSERT_TRUE(n1.workers().stop(address{"uppercase"}));
  net.run();
  EXPECT_EQ(got.size(), 2u) << "the third is being computed";
  n1.pool_runs(true);
  net.run();
  ASSERT_EQ(got.size(), 3u);
  for (auto& m : got) {
    ASSERT_NE(m->header.get_report(), nullptr);
    EXPECT_EQ(m->header.get_report()->reason, drop_reason::worker_failed);
  }
  EXPECT_EQ(n1.board().dropped()[drop_reason::worker_failed], 3u);
  got.clear();
  EXPECT_EQ(n1.budget().used(), 0u);
  n1.start("uppercase");
  EXPECT_EQ(answer_to("again"), "AGAIN");
}

TEST_F(long_texts, do_not_keep_a_node_that_stops) {
  n1.pool_runs(false);
  n1.send({"uppercase"}, bare_string(text_of_length(5u << 20, "a")), "me", true);
  n1.stop();
  EXPECT_EQ(n1.budget().used(), 0u);
}

/// Computes in as many pieces as the message has bytes, and throws at a `!`.
class counting final : public worker {
 public:
  explicit counting(bool& stopped) : stopped_{stopped} {}
  void on_message(message_ptr m) override {
    compute_reply(std::move(m), [at = std::size_t{0}](message& in) mutable -> std::optional<result<payload>> {
      if (at == in.bytes().size())
        return payload{std::to_string(at)};
      if (in.body.text()[at++] == '!')
        throw std::runtime_error{"no exclamations"};
      return std::nullopt;
    });
  }
  void on_stop() noexcept override { stopped_ = true; }

 private:
  bool& stopped_;
};

class computing_on : public testing::TestWithParam<worker_thread> {};

INSTANTIATE_TEST_SUITE_P(both, computing_on, testing::Values(worker_thread::socket, worker_thread::pool),
                         [](auto& i) { return i.param == worker_thread::pool ? "pool" : "socket"; });

TEST_P(computing_on, an_exception_ends_the_worker_and_is_reported) {
  network net;
  node n1{net};
  bool stopped = false;
  n1.start("counting", std::make_unique<counting>(stopped), GetParam());
  auto box = std::make_unique<mailbox>();
  auto& got = box->got;
  n1.start("me", std::move(box));
  n1.send({"counting"}, "four", "me", true);
  ASSERT_EQ(got.size(), 1u);
  EXPECT_EQ(got[0]->body.text(), "4");
  n1.send({"counting"}, "no!", "me", true);
  ASSERT_EQ(got.size(), 2u);
  ASSERT_NE(got[1]->header.get_report(), nullptr);
  EXPECT_EQ(got[1]->header.get_report()->reason, drop_reason::worker_failed);
  EXPECT_TRUE(stopped);
  EXPECT_EQ(n1.board().find(address{"counting"}), nullptr);
  EXPECT_EQ(n1.board().dropped()[drop_reason::worker_failed], 1u);
  got.clear();
  EXPECT_EQ(n1.budget().used(), 0u);
}

} // namespace
} // namespace ockam::sim
