// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "sim/support/node.hpp"
#include "sim/support/wire.hpp"
#include "transports/udp/udp_codec.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

namespace ockam::sim {

/// The datagrams of a message.
inline std::vector<std::string> datagrams(std::uint16_t number, const std::string& message, std::size_t datagram_size = 508) {
  std::vector<std::string> out;
  auto each = udp_codec::slice_bytes(datagram_size);
  auto total = static_cast<std::uint16_t>(udp_codec::slice_count(message.size(), datagram_size));
  for (std::uint16_t i = 0; i < total; ++i) {
    auto piece = message.substr(i * each, each);
    std::array<std::byte, udp_codec::max_head> head;
    auto n = udp_codec::write_head(head.data(), number, i, total, piece.size());
    out.push_back(std::string{reinterpret_cast<const char*>(head.data()), n} + piece);
  }
  return out;
}

inline std::string message_to(const route& onward, const route& back, std::string_view body, bool report = false) {
  return frame(onward, back, body, report).substr(stream_codec::length_bytes);
}

/// What datagrams that came in add up to, as frames of a stream, for `take_frames`.
inline std::vector<received_frame> messages(const std::vector<datagram>& in) {
  std::string frames, message;
  for (const auto& d : in) {
    auto s = udp_codec::decode(std::as_bytes(std::span{d.bytes}));
    if (!s)
      throw std::logic_error{"the node sent a datagram that does not decode"};
    message.append(reinterpret_cast<const char*>(s->bytes.data()), s->bytes.size());
    if (s->offset == s->total - 1)
      frames += raw_frame(std::exchange(message, {}));
  }
  return take_frames(frames);
}

class udp_link_test : public testing::Test {
 protected:
  /// A udp listener on n1 that admits the services.
  void listen(limits limit = {}) {
    n1_ = std::make_unique<node>(net_, "n1", limit);
    at_ = n1_->listen("127.0.0.1:0", {}, "udp");
    link_ = address{n1_->over("udp").links().at(0).worker_address};
  }
  /// A udp connection of n1 with the test's socket.
  void connect(connect_options o = {}, limits limit = {}) {
    n1_ = std::make_unique<node>(net_, "n1", limit);
    auto up = n1_->connect(peer_.local(), std::move(o), "udp");
    ASSERT_TRUE(up) << up.error().cause;
    link_ = *up;
    at_ = to_string(*parse_ip_endpoint("127.0.0.1:50000")); // the first free port
    box();
  }
  std::vector<message_ptr>& box() {
    if (!box_) {
      auto b = std::make_unique<mailbox>();
      box_ = b.get();
      n1_->start("box", std::move(b));
    }
    return box_->got;
  }
  void send(const std::string& message, const std::string& from = {}) {
    for (const auto& d : datagrams(++number_, message))
      peer_.send(at_, d, from);
    net_.run();
  }
  std::uint64_t refused(refusal why) { return n1_->board().refused()[why]; }
  link_info info() { return n1_->over("udp").links().at(0); }
  /// The reason of the only report in the box.
  drop_reason reported() {
    EXPECT_EQ(box().size(), 1u);
    auto reason = drop_reason::none;
    if (box().size() == 1 && box()[0]->header.get_report())
      reason = box()[0]->header.get_report()->reason;
    box().clear();
    return reason;
  }

  network net_;
  port peer_{net_.datagrams(), "127.0.0.1:40000"};
  std::unique_ptr<node> n1_;
  mailbox* box_ = nullptr;
  std::string at_;
  address link_;
  std::uint16_t number_ = 100;
};

} // namespace ockam::sim
