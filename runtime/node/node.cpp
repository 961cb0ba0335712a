// SPDX-License-Identifier: Apache-2.0
#include "runtime/node/node.hpp"

#include "runtime/core/guarded.hpp"
#include "runtime/net/caf_reactor.hpp"
#include "runtime/node/assembly.hpp"
#include "runtime/workers/actor_publisher.hpp"
#include "runtime/workers/pool_threads.hpp"

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/io/middleman.hpp>
#include <caf/io/network/multiplexer.hpp>
#include <caf/scoped_actor.hpp>

#include <future>
#include <random>
#include <sys/eventfd.h>
#include <thread>
#include <unistd.h>

namespace ockam {

namespace {

/// CAF as a node needs it (docs/architecture.md, CAF 0.17): few threads that sleep when there is nothing to
/// do, one read for each event, BASP handled on the socket thread.
class caf_config : public caf::actor_system_config {
 public:
  explicit caf_config(std::size_t threads) {
    load<caf::io::middleman>();
    set("scheduler.policy", caf::atom("sharing"));
    set("scheduler.max-threads", threads); // for actors of services; workers have `pool_threads`
    set("scheduler.max-throughput", std::size_t{256});
    set("middleman.workers", std::size_t{0});
    set("middleman.max-consecutive-reads", std::size_t{1});
    set("middleman.attach-utility-actors", true); // a thread less: nothing here blocks in them
    set("middleman.app-identifiers", std::vector<std::string>{"ockam-caf-link/1"});
    set("logger.console", caf::atom("none"));
    set("logger.file-verbosity", caf::atom("quiet"));
  }
};

/// A function that runs once, on a thread of the pool.
class pool_turn final : public caf::io::network::multiplexer::runnable {
 public:
  explicit pool_turn(std::function<void()> f) : f_{std::move(f)} {}
  resume_result resume(caf::execution_unit*, std::size_t) override {
    f_();
    return done;
  }

 private:
  std::function<void()> f_;
};

class running_node final : public node {
 public:
  running_node(const node_config& config, node_parts parts)
    : control_socket_{config.control_socket}, caf_config_{config.threads}, pool_{config.threads}, sys_{std::make_unique<caf::actor_system>(caf_config_)},
      stop_fd_{::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)}, drained_fd_{::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)}, reactor_{std::make_unique<caf_reactor>(*sys_)},
      assembly_{std::make_unique<assembly>(*sys_, *reactor_, config, parts, std::random_device{}())} {
    reactor_->keep_sockets(parts.sockets);
    pool_.serve(*sys_);
    assembly_->pool(pool_);
  }

  ~running_node() override {
    if (sys_)
      end();
    ::close(stop_fd_);
    ::close(drained_fd_);
  }

  result<void> open(node_config config) {
    std::promise<result<void>> promise;
    auto opened = promise.get_future();
    reactor_->post([this, &promise, &config] {
      reactor_->open();
      assembly_->open();
      assembly_->reload().apply(std::move(config), reloader::on_failure::stop, [this, &promise](std::vector<reloader::failure> failed) {
        promise.set_value(failed.empty() ? start_control() : std::move(failed.front().why));
      });
    });
    auto ok = opened.get();
    if (ok)
      on_socket_thread([this] { listeners_ = assembly_->reload().listeners(); });
    return ok;
  }

  const std::vector<listener_info>& listeners() const override { return listeners_; }
  int stop_requested_fd() const override { return stop_fd_; }
  int drained_fd() const override { return drained_fd_; }

  void reload(node_config fresh, std::function<void(bool ok, std::vector<listener_info>)> done) override {
    reactor_->post([this, done = std::move(done), fresh = std::make_shared<node_config>(std::move(fresh))] {
      assembly_->reload().apply(std::move(*fresh), reloader::on_failure::stay, [this, done](const auto& failures) {
        done(failures.empty(), assembly_->reload().listeners());
      });
    });
  }

