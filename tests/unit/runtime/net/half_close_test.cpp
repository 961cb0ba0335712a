// SPDX-License-Identifier: Apache-2.0
// The directions of a real socket end one by one. The peer is a plain blocking socket of this thread.
#include "runtime/net/caf_reactor.hpp"

#include "support/stream_user.hpp"

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/io/middleman.hpp>

#include <gtest/gtest.h>

#include <arpa/inet.h>
#include <condition_variable>
#include <filesystem>
#include <future>
#include <mutex>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

namespace ockam {
namespace {

using tests::stream_user;
using status = net::io_result::status;

struct with_sockets : caf::actor_system_config {
  with_sockets() {
    load<caf::io::middleman>();
    set("scheduler.max-threads", 1);
  }
};

/// peer (this thread) ══ socket ══ user (socket thread)
class half_close : public ::testing::TestWithParam<bool>, private net::acceptor_events {
 protected:
  template <class F>
  auto on_socket_thread(F f) {
    std::packaged_task<decltype(f())()> task{std::move(f)};
    auto done = task.get_future();
    reactor_->post([&task] { task(); });
    return done.get();
  }

  half_close() {
    std::string name = "/tmp/ok-half-XXXXXX";
    folder_ = ::mkdtemp(name.data());
    reactor_ = std::make_unique<caf_reactor>(system_);
    on_socket_thread([this] { reactor_->open(); });
    auto where = on_socket_thread([this] {
      auto a = GetParam() ? reactor_->listen_unix(folder_ / "s", 0600, *this) : reactor_->listen({"127.0.0.1", 0}, *this);
      acceptor_ = std::move(*a);
      return acceptor_->local();
    });
    peer_ = GetParam() ? connect_unix(where) : connect_tcp(where);
    until([this] { return user_ != nullptr; });
  }
  ~half_close() override {
    on_socket_thread([this] {
      user_.reset();
      acceptor_.reset();
      reactor_->close();
    });
    ::close(peer_);
    std::filesystem::remove_all(folder_);
  }

  /// Waits for news until `what` is so on the socket thread.
  template <class F>
  void until(F what) {
    std::unique_lock l{lock_};
    for (;;) {
      auto seen = events_;
      l.unlock();
      if (on_socket_thread(what))
        return;
      l.lock();
      ASSERT_TRUE(news_.wait_for(l, std::chrono::seconds{20}, [&] { return events_ != seen; }));
    }
  }

  void peer_sends(std::string_view text) {
    ASSERT_EQ(::send(peer_, text.data(), text.size(), MSG_NOSIGNAL), static_cast<ssize_t>(text.size()));
  }
  /// All up to the end of the stream.
  std::string peer_reads() {
    std::string all;
    char room[1024];
    while (auto n = ::recv(peer_, room, sizeof room, 0)) {
      if (n < 0)
        return all + " and then an error";
      all.append(room, static_cast<std::size_t>(n));
    }
    return all;
  }

  std::unique_ptr<stream_user> user_; ///< socket thread only
  int peer_ = -1;

 private:
  static int connect_tcp(const std::string& where) {
    sockaddr_in a{};
    a.sin_family = AF_INET;
    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    a.sin_port = htons(static_cast<std::uint16_t>(std::stoi(where.substr(where.rfind(':') + 1))));
    auto fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    EXPECT_EQ(::connect(fd, reinterpret_cast<sockaddr*>(&a), sizeof a), 0);
    return fd;
  }
  static int connect_unix(const std::string& where) {
    sockaddr_un a{};
    a.sun_family = AF_UNIX;
    where.copy(a.sun_path, sizeof a.sun_path - 1);
    auto fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    EXPECT_EQ(::connect(fd, reinterpret_cast<sockaddr*>(&a), sizeof a), 0);
    return fd;
  }

  void on_accept(net::stream_ptr s) override {
    user_ = std::make_unique<stream_user>(std::move(s), [this] { tell(); });
    tell();
  }
  void on_out_of_descriptors() override { FAIL(); }

  void tell() {
    std::lock_guard l{lock_};
    ++events_;
    news_.notify_all();
  }

  std::mutex lock_;
  std::condition_variable news_;
  int events_ = 0;
  std::filesystem::path folder_;
  std::unique_ptr<caf_reactor> reactor_; ///< outlives the thread that uses it
  with_sockets config_;
  caf::actor_system system_{config_};
  net::acceptor_ptr acceptor_;
};

TEST_P(half_close, the_peer_reads_the_end_behind_what_was_written_and_is_still_heard) {
  on_socket_thread([this] {
    user_->send("last words");
    user_->finish();
    EXPECT_TRUE(user_->can_finish);
  });
  EXPECT_EQ(peer_reads(), "last words");
  peer_sends("an answer");
  ::shutdown(peer_, SHUT_WR);
  until([this] { return user_->ended; });
  EXPECT_EQ(user_->got, "an answer");
  EXPECT_EQ(user_->broken, 0);
}

TEST_P(half_close, a_peer_that_is_done_still_reads) {
  peer_sends("a question");
  ::shutdown(peer_, SHUT_WR);
  until([this] { return user_->ended; });
  on_socket_thread([this] {
    EXPECT_EQ(user_->got, "a question");
    EXPECT_TRUE(user_->stream->peer_closed());
    EXPECT_EQ(user_->read().what, status::eof); // and so it stays
    user_->send("an answer");
    user_->finish();
    EXPECT_EQ(user_->broken, 0);
  });
  EXPECT_EQ(peer_reads(), "an answer");
}

TEST_P(half_close, nothing_is_written_after_the_end) {
  on_socket_thread([this] {
    user_->finish();
    EXPECT_TRUE(user_->stream->shutdown_write()) << "once more changes nothing";
    auto r = user_->write("too late");
    EXPECT_EQ(r.what, status::failed);
    EXPECT_EQ(r.err, EPIPE);
    user_->writable_calls = 0;
    user_->stream->watch_write(true);
  });
  until([this] { return user_->writable_calls > 0; });
  EXPECT_EQ(peer_reads(), "");
}

INSTANTIATE_TEST_SUITE_P(sockets, half_close, ::testing::Bool(), [](auto& i) { return i.param ? "uds" : "tcp"; });

} // namespace
} // namespace ockam
