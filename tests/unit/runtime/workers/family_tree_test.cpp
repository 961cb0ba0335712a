// SPDX-License-Identifier: Apache-2.0
#include "runtime/workers/family_tree.hpp"

#include <gtest/gtest.h>

namespace ockam {
namespace {

using numbers = std::vector<std::uint64_t>;

TEST(family_tree, knows_nobody_until_somebody_has_a_child) {
  family_tree t;
  EXPECT_EQ(t.parent_of(1), 0u);
  EXPECT_EQ(t.count_children(1), 0u);
  EXPECT_TRUE(t.has_room(1));
  EXPECT_TRUE(t.remove(1).empty());
}

TEST(family_tree, tells_children_of_one_instance_from_those_of_another) {
  family_tree t;
  t.add(1, 0, 2);
  t.add(1, 1, 3);
  t.add(1, 0, 4);
  EXPECT_EQ(t.children_of(1), (numbers{2, 3, 4}));
  EXPECT_EQ(t.children_of(1, 0), (numbers{2, 4}));
  EXPECT_EQ(t.parent_of(3), 1u);
  t.remove(2);
  EXPECT_EQ(t.children_of(1), (numbers{3, 4}));
}

TEST(family_tree, gives_the_children_of_one_that_ends_and_forgets_all_when_they_end) {
  family_tree t;
  t.add(1, 0, 2);
  t.add(2, 0, 3);
  EXPECT_EQ(t.remove(1), numbers{2});
  EXPECT_EQ(t.parent_of(2), 1u) << "until it is removed itself";
  EXPECT_EQ(t.remove(2), numbers{3});
  EXPECT_TRUE(t.remove(3).empty());
  EXPECT_EQ(t.parent_of(3), 0u);
}

TEST(family_tree, bounds_descendants_and_gives_places_back) {
  family_tree t;
  std::uint64_t last = 1;
  t.add(1, 0, ++last);
  for (std::size_t i = 1; i < family_tree::most_descendants; ++i)
    t.add(i % 2 ? 1 : 2, 0, ++last);
  auto full = t.has_room(2);
  ASSERT_FALSE(full);
  EXPECT_EQ(full.error().code, errc::limit_reached);
  EXPECT_TRUE(t.has_room(5000)) << "another one's are its own";
  t.remove(last);
  EXPECT_TRUE(t.has_room(1));
}

TEST(family_tree, bounds_generations) {
  family_tree t;
  for (std::uint64_t n = 1; n <= family_tree::most_depth; ++n) {
    EXPECT_TRUE(t.has_room(n));
    t.add(n, 0, n + 1);
  }
  EXPECT_FALSE(t.has_room(family_tree::most_depth + 1));
}

TEST(family_tree, never_gives_the_same_number_to_two_children) {
  family_tree t;
  EXPECT_EQ(t.next_name(1), 1u);
  t.add(1, 0, 2);
  t.remove(2);
  EXPECT_EQ(t.next_name(1), 2u);
}

} // namespace
} // namespace ockam
