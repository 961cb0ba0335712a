// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "runtime/links/config.hpp"
#include "runtime/workers/watch_server.hpp"
#include "sim/support/watching.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>

namespace ockam::sim {

//   n1: watcher ══ connection "up" ══▶ n2: mortal workers, at port 7000
class watch_test : public ::testing::TestWithParam<worker_thread> {
 protected:
  static constexpr const char* where = "127.0.0.1:7000";

  watch_test() {
    start_n2();
    connection_config c;
    c.name = "up";
    c.transport = "tcp";
    c.address = where;
    EXPECT_TRUE(n1.lasting().add(c, n1.tcp()));
    net.run();
    w = new_watcher(n1, "watcher");
  }

  void start_n2() {
    n2.emplace(net, "n2");
    n2->listen(where);
  }
  void kill_n2() {
    n2.reset();
    net.run();
  }
  static watching_worker* new_watcher(node& n, const std::string& at) {
    auto made = std::make_unique<watching_worker>();
    auto* out = made.get();
    n.start(at, std::move(made));
    return out;
  }
  void start(node& n, const std::string& at, restart_policy restart = restart_policy::never) {
    worker_options o;
    o.type = "test";
    o.thread = GetParam();
    o.restart = restart;
    o.consumer_of = {n.context().flows.services};
    n.reactor().post([&n, at, o] {
      n.workers().start(
        address{at},
        []() -> result<std::unique_ptr<worker>> { return std::unique_ptr<worker>{std::make_unique<mortal>()}; }, o,
        [](result<void> ok) { EXPECT_TRUE(ok); });
    });
    net.run();
  }
  std::string watch(const route& to) {
    w->watch(to);
    net.run();
    return w->last();
  }
  void stop(node& n, const std::string& at) {
    n.reactor().post([&n, at] { EXPECT_TRUE(n.workers().stop(address{at})); });
    net.run();
  }
  std::uint64_t count(node& n, const std::string& what) {
    auto info = n.workers().show(address{std::string{watch_address}});
    return info ? info->counters[what] : 0;
  }

  network net;
  node n1{net, "n1"};
  std::optional<node> n2;
  watching_worker* w = nullptr;
};

} // namespace ockam::sim
