// SPDX-License-Identifier: Apache-2.0
#include "runtime/workers/reply_address.hpp"

#include <gtest/gtest.h>

using namespace ockam;
using flows = std::vector<std::uint32_t>;

namespace {

struct nobody final : receiver {
  void receive(message_ptr) override { ++got; }
  void failed(std::string_view) noexcept override {}
  int got = 0;
};

/// n1: worker `app`, link `link` that brings messages in under flow control id 7.
struct reply_address_of : testing::Test {
  reply_address_of() {
    worker_entry e;
    e.target = &who;
    (void)board.add(address{"app"}, e);
    e.producer = 7;
    (void)board.add(address{"link"}, e);
  }
  flows admitted(address_view a) { return board.find(a)->consumer_of; }

  switchboard board{"n1"};
  nobody who;
};

TEST_F(reply_address_of, a_message_that_leaves_by_a_link_lets_its_answers_in) {
  reply_address back{board, who, address{"link"}};
  EXPECT_EQ(admitted(back.get()), flows{7});
  EXPECT_TRUE(board.find(back.get())->internal);
  board.deliver(make_message({back.get()}, address{"app"}, {}));
  board.run_turn();
  EXPECT_EQ(who.got, 1);
}

TEST_F(reply_address_of, one_that_stays_or_goes_to_nowhere_lets_nothing_in) {
  for (auto to : {address{"app"}, address{"nobody"}, address{}}) {
    reply_address back{board, who, to};
    EXPECT_EQ(admitted(back.get()), flows{}) << to_string(to);
  }
}

TEST_F(reply_address_of, is_gone_with_its_owner) {
  address was;
  {
    reply_address one{board, who, address{"link"}}, other{board, who, address{"link"}};
    was = one.get();
    EXPECT_NE(was, other.get());
  }
  EXPECT_FALSE(board.find(was));
  EXPECT_EQ(board.size(), 2u);
}

TEST_F(reply_address_of, a_sender_that_stays_is_admitted_once_and_a_link_never) {
  admit_answers(board, address{"app"}, address{"link"});
  admit_answers(board, address{"app"}, address{"link"});
  EXPECT_EQ(admitted(address{"app"}), flows{7});
  admit_answers(board, address{"link"}, address{"link"});
  EXPECT_EQ(admitted(address{"link"}), flows{});
  admit_answers(board, address{"nobody"}, address{"link"});
  admit_answers(board, address{"app"}, address{"nobody"});
  EXPECT_EQ(admitted(address{"app"}), flows{7});
}

} // namespace
