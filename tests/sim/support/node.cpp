// SPDX-License-Identifier: Apache-2.0
#include "sim/support/node.hpp"

#include "runtime/workers/actor_workers.hpp"
#include "services/services.hpp"
#include "transports/transports.hpp"

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/io/middleman.hpp>
#include <caf/io/network/test_multiplexer.hpp>
#include <caf/scheduler/test_coordinator.hpp>
#include <caf/send.hpp>

#include <stdexcept>

namespace ockam::sim {

namespace {

class caf_config : public caf::actor_system_config {
 public:
  caf_config() {
    load<caf::io::middleman>();
    set("scheduler.policy", caf::atom("testing"));
    set("middleman.network-backend", caf::atom("testing"));
    set("middleman.manual-multiplexing", true);
    set("middleman.attach-utility-actors", true);
    set("middleman.workers", std::size_t{0});
    set("middleman.app-identifiers", std::vector<std::string>{"ockam-caf-link/1"});
    set("logger.console", caf::atom("none"));
    set("logger.file-verbosity", caf::atom("quiet"));
  }
};

} // namespace

class node::impl final : public participant {
 public:
  impl(network& net, std::string name, limits limit)
    : net_{net}, config_{make_config(std::move(name), limit)}, system_{caf_config_},
      sched_{static_cast<caf::scheduler::test_coordinator&>(system_.scheduler())},
      mpx_{static_cast<caf::io::network::test_multiplexer&>(system_.middleman().backend())}, board_{config_.name},
      memory_{limit.node_budget}, local_{ledger::make(memory_, limit.node_budget, nullptr)}, reactor_{net},
      workers_{system_, board_, reactor_} {
    reactor_.at_end_of_turn([this] { end_turn(); });
    router_ = spawn_router(system_, board_, workers_, [this] { end_turn(); });
    workers_.router(router_);
    flows_.services = board_.flows().create();
    flows_.outgoing = board_.flows().create();
    transport_context context{workers_, memory_, config_.limit, flows_,
                              [this] { return connections_ < config_.limit.max_connections; }, connections_, &system_};
    for (auto make : all_transports())
      transports_.push_back(make(context));
    net_.join(*this);
    auto n = services();
    for (const auto& t : standard_services())
      if (t.at_start)
        start_service(n, t.name, {}, {}, false, [](const result<address>&) {});
    net_.run();
  }

  ~impl() { stop(); }

  void stop() {
    if (stopped_)
      return;
    stopped_ = true;
    connector_.stop();
    dialer_.stop();
    for (auto& t : transports_)
      t->stop();
    workers_.stop_all();
    caf::anon_send_exit(router_, caf::exit_reason::user_shutdown);
    router_ = nullptr;
    net_.run();
    transports_.clear();
    net_.run();
    reactor_.at_end_of_turn(nullptr);
    net_.leave(*this);
    sched_.clock().cancel_all();
  }

  // participant
  bool step() override { return sched_.try_run_once() || mpx_.try_exec_runnable(); }
  void advance(clock::duration d) override { sched_.advance_time(d); }

  node_services services() {
    return {config_, workers_, memory_, *local_, flows_, transports_, connector_, dialer_, standard_services(), connections_,
            [this] { return workers_.lost(); }, [] {}};
  }

  static node_config make_config(std::string name, limits limit) {
    node_config c;
    c.name = std::move(name);
    c.limit = limit;
    return c;
  }

  void end_turn() {
    if (board_.run_turn() && !turn_posted_) {
      turn_posted_ = true;
      reactor_.post([this] { turn_posted_ = false; });
    }
  }

  network& net_;
  node_config config_;
  caf_config caf_config_;
  caf::actor_system system_;
  caf::scheduler::test_coordinator& sched_;
  caf::io::network::test_multiplexer& mpx_;
  switchboard board_;
  memory memory_;
  ledger::owner local_;
  sim::reactor reactor_;
  actor_workers workers_;
  router_actor router_;
  well_known_flows flows_;
  std::vector<std::unique_ptr<transport>> transports_;
  connector connector_{workers_, config_.limit, 1};
  dialer dialer_{workers_, config_.routing, config_.limit, connector_, transports_, 1};
  std::size_t connections_ = 0;
  bool seen_listener_ = false;
  bool turn_posted_ = false;
  bool stopped_ = false;
};

node::node(network& net, std::string name, limits limit)
  : impl_{std::make_unique<impl>(net, std::move(name), limit)} {}
node::~node() = default;

switchboard& node::board() { return impl_->board_; }
ockam::workers& node::workers() { return impl_->workers_; }
transport& node::tcp() { return *impl_->transports_.front(); }
sim::reactor& node::reactor() { return impl_->reactor_; }
memory& node::budget() { return impl_->memory_; }
node_services node::services() { return impl_->services(); }
routing_config& node::routing() { return impl_->config_.routing; }
dialer& node::dial() { return impl_->dialer_; }
connector& node::lasting() { return impl_->connector_; }
std::size_t node::connections() const { return impl_->connections_; }
std::uint64_t node::lost() const { return impl_->workers_.lost(); }
void node::stop() { impl_->stop(); }

void node::start(std::string_view type, std::string where) {
  result<address> outcome = error{errc::internal, "the start has not ended", {}};
  start_service(services(), type, std::move(where), {}, true, [&](result<address> at) { outcome = std::move(at); });
  impl_->net_.run();
  if (!outcome)
    throw std::logic_error{outcome.error().cause};
}

void node::start(const std::string& where, std::unique_ptr<worker> w, worker_thread thread) {
  worker_options o;
  o.type = "test";
  o.thread = thread;
  o.consumer_of = {impl_->flows_.services, impl_->flows_.outgoing};
  if (auto ok = workers().start(address{where}, std::move(w), std::move(o)); !ok)
    throw std::logic_error{ok.error().cause};
  impl_->net_.run();
}

transport& node::over(std::string_view transport_name) {
  auto n = services();
  auto t = find_transport(n, transport_name);
  if (!t)
    throw std::logic_error{t.error().cause};
  return **t;
}

std::string node::listen(const std::string& address, const std::vector<std::string>& allow, std::string_view transport_name) {
  std::string at;
  over(transport_name).listen(address, {allow, !std::exchange(impl_->seen_listener_, true)}, [&](result<listener_info> l) {
    if (!l)
      throw std::logic_error{l.error().cause};
    at = l->socket_address;
  });
  return at;
}

result<address> node::connect(const std::string& to, connect_options o, std::string_view transport_name) {
  result<address> outcome = error{errc::internal, "the connect has not ended", {}};
  over(transport_name).connect(to, std::move(o), [&](result<link_info> up) {
    outcome = up ? result<address>{address{up->worker_address}} : result<address>{up.error()};
  });
  impl_->net_.run();
  return outcome;
}

link_info node::link() {
  std::vector<link_info> all;
  for (auto& t : impl_->transports_)
    for (auto& l : t->links())
      all.push_back(std::move(l));
  if (all.size() != 1)
    throw std::logic_error{"this node has " + std::to_string(all.size()) + " links"};
  return all.front();
}

void node::send(const route& onward, std::string_view body, const std::string& from, bool report) {
  auto m = make_message(onward, address{from}, payload{std::as_bytes(std::span{body})});
  if (report)
    m->header.flags(route_header::flag_report);
  m->held = credit{*impl_->local_, m->footprint()};
  reactor().post([this, raw = std::make_shared<message_ptr>(std::move(m))] { board().deliver(std::move(*raw)); });
  impl_->net_.run();
}

} // namespace ockam::sim