  void snapshot(snapshot_request what, std::function<void(node_snapshot)> done) override {
    reactor_->post([this, what, done = std::move(done)] {
      auto s = take_snapshot(assembly_->parts(), what);
      s.late = assembly_->reload().waiting_listeners();
      s.turns = std::make_shared<const fine_histogram>(reactor_->turns());
      auto [waiting, late] = pool_.waiting_and_late();
      s.pool = pool_load{pool_.size(), waiting, late};
      done(std::move(s));
    });
  }

  void http_address(std::string a) override {
    reactor_->post([this, a = std::move(a)]() mutable { assembly_->http_address(std::move(a)); });
  }

  void prove_life(std::function<void()> done) override {
    reactor_->post([this, done = std::move(done)]() mutable { pool_.exec_later(caf::make_counted<pool_turn>(std::move(done)).release()); });
  }

  void run(std::function<void(caf::actor_system&)> f, std::function<void(std::optional<std::string>)> ended) override {
    own_ = std::thread{[this, f = std::move(f), ended = std::move(ended)] {
      caf::scoped_actor self{*sys_}; // for which the actor system waits
      auto threw = guarded([&] {
        f(*sys_);
        for (const auto& a : published_actors(*sys_))
          self->wait_for(a);
      });
      ended(std::move(threw));
    }};
  }

  bool drain() override {
    auto begun = std::make_shared<std::promise<void>>();
    reactor_->post([this, begun] {
      begin_drain({});
      begun->set_value();
    });
    return begun->get_future().wait_for(std::chrono::seconds{1}) == std::future_status::ready;
  }

  void stop(std::chrono::milliseconds deadline, std::function<void()> overrun) override {
    if (!sys_)
      return;
    std::promise<void> done;
    std::thread watchdog{[finished = done.get_future(), deadline, overrun = std::move(overrun)] {
      if (finished.wait_for(deadline) != std::future_status::ready)
        overrun();
    }};
    end();
    done.set_value();
    watchdog.join();
  }

 private:
  static void ring(int fd) {
    std::uint64_t one = 1;
    (void)!::write(fd, &one, sizeof(one));
  }

  result<void> start_control() {
    return assembly_->start_control(control_socket_, [this](std::optional<std::chrono::milliseconds> grace) {
      ring(stop_fd_);
      return begin_drain(grace);
    });
  }

  stop_notice begin_drain(std::optional<std::chrono::milliseconds> grace) {
    return assembly_->drain(grace, [this] { ring(drained_fd_); });
  }

  void on_socket_thread(std::function<void()> f) {
    std::promise<void> done;
    reactor_->post([&] {
      f();
      done.set_value();
    });
    done.get_future().wait();
  }

  void end() {
    on_socket_thread([this] { assembly_->close(); });
    // Hosts get their exit messages on the same thread: by the next post they have run.
    on_socket_thread([] {});
    sys_->await_all_actors_done();
    if (own_.joinable())
      own_.join();
    pool_.join();
    on_socket_thread([this] {
      assembly_->clear();
      reactor_->close();
    });
    sys_.reset();
    assembly_.reset();
  }

  std::string control_socket_;
  caf_config caf_config_;
  pool_threads pool_;
  std::unique_ptr<caf::actor_system> sys_;
  int stop_fd_;
  int drained_fd_;
  std::vector<listener_info> listeners_;
  std::thread own_; ///< of `run`
  std::unique_ptr<caf_reactor> reactor_;
  std::unique_ptr<assembly> assembly_;
};

} // namespace

result<std::unique_ptr<node>> node::start(node_config config, node_parts parts, std::function<void(const error&)> stuck) {
  auto n = std::make_unique<running_node>(config, parts);
  if (auto ok = n->open(std::move(config)); !ok) {
    n->stop(std::chrono::seconds{2}, [&] {
      if (stuck)
        stuck(ok.error());
    });
    return std::move(ok).error();
  }
  return std::unique_ptr<node>{std::move(n)};
}

} // namespace ockam
