// SPDX-License-Identifier: Apache-2.0
#include "runtime/node/node.hpp"

#include "runtime/net/caf_reactor.hpp"
#include "runtime/links/connector.hpp"
#include "runtime/control/control.hpp"
#include "runtime/links/dialer.hpp"
#include "runtime/core/log.hpp"
#include "runtime/node/reload.hpp"
#include "runtime/workers/actor_workers.hpp"

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/exit_reason.hpp>
#include <caf/io/middleman.hpp>
#include <caf/send.hpp>

#include <future>
#include <malloc.h>
#include <random>
#include <sys/eventfd.h>
#include <unistd.h>

namespace ockam {

namespace {

/// CAF as a node needs it (docs/architecture.md, CAF 0.17): few threads that sleep when there is nothing to
/// do, one read for each event, BASP handled on the socket thread.
class caf_config : public caf::actor_system_config {
 public:
  explicit caf_config(std::size_t pool_threads) {
    load<caf::io::middleman>();
    set("scheduler.policy", caf::atom("sharing"));
    set("scheduler.max-threads", pool_threads);
    set("scheduler.max-throughput", std::size_t{256});
    set("middleman.workers", std::size_t{0});
    set("middleman.max-consecutive-reads", std::size_t{1});
    set("middleman.attach-utility-actors", true); // a thread less: nothing here blocks in them
    set("middleman.app-identifiers", std::vector<std::string>{"ockam-caf-link/1"});
    set("logger.console", caf::atom("none"));
    set("logger.file-verbosity", caf::atom("quiet"));
  }
};

/// Everything of a node that lives on the socket thread, made and ended there.
class assembly {
 public:
  using ready = std::function<void(result<std::vector<listener_info>>)>;

  assembly(caf::actor_system& sys, node_config& config, node_parts parts, std::function<void()> request_stop)
    : sys_{sys}, config_{config}, parts_{parts}, request_stop_{std::move(request_stop)}, board_{config.name},
      memory_{config.limit.node_budget},
      local_{ledger::make(memory_, config.limit.node_budget, nullptr)}, reactor_{sys},
      workers_{sys, board_, reactor_} {}

  void open(ready done) {
    reactor_.open();
    reactor_.at_end_of_turn([this] { end_turn(); });
    router_ = spawn_router(sys_, board_, workers_, [this] { end_turn(); });
    workers_.router(router_);
    workers_.charge_to(*local_);
    workers_.watch(config_.limit.watchdog);
    flows_.services = board_.flows().create();
    flows_.outgoing = board_.flows().create();
    transport_context context{workers_, memory_, config_.limit, flows_,
                              [this] { return connections_ < config_.limit.max_connections; }, connections_, &sys_};
    for (auto make : parts_.transports)
      transports_.push_back(make(context));
    done_ = std::move(done);
    start_services(0);
  }

  /// Listeners and control first, links, then the rest: nothing new comes in between.
  void close() {
    (void)workers_.stop(address{std::string{control_address}});
    connector_.stop();
    dialer_.stop();
    for (auto& t : transports_)
      t->stop();
    workers_.stop_all();
    caf::anon_send_exit(router_, caf::exit_reason::user_shutdown);
    router_ = nullptr;
  }

  /// After the workers have ended: their actors still call into the reactor until then.
  void close_reactor() {
    transports_.clear();
    reactor_.close();
  }

  caf_reactor& reactor() { return reactor_; }
  reloader& reload() { return reload_; }

 private:
  static constexpr std::string_view control_address = "_internal.control";

  void end_turn() {
    if (board_.run_turn() && !turn_posted_) {
      turn_posted_ = true;
      reactor_.post([this] { turn_posted_ = false; });
    }
  }

  node_services services() {
    return {config_, workers_, memory_, *local_, flows_, transports_, connector_, dialer_, parts_.services, connections_,
            [this] { return workers_.lost(); }, request_stop_};
  }

  /// One after another, those of the configuration first: they may take the default addresses.
  /// One after the other. An answer that comes at once goes on in this loop, not in a call of its own: a
  /// hundred thousand services would be as many frames of the stack.
  void start_services(std::size_t i) {
    struct step {
      bool at_once = true;
      bool started = false;
    };
    for (; i != config_.services.size(); ++i) {
      const auto& s = config_.services[i];
      service_options options{service_options::values{s.options.begin(), s.options.end()}};
      auto now = std::make_shared<step>();
      start_service(services(), s.type, s.name, std::move(options), true, [this, i, now](result<address> at) {
        if (!at)
          return done_(std::move(at).error());
        log(level::info, "node", "started service " + config_.services[i].type + " at " + to_string(*at));
        now->started = true;
        if (!now->at_once)
          start_services(i + 1);
      });
      now->at_once = false;
      if (!now->started)
        return;
    }
    start_standard_services();
  }

  /// These run on the socket thread: they have started when `start_service` returns.
  void start_standard_services() {
    std::optional<error> failed;
    for (const auto& t : parts_.services)
      if (t.at_start && !failed && !board_.find(address{std::string{t.name}}))
        start_service(services(), t.name, {}, {}, false, [&failed](result<address> at) {
          if (!at)
            failed = std::move(at).error();
        });
    if (failed)
      return done_(std::move(*failed));
    listen(0);
  }

