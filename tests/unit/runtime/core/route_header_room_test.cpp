// SPDX-License-Identifier: Apache-2.0
// Where the two slices of a header stand and how they make room for each other.
#include "runtime/core/route_header.hpp"

#include <gtest/gtest.h>

#include <random>

namespace ockam {
namespace {

TEST(route_header_room, a_message_that_moves_on_needs_no_heap) {
  route_header h;
  h.append_return(address{"app"});
  std::vector<address> hops;
  for (int i = 0; i < 4; ++i)
    hops.push_back(random_address());
  for (const auto& a : hops)
    h.append_onward(a);
  ASSERT_EQ(h.heap_bytes(), 0u);
  route back{address{"app"}};
  for (const auto& a : hops) {
    ASSERT_EQ(h.next(), a);
    h.pop_onward();
    h.push_return(a);
    back.insert(back.begin(), a);
    EXPECT_EQ(h.heap_bytes(), 0u);
    EXPECT_EQ(h.return_route(), back);
  }
  EXPECT_TRUE(h.onward_empty());
}

TEST(route_header_room, a_reply_may_be_from_an_address_of_its_own_route) {
  route_header h;
  h.append_return(address{"app"});
  h.append_onward(address{"a worker with a name that is no short string at all"});
  auto own = h.next(); // points into the header
  address copy{own};
  h.make_reply(own);
  EXPECT_EQ(h.onward(), route{address{"app"}});
  EXPECT_EQ(h.return_route(), route{copy});
}

TEST(route_header_room, an_empty_return_route_is_not_inside_the_onward_route) {
  // A fresh header whose onward route had grown at both ends took its first return address into the
  // middle of that route.
  route_header h;
  h.append_onward(address{"second"});
  h.push_onward(address{"first"});
  h.push_return(address{"app"});
  EXPECT_EQ(h.onward(), (route{address{"first"}, address{"second"}}));
  EXPECT_EQ(h.return_route(), route{address{"app"}});
}

/// What a header is to do, the plain way.
struct model {
  route onward, back;
};

class any_edits : public testing::TestWithParam<unsigned> {};

TEST_P(any_edits, agree_with_two_lists) {
  std::mt19937 random{GetParam()};
  auto pick = [&random](std::size_t n) { return std::uniform_int_distribution<std::size_t>{0, n - 1}(random); };
  auto some_address = [&] {
    static constexpr std::array<std::size_t, 8> sizes{0, 1, 4, 32, 124, 125, 126, 300};
    std::string name(sizes[pick(sizes.size())], static_cast<char>('a' + pick(26)));
    return pick(4) == 0 ? address{transport_type::tcp, name} : address{name};
  };
  for (int round = 0; round < 200; ++round) {
    route_header h;
    model m;
    for (int edit = 0; edit < 30; ++edit) {
      auto a = some_address();
      switch (pick(8)) {
        case 0: h.append_onward(a); m.onward.push_back(a); break;
        case 1: h.append_return(a); m.back.push_back(a); break;
        case 2: h.push_onward(a); m.onward.insert(m.onward.begin(), a); break;
        case 3: h.push_return(a); m.back.insert(m.back.begin(), a); break;
        case 4:
        case 5:
          if (m.onward.empty())
            break;
          ASSERT_EQ(h.next(), m.onward.front());
          h.pop_onward();
          m.onward.erase(m.onward.begin());
          break;
        case 6: h.make_reply(a); m.onward = m.back; m.back = {a}; break;
        case 7: {
          route_header moved{std::move(h)};
          h = std::move(moved);
          break;
        }
      }
      ASSERT_EQ(h.onward(), m.onward) << "round " << round << " edit " << edit;
      ASSERT_EQ(h.return_route(), m.back) << "round " << round << " edit " << edit;
    }
    std::vector<std::byte> bytes(h.encoded_size());
    ASSERT_EQ(h.encode(bytes.data()), bytes.data() + bytes.size());
    auto again = route_header::decode(bytes);
    ASSERT_TRUE(again);
    EXPECT_EQ(again->onward(), m.onward);
    EXPECT_EQ(again->return_route(), m.back);
  }
}

INSTANTIATE_TEST_SUITE_P(seeds, any_edits, testing::Range(1u, 9u));

} // namespace
} // namespace ockam
