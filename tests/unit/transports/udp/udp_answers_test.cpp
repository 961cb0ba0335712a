// SPDX-License-Identifier: Apache-2.0
#include "transports/udp/udp_answers.hpp"

#include <gtest/gtest.h>

namespace ockam {
namespace {

constexpr auto whole = route_header::default_hop_budget;
constexpr auto toll = route_header::answer_toll;

route_header with_budget(std::uint32_t budget) {
  route_header h;
  h.append_return(address{"echo"});
  h.append_onward(address{"a"});
  h.hop_budget(budget);
  return h;
}

TEST(udp_answers, are_told_by_the_toll_that_they_have_paid) {
  EXPECT_FALSE(udp_answers::is_answer(with_budget(whole)));
  EXPECT_FALSE(udp_answers::is_answer(with_budget(whole - 2)));
  EXPECT_TRUE(udp_answers::is_answer(with_budget(whole - toll)));
  EXPECT_TRUE(udp_answers::is_answer(with_budget(0)));
  auto told = with_budget(0);
  told.set_report({drop_reason::congested, address{"x"}, "n1", ""});
  EXPECT_FALSE(udp_answers::is_answer(told));
}

TEST(udp_answers, one_of_many_is_marked_and_every_answer_to_an_answer) {
  udp_answers tested;
  std::uint32_t marked = 0;
  for (std::uint32_t i = 0; i < 10 * udp_answers::one_marked_of; ++i)
    marked += tested.mark(with_budget(whole - toll - 1)).has_value();
  EXPECT_EQ(marked, 10u);
  for (int i = 0; i < 10; ++i)
    EXPECT_TRUE(tested.mark(with_budget(whole - 2 * toll)));
}

TEST(udp_answers, a_mark_that_comes_back_lowers_the_budget_and_never_raises_it) {
  udp_answers tested;
  for (std::uint32_t budget : {0u, 1u, 255u, 256u, whole - 2 * toll}) {
    auto mark = tested.mark(with_budget(budget));
    ASSERT_TRUE(mark);
    EXPECT_EQ(mark->name.size(), 32u);
    auto back = with_budget(whole);
    back.push_onward(*mark);
    EXPECT_TRUE(tested.take_mark(back));
    EXPECT_EQ(back.hop_budget(), budget);
    EXPECT_EQ(back.onward(), route{"a"});
  }
  auto mark = tested.mark(with_budget(1000));
  auto back = with_budget(3);
  back.push_onward(*mark);
  EXPECT_TRUE(tested.take_mark(back));
  EXPECT_EQ(back.hop_budget(), 3u);
}

TEST(udp_answers, what_is_no_mark_of_this_source_stays) {
  udp_answers tested, other;
  auto theirs = *other.mark(with_budget(0));
  auto ours = *tested.mark(with_budget(0));
  auto torn = ours;
  torn.name.back() = 'g';
  auto elsewhere = ours;
  elsewhere.type = transport_type::tcp;
  for (const auto& a : {theirs, torn, elsewhere, address{"echo"}, address{ours.name + "0"}, address{ours.name.substr(1)}}) {
    auto h = with_budget(whole);
    h.push_onward(a);
    EXPECT_FALSE(tested.take_mark(h)) << to_string(a);
    EXPECT_EQ(h.onward(), (route{a, "a"}));
    EXPECT_EQ(h.hop_budget(), whole);
  }
  auto h = with_budget(whole);
  h.push_onward(ours);
  EXPECT_FALSE(udp_answers{}.take_mark(h)) << "nothing was marked there yet";
}

} // namespace
} // namespace ockam
