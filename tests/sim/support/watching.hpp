// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "runtime/workers/watcher.hpp"
#include "sim/support/node.hpp"

#include <random>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace ockam::sim {

/// A worker that watches what a test says, and keeps what it is told.
class watching_worker final : public worker {
 public:
  using worker::stop;

  void on_message(message_ptr) override {}
  watch_id watch(route to) {
    return watches.watch(std::move(to), [this](const error& why) { told.push_back(why); });
  }
  /// The code and cause of the last, or "nothing".
  std::string last() const {
    return told.empty() ? "nothing" : std::string{to_string(told.back().code)} + ": " + told.back().cause;
  }

  watcher watches{*this};
  std::vector<error> told;
};

/// Ends as it is told to: quit, throw.
class mortal final : public worker {
 public:
  void on_message(message_ptr m) override {
    if (m->body.text() == "quit")
      stop();
    else if (m->body.text() == "throw")
      throw std::runtime_error{"as you wish"};
    else
      reply(std::move(m));
  }
};

/// A hop that passes on as much as it is told to: a network with faults between its both sides.
class faulty_hop final : public worker {
 public:
  void on_message(message_ptr m) override {
    ++seen;
    if (closed || (loss > 0 && std::uniform_real_distribution<>{}(random) < loss))
      return;
    forward(std::move(m));
  }

  bool closed = false;
  double loss = 0; ///< of each direction
  std::size_t seen = 0;

 private:
  std::mt19937 random{7};
};

} // namespace ockam::sim
