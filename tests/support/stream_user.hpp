// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "runtime/net/stream.hpp"

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace ockam::tests {

/// The owner of a stream: reads all that comes, until its end, and writes what the stream takes.
class stream_user final : public net::stream_events {
 public:
  explicit stream_user(net::stream_ptr s, std::function<void()> on_news = [] {})
    : stream{std::move(s)}, on_news_{std::move(on_news)} {
    stream->attach(this);
    stream->watch_read(true);
  }

  /// Written as the stream takes it; behind it, the end of this direction if `finish` was called.
  void send(std::string_view text) {
    pending_ += text;
    on_writable();
  }
  void finish() {
    finishing_ = true;
    on_writable();
  }
  net::io_result write(std::string_view text) {
    iovec v{const_cast<char*>(text.data()), text.size()};
    return stream->write({&v, 1});
  }
  net::io_result read() {
    std::vector<char> room(16u << 10);
    iovec v{room.data(), room.size()};
    auto r = stream->read({&v, 1});
    got.append(room.data(), r.bytes);
    return r;
  }
  bool all_sent() const { return pending_.empty(); }

  net::stream_ptr stream;
  std::string got;
  bool ended = false;     ///< the peer has ended its direction
  int broken = 0;         ///< errno of a read or write that failed
  int writable_calls = 0;
  bool can_finish = true; ///< what `shutdown_write` said

 private:
  void on_readable() override {
    auto r = read();
    if (r.what == net::io_result::status::failed)
      broken = r.err;
    ended = ended || r.what == net::io_result::status::eof;
    if (ended || broken != 0)
      stream->watch_read(false);
    on_news_();
  }

  void on_writable() override {
    ++writable_calls;
    while (!pending_.empty()) {
      auto r = write(pending_);
      if (r.what == net::io_result::status::failed)
        broken = r.err;
      if (r.what != net::io_result::status::ok)
        break;
      pending_.erase(0, r.bytes);
    }
    stream->watch_write(!pending_.empty() && broken == 0);
    if (finishing_ && pending_.empty())
      can_finish = stream->shutdown_write();
    on_news_();
  }

  std::function<void()> on_news_;
  std::string pending_;
  bool finishing_ = false;
};

} // namespace ockam::tests
