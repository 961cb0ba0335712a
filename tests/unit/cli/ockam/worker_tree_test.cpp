// SPDX-License-Identifier: Apache-2.0
#include "cli/ockam/worker_tree.hpp"

#include <gtest/gtest.h>

namespace ockam::cli {
namespace {

class worker_trees : public testing::Test {
 protected:
  control::WorkerInfo& add(const std::string& address, const std::string& parent = {}, bool service = true) {
    auto* w = all.add_workers();
    w->set_address(address);
    w->set_type(address);
    w->set_parent(parent);
    w->set_service(service);
    return *w;
  }
  static void add_actor(control::WorkerInfo& w, std::uint64_t id, std::uint64_t parent, const char* name) {
    auto* a = w.add_actors();
    a->set_id(id);
    a->set_parent(parent);
    a->set_name(name);
  }
  std::string text() { return worker_tree{all}.text("n"); }

  control::WorkerList all;
};

TEST_F(worker_trees, draw_who_has_started_whom_and_leave_out_parts_of_the_runtime) {
  add("a");
  add("a.1", "a", false);
  add("b");
  add("link", {}, false);
  EXPECT_EQ(text(), "n\n"
                    "├─ a\n"
                    "│  └─ a.1\n"
                    "└─ b");
}

TEST_F(worker_trees, have_at_the_top_who_has_a_parent_that_is_not_drawn) {
  add("link", {}, false);
  add("of-link", "link", false);
  add("of-nobody", "gone", false);
  add("child", "of-nobody", false);
  EXPECT_EQ(text(), "n\n"
                    "├─ of-link\n"
                    "└─ of-nobody\n"
                    "   └─ child");
}

TEST_F(worker_trees, end_whatever_a_node_says) {
  add("");
  add("", "");
  add("x", "x");
  add("a", "b");
  add("b", "a");
  add("c");
  add("c", "c");
  EXPECT_EQ(text(), "n\n└─ c");
  EXPECT_EQ(worker_tree{all}.data().size(), 1u);
}

TEST_F(worker_trees, have_the_actors_of_one_instance_or_of_each_of_several) {
  auto& one = add("one");
  one.set_actor(5);
  add_actor(one, 7, 5, "child");
  auto& two = add("two");
  add_actor(two, 8, 0, "first");
  add_actor(two, 9, 0, "second");
  add_actor(two, 10, 9, "child");
  two.set_more_actors(true);
  EXPECT_EQ(text(), "n\n"
                    "├─ one\n"
                    "│  └─ actor 7  child\n"
                    "└─ two\n"
                    "   ├─ actor 8  first\n"
                    "   ├─ actor 9  second\n"
                    "   │  └─ actor 10  child\n"
                    "   └─ more actors, which are not shown");
  auto data = worker_tree{all}.data();
  EXPECT_FALSE(data[0]["more_actors"]);
  EXPECT_TRUE(data[1]["more_actors"]);
}

} // namespace
} // namespace ockam::cli
