// SPDX-License-Identifier: Apache-2.0
// When a turn ends (`caf_reactor::end_event`): once for all descriptors that had something in one round of CAF's loop, at
// once where rounds have one event each, and after much was read.
#include "runtime/net/caf_reactor.hpp"

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/io/middleman.hpp>

#include <gtest/gtest.h>

#include <array>
#include <condition_variable>
#include <functional>
#include <future>
#include <mutex>
#include <string>
#include <sys/socket.h>
#include <unistd.h>
#include <vector>

namespace ockam {
namespace {

using caf::io::network::operation;

struct with_sockets : caf::actor_system_config {
  with_sockets() {
    load<caf::io::middleman>();
    set("scheduler.max-threads", 1);
  }
};

/// far end (this thread) ══ descriptor (socket thread)
class descriptor final : public fd_handler::listener {
 public:
  descriptor(caf_reactor& r, std::function<void(char)> tell) : tell_{std::move(tell)} {
    std::array<int, 2> pair{};
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair.data()), 0);
    far_end_ = pair[1];
    handler_ = fd_handler::make(r, pair[0], *this);
  }
  ~descriptor() { ::close(far_end_); }

  void watch() { handler_->watch_read(true); }
  void hear() { EXPECT_EQ(::send(far_end_, "x", 1, MSG_NOSIGNAL), 1); }
  /// As if CAF's loop had found it readable.
  void event() { handler_->handle_event(operation::read); }

 private:
  void on_fd_readable() override {
    char byte = 0;
    (void)::read(handler_->descriptor(), &byte, 1);
    tell_('e');
  }
  void on_fd_writable() override { FAIL(); }

  std::function<void(char)> tell_;
  int far_end_ = -1;
  fd_handler::owner handler_;
};

/// What happened on the socket thread is a story: `e` for an event, `t` for the end of a turn, which every posted function
/// has as well.
class end_of_turn : public testing::Test {
 protected:
  static constexpr int patience = 16; ///< lone rounds, as in `end_event`
  static constexpr int sample = 8;

  template <class F>
  auto on_socket_thread(F f) {
    std::packaged_task<decltype(f())()> task{std::move(f)};
    auto done = task.get_future();
    reactor_->post([&task] { task(); });
    return done.get();
  }

  end_of_turn() {
    reactor_ = std::make_unique<caf_reactor>(system_);
    on_socket_thread([this] {
      reactor_->open();
      reactor_->at_end_of_turn([this] { tell('t'); });
    });
    for (int i = 0; i < 8; ++i)
      on_socket_thread([this] { all_.push_back(std::make_unique<descriptor>(*reactor_, [this](char c) { tell(c); })); });
  }
  ~end_of_turn() override {
    on_socket_thread([this] {
      all_.clear();
      reactor_->close();
    });
  }

  /// A round with so many events: what of the story happened before the last of them was done.
  std::string round(int events, std::size_t bytes = 0) {
    return on_socket_thread([this, events, bytes] {
      story_.clear();
      for (int i = 0; i < events; ++i) {
        reactor_->has_read(bytes);
        all_[0]->event();
      }
      return story_;
    });
  }
  void lone_rounds(int n) {
    for (int i = 0; i < n; ++i)
      (void)round(1);
  }
  void tell(char what) {
    std::lock_guard guard{lock_};
    story_ += what;
    news_.notify_all();
  }
  /// Waits until the story ends so; all of it.
  std::string story_with(const std::string& end) {
    std::unique_lock guard{lock_};
    EXPECT_TRUE(news_.wait_for(guard, std::chrono::seconds{20}, [&] { return story_.ends_with(end); })) << story_;
    return story_;
  }

  std::mutex lock_;
  std::condition_variable news_;
  std::string story_; ///< written on the socket thread
  std::unique_ptr<caf_reactor> reactor_; ///< outlives the thread that uses it
  with_sockets config_;
  caf::actor_system system_{config_};
  std::vector<std::unique_ptr<descriptor>> all_;
};

TEST_F(end_of_turn, what_all_descriptors_had_in_one_round_ends_in_one_turn) {
  on_socket_thread([this] {
    for (auto& d : all_) {
      d->watch(); // from the end of this round on
      d->hear();
    }
    story_.clear();
  });
  EXPECT_EQ(story_with("eeeeeeeet"), "teeeeeeeet") << "the first is that of the posted function";
}

TEST_F(end_of_turn, a_round_ends_its_turn_although_nothing_follows) {
  EXPECT_EQ(round(3), "eee");
  EXPECT_EQ(story_with("tt"), "eeett") << "of the posted function, and of the round";
}

TEST_F(end_of_turn, after_many_rounds_with_one_event_it_ends_at_once) {
  for (int i = 0; i < patience; ++i)
    EXPECT_EQ(round(1), "e") << "round " << i;
  for (int i = 0; i < 3 * sample; ++i)
    EXPECT_EQ(round(1), "et") << "round " << i;
}

TEST_F(end_of_turn, a_round_with_several_events_begins_the_count_anew) {
  lone_rounds(patience - 1);
  EXPECT_EQ(round(2), "ee");
  for (int i = 0; i < patience; ++i)
    EXPECT_EQ(round(1), "e") << "round " << i;
  EXPECT_EQ(round(1), "et");
}

TEST_F(end_of_turn, one_of_eight_lone_events_looks_whether_they_still_come_alone) {
  lone_rounds(patience);
  EXPECT_EQ(round(sample - 1), "etetetetetetet") << "nobody looks";
  EXPECT_EQ(round(2), "etet") << "the first one looks, and sees the second";
  EXPECT_EQ(round(2), "ee");
}

TEST_F(end_of_turn, much_that_was_read_is_not_kept_waiting) {
  EXPECT_EQ(round(2, 60u << 10), "eet") << "together they are much";
  EXPECT_EQ(round(1, 60u << 10), "e") << "what had been read is forgotten with its turn";
  EXPECT_EQ(round(1, 64u << 10), "et");
}

TEST_F(end_of_turn, what_a_round_has_left_when_the_reactor_closes_is_forgotten) {
  on_socket_thread([this] {
    all_[0]->event();
    all_.clear();
    reactor_->close();
    story_.clear();
  });
  on_socket_thread([] {}); // the round is over
  EXPECT_EQ(story_, "");
}

} // namespace
} // namespace ockam
