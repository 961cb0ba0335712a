// SPDX-License-Identifier: Apache-2.0
// Our relay node in the place of the recorded one: the same frames to it, and the same from it, but for the addresses
// of its links.
#include "runtime/core/hex.hpp"
#include "sim/relays/support.hpp"
#include "sim/support/talker.hpp"
#include "support/test_data.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <sstream>

namespace ockam::sim {
namespace {

struct recorded_frame {
  bool to_relay = false;
  std::string bytes;
};

std::map<std::string, std::vector<recorded_frame>> legs() {
  std::map<std::string, std::vector<recorded_frame>> out;
  std::ifstream in{test_data("relay_captures.txt")};
  std::string line, leg;
  while (std::getline(in, line)) {
    std::istringstream words{line};
    std::string first, second;
    words >> first >> second;
    if (first == "leg") {
      leg = second;
    } else if (first == ">" || first == "<") {
      auto bytes = parse_hex(second);
      EXPECT_TRUE(bytes);
      out[leg].push_back({first == ">", {reinterpret_cast<const char*>(bytes->data()), bytes->size()}});
    }
  }
  return out;
}

/// Puts our link in the place of the recorded one: names of links are all of one length.
std::string with_link(std::string bytes, const std::string& recorded, const std::string& ours) {
  if (auto at = bytes.find(recorded); at != std::string::npos)
    bytes.replace(at, recorded.size(), ours);
  return bytes;
}

received_frame decoded(std::string bytes) { return take_frames(bytes).front(); }

void expect_same(const received_frame& ours, const received_frame& recorded) {
  EXPECT_EQ(ours.onward, recorded.onward);
  EXPECT_EQ(ours.back, recorded.back);
  EXPECT_EQ(ours.body, recorded.body);
}

TEST(relay_captures, the_relay_node_does_with_each_frame_what_was_recorded) {
  auto recorded = legs();
  ASSERT_EQ(recorded["behind"].size(), 6u);
  ASSERT_EQ(recorded["sender"].size(), 2u);
  node_config c;
  c.name = "relay";
  c.listeners.push_back({"main", "tcp", "127.0.0.1:4000", {}});
  network net;
  node relay{net, c, services_with_relays()};
  talker behind{net, "127.0.0.1:4000"}, sender{net, "127.0.0.1:4000"};
  const auto& b = recorded["behind"];
  const auto& s = recorded["sender"];

  for (std::size_t asked : {0u, 2u}) { // the registration, a ping
    behind.end.send(b[asked].bytes);
    behind.drain();
    ASSERT_EQ(behind.frames.size(), 1u);
    expect_same(behind.frames.front(), decoded(b[asked + 1].bytes));
    behind.frames.clear();
  }

  sender.end.send(s[0].bytes);
  behind.drain();
  ASSERT_EQ(behind.frames.size(), 1u);
  auto arrived = decoded(b[4].bytes);
  auto recorded_link = arrived.back.front().name, link = behind.frames.front().back.front().name;
  ASSERT_EQ(link.size(), recorded_link.size());
  expect_same(behind.frames.front(), decoded(with_link(b[4].bytes, recorded_link, link)));

  behind.end.send(with_link(b[5].bytes, recorded_link, link));
  sender.drain();
  ASSERT_EQ(sender.frames.size(), 1u);
  auto answer = decoded(s[1].bytes);
  expect_same(sender.frames.front(),
              decoded(with_link(s[1].bytes, answer.back.front().name, sender.frames.front().back.front().name)));
}

} // namespace
} // namespace ockam::sim