  void listen(std::size_t i) {
    if (i == config_.listeners.size())
      return open_control();
    const auto& l = config_.listeners[i];
    auto n = services();
    auto t = find_transport(n, l.transport);
    if (!t)
      return done_(t.error());
    bool first = l.transport == "tcp" && !seen_tcp_;
    seen_tcp_ = seen_tcp_ || first;
    (*t)->listen(l.address, {l.allow, first, l.options}, [this, i](result<listener_info> opened) {
      if (!opened)
        return done_(std::move(opened).error());
      log(level::info, "node", "listening " + opened->transport + " " + opened->socket_address);
      reload_.opened(config_.listeners[i], std::move(*opened));
      listen(i + 1);
    });
  }

  void open_control() {
    if (!config_.control_socket.empty()) {
      worker_options o;
      o.type = "control";
      auto ok = workers_.start(address{std::string{control_address}}, make_control(services(), config_.control_socket), std::move(o));
      if (!ok)
        return done_(std::move(ok).error());
    }
    for (const auto& c : config_.connections)
      if (auto ok = connect(c); !ok)
        return done_(std::move(ok).error());
    done_(reload_.listeners());
  }

  /// The peer need not be there yet: nodes may be started in any order.
  result<void> connect(const connection_config& c) {
    auto n = services();
    auto t = find_transport(n, c.transport);
    if (!t)
      return std::move(t).error();
    return connector_.add(c, **t);
  }

  caf::actor_system& sys_;
  node_config& config_; ///< of the node; written here only, on the socket thread
  node_parts parts_;
  std::function<void()> request_stop_;
  switchboard board_;
  memory memory_;
  ledger::owner local_;
  caf_reactor reactor_;
  actor_workers workers_;
  router_actor router_;
  well_known_flows flows_;
  std::vector<std::unique_ptr<transport>> transports_;
  connector connector_{workers_, config_.limit, std::random_device{}()};
  dialer dialer_{workers_, config_.routing, config_.limit, connector_, transports_, std::random_device{}()};
  reloader reload_{services(), config_};
  std::size_t connections_ = 0;
  bool seen_tcp_ = false;
  bool turn_posted_ = false;
  ready done_;
};

class running_node final : public node {
 public:
  running_node(node_config config, node_parts parts)
    : config_{std::move(config)}, caf_config_{config_.threads},
      sys_{std::make_unique<caf::actor_system>(caf_config_)}, stop_fd_{::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)},
      assembly_{std::make_unique<assembly>(*sys_, config_, parts, [fd = stop_fd_] {
        std::uint64_t one = 1;
        (void)!::write(fd, &one, sizeof(one));
      })} {}

  ~running_node() override {
    if (sys_)
      end();
    ::close(stop_fd_);
  }

  result<void> open() {
    std::promise<result<std::vector<listener_info>>> promise;
    auto future = promise.get_future();
    assembly_->reactor().post([this, &promise] {
      auto once = std::make_shared<bool>(false);
      assembly_->open([&promise, once](result<std::vector<listener_info>> r) {
        if (!std::exchange(*once, true))
          promise.set_value(std::move(r));
      });
    });
    auto opened = future.get();
    if (!opened)
      return std::move(opened).error();
    listeners_ = std::move(*opened);
    return {};
  }

  const std::vector<listener_info>& listeners() const override { return listeners_; }
  int stop_requested_fd() const override { return stop_fd_; }

  void reload(node_config fresh) override {
    constexpr std::chrono::seconds patience{2}; // a socket thread that hangs must not keep signals waiting
    auto done = std::make_shared<std::promise<std::vector<listener_info>>>();
    auto opened = done->get_future();
    assembly_->reactor().post([this, done, fresh = std::make_shared<node_config>(std::move(fresh))] {
      assembly_->reload().apply(std::move(*fresh), [this, done] { done->set_value(assembly_->reload().listeners()); });
    });
    if (opened.wait_for(patience) == std::future_status::ready)
      listeners_ = opened.get();
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
  void on_socket_thread(std::function<void()> f) {
    std::promise<void> done;
    assembly_->reactor().post([&] {
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
    on_socket_thread([this] { assembly_->close_reactor(); });
    sys_.reset();
    assembly_.reset();
  }

  node_config config_;
  caf_config caf_config_;
  std::unique_ptr<caf::actor_system> sys_;
  int stop_fd_;
  std::vector<listener_info> listeners_;
  std::unique_ptr<assembly> assembly_;
};

} // namespace

result<std::unique_ptr<node>> node::start(node_config config, node_parts parts, std::function<void(const error&)> stuck) {
  auto n = std::make_unique<running_node>(std::move(config), parts);
  if (auto ok = n->open(); !ok) {
    n->stop(std::chrono::seconds{2}, [&] {
      if (stuck)
        stuck(ok.error());
    });
    return std::move(ok).error();
  }
  return std::unique_ptr<node>{std::move(n)};
}

} // namespace ockam
