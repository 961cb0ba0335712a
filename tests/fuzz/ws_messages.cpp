// SPDX-License-Identifier: Apache-2.0
// A whole WebSocket behind its upgrade: what its owner gets of messages in any number of parts.
#include "fuzz/targets.hpp"

#include "sim/support/network.hpp"
#include "transports/stream/frame_reader.hpp"
#include "transports/ws/ws_stream.hpp"

#include <algorithm>
#include <cstdlib>
#include <string>
#include <vector>

namespace ockam::fuzz {

namespace {

constexpr std::size_t max_frame = 40;

void must(bool condition) {
  if (!condition)
    std::abort();
}

std::string text(bytes in) {
  return {reinterpret_cast<const char*>(in.data()), in.size()};
}

/// What a link sees of a message. Of one that is too large it has less than `edge_bytes` here, so twice all of it.
std::string seen(std::string_view message) {
  std::string all{message};
  return message.size() <= max_frame ? all : std::to_string(message.size()) + ":" + all.substr(0, edge_bytes)
                                               + all.substr(all.size() - std::min(all.size(), edge_bytes));
}

/// The messages in `in`, put together without a care; up to what breaks a rule, and to a close.
std::vector<std::string> reference(bytes in) {
  ws::frame_reader reader{ws::role::server};
  std::vector<std::string> out;
  std::string message;
  bool in_message = false;
  while (auto p = reader.next(in, 1u << 20)) {
    bool more = p->code == ws::opcode::continuation;
    if (ws::is_control(p->code)) {
      if (p->code == ws::opcode::close && p->ends)
        break;
      continue;
    }
    if (p->begins) {
      auto most = ockam::frame_reader::most_passed_by - (more ? message.size() : 0);
      if (p->code == ws::opcode::text || more != in_message || p->length > most)
        break;
      if (!more) {
        message.clear();
        in_message = !p->fin;
      }
    }
    message += text(p->data);
    if (p->ends && p->fin) {
      out.push_back(seen(message));
      in_message = false;
    }
  }
  return out;
}

/// The owner of the stream, as a link is.
class owner final : public net::acceptor_events, private net::stream_events, private frame_pool::waiter {
 public:
  explicit owner(net::reactor& r) : reactor_{r} { limit_.max_frame = max_frame; }
  ~owner() {
    stream_.reset();
    in_.clear();
    must(budget_.used() == 0);
  }

  std::vector<std::string> got;

 private:
  void on_accept(net::stream_ptr s) override {
    stream_ = std::make_unique<ws_stream>(reactor_, std::move(s), limit_, frame_pool::origin{frames_}, ws::upgrade_policy{});
    stream_->attach(this);
    stream_->watch_read(true);
  }
  void on_out_of_descriptors() override {}
  void on_writable() override {}
  void frame_memory_available() override {}

  void on_readable() override {
    must(in_.prepare(reactor_.now()));
    auto room = in_.room(scratch_);
    auto r = stream_->read(room);
    if (r.what == net::io_result::status::again)
      return;
    if (r.what != net::io_result::status::ok)
      return stream_->watch_read(false);
    in_.filled(r.bytes, reactor_.now());
    if (!begun_)
      begun_ = in_.take_preamble() == stream_codec::preamble;
    while (auto f = in_.next()) {
      auto shown = f->passed_by == 0 ? text(f->body) : std::to_string(f->passed_by) + ":" + text(f->body) + text(f->end);
      got.push_back(std::move(shown));
    }
    must(begun_ && !in_.too_large() && !in_.needs_memory());
  }

  net::reactor& reactor_;
  limits limit_;
  memory budget_{1u << 20};
  switchboard board_{"n1"};
  frame_pool frames_{budget_, max_frame, board_};
  frame_pool::share memory_{frame_pool::origin{frames_}, "test", *this};
  ockam::frame_reader in_{memory_, max_frame};
  std::array<std::byte, 100> scratch_{};
  std::unique_ptr<ws_stream> stream_;
  bool begun_ = false;
};

std::vector<std::string> received(bytes in, std::size_t part) {
  sim::network net;
  sim::reactor reactor{net};
  owner node{reactor};
  auto listener = reactor.listen({"127.0.0.1", 4000}, node);
  auto peer = net.dial("127.0.0.1:4000");
  peer.send(ws::make_request({"n1"}, ws::make_key()));
  net.run();
  while (!in.empty()) {
    auto now = in.first(std::min(part, in.size()));
    in = in.subspan(now.size());
    peer.send(text(now));
    net.run();
    (void)peer.receive(); // pongs, a close
  }
  return std::move(node.got);
}

} // namespace

void ws_messages(bytes in) {
  auto want = reference(in);
  for (std::size_t part : {in.size() + 1, std::size_t{7}, std::size_t{1}})
    must(received(in, part) == want);
}

} // namespace ockam::fuzz
