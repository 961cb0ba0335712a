// SPDX-License-Identifier: Apache-2.0
#include "sim/support/node.hpp"

#include "channels/channels.hpp"
#include "portals/portals.hpp"
#include "relays/relays.hpp"
#include "runtime/links/allow.hpp"
#include "runtime/node/assembly.hpp"
#include "services/services.hpp"
#include "transports/transports.hpp"

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/io/middleman.hpp>
#include <caf/io/network/test_multiplexer.hpp>
#include <caf/scheduler/test_coordinator.hpp>

#include <array>
#include <optional>
#include <stdexcept>
#include <vector>

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

namespace {

/// The threads of channels: the same one, in turn with all the rest.
class one_thread final : public channels::threads {
 public:
  explicit one_thread(net::reactor& r) : reactor_{r} {}
  void run(std::function<void()> work) override { reactor_.post(std::move(work)); }

 private:
  net::reactor& reactor_;
};

node_config named(std::string name, limits limit) {
  node_config c;
  c.name = std::move(name);
  c.limit = limit;
  return c;
}

} // namespace

/// The assembly of a real node over the simulated reactor, and CAF's scheduler and multiplexer for tests.
class node::impl final : public participant {
 public:
  impl(network& net, const node_config& config, std::span<const service_type> services, channels::identity_ptr own)
    : net_{net}, secure_{std::move(own), [](net::reactor& r, std::size_t) { return std::make_unique<one_thread>(r); }}, system_{caf_config_}, sched_{static_cast<caf::scheduler::test_coordinator&>(system_.scheduler())},
      mpx_{static_cast<caf::io::network::test_multiplexer&>(system_.middleman().backend())}, reactor_{net},
      assembly_{system_, reactor_, config, {all_transports(), services, nullptr, facilities_, secure_.routes(), {}, &spans_}, 1} {
    assembly_.open();
    net_.join(*this);
    assembly_.reload().apply(config, reloader::on_failure::stop, [this](auto failures) { failures_ = std::move(failures); });
    net_.run();
  }

  ~impl() { stop(); }

  void stop() {
    if (std::exchange(stopped_, true))
      return;
    pool_runs_ = true;
    assembly_.close();
    net_.run();
    assembly_.clear();
    net_.run();
    net_.leave(*this);
    sched_.clock().cancel_all();
  }

  // participant
  bool step() override { return (pool_runs_ && sched_.try_run_once()) || mpx_.try_exec_runnable(); }
  void advance(clock::duration d) override { sched_.advance_time(d); }

  std::vector<facility_factory> all_facilities() {
    auto all = secure_.facilities();
    for (auto& f : portal_facilities(secure_.routes()))
      all.push_back(std::move(f));
    all.push_back(make_relays(secure_.routes()));
    return all;
  }

  network& net_;
  tracer spans_; // before all that has messages
  channels::parts secure_;
  std::vector<facility_factory> facilities_ = all_facilities();
  caf_config caf_config_;
  caf::actor_system system_;
  caf::scheduler::test_coordinator& sched_;
  caf::io::network::test_multiplexer& mpx_;
  sim::reactor reactor_;
  assembly assembly_;
  std::vector<reloader::failure> failures_;
  bool seen_listener_ = false;
  int drained_ = 0;
  bool pool_runs_ = true;
  bool stopped_ = false;
};

node::node(network& net, std::string name, limits limit)
  : impl_{std::make_unique<impl>(net, named(std::move(name), limit), standard_services(), nullptr)} {}
node::node(network& net, const node_config& config, std::span<const service_type> services, channels::identity_ptr own)
  : impl_{std::make_unique<impl>(net, config, services, std::move(own))} {}
node::~node() = default;

live_parts node::parts() { return impl_->assembly_.parts(); }
const node_context& node::context() { return impl_->assembly_.context(); }
switchboard& node::board() { return context().board; }
ockam::workers& node::workers() { return context().workers; }
transport& node::tcp() { return over("tcp"); }
sim::reactor& node::reactor() { return impl_->reactor_; }
memory& node::budget() { return context().memory; }
routing_config& node::routing() { return impl_->assembly_.routing(); }
dialer& node::dial() { return parts().dial; }
connector& node::lasting() { return parts().connections; }
std::size_t node::connections() { return parts().transports.connections(); }
std::uint64_t node::lost() { return workers().lost(); }
reloader& node::reloading() { return impl_->assembly_.reload(); }
std::vector<listener_info> node::listeners() { return impl_->assembly_.reload().listeners(); }
const std::vector<reloader::failure>& node::failures() const { return impl_->failures_; }
void node::pool_runs(bool yes) { impl_->pool_runs_ = yes; }
void node::stop() { impl_->stop(); }

std::vector<reloader::failure> node::reload(node_config fresh) {
  std::optional<std::vector<reloader::failure>> outcome;
  impl_->assembly_.reload().apply(std::move(fresh), reloader::on_failure::stay, [&](auto failures) { outcome = std::move(failures); });
  impl_->net_.run();
  if (!outcome)
    throw std::logic_error{"the reload has not ended"};
  return std::move(*outcome);
}

stop_notice node::drain(std::optional<std::chrono::milliseconds> grace) {
  auto notice = impl_->assembly_.drain(grace, [this] { ++impl_->drained_; });
  impl_->net_.run();
  return notice;
}

void node::refresh_identities() {
  impl_->secure_.refresh();
  impl_->net_.run();
}

int node::drained() const { return impl_->drained_; }

void node::keep_spans(double sample) { impl_->spans_.open(1'000, 1'000, sample); }
std::vector<span> node::spans() { return impl_->spans_.wait(1'000, tracer::clock::now()); }

void node::start(std::string_view type, std::string where) {
  result<address> outcome = error{errc::internal, "the start has not ended", {}};
  parts().services.start(type, std::move(where), {}, [&](result<address> at) { outcome = std::move(at); });
  impl_->net_.run();
  if (!outcome)
    throw std::logic_error{outcome.error().cause};
}

void node::start(const std::string& where, std::unique_ptr<worker> w, worker_thread thread) {
  worker_options o;
  o.type = "test";
  o.thread = thread;
  o.consumer_of = {context().flows.services, context().flows.outgoing};
  if (auto ok = workers().start(address{where}, std::move(w), std::move(o)); !ok)
    throw std::logic_error{ok.error().cause};
  impl_->net_.run();
}

transport& node::over(std::string_view transport_name) {
  auto t = parts().transports.find(transport_name);
  if (!t)
    throw std::logic_error{t.error().cause};
  return **t;
}

std::string node::listen(const std::string& address, const std::vector<std::string>& allow, std::string_view transport_name) {
  std::string at;
  over(transport_name).listen(address, {or_services_if_first(allow, !std::exchange(impl_->seen_listener_, true))}, [&](result<listener_info> l) {
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
  for (auto& t : parts().transports)
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
  m->held = credit{context().local_budget, m->footprint()};
  reactor().post([this, raw = std::make_shared<message_ptr>(std::move(m))] { board().deliver(std::move(*raw)); });
  impl_->net_.run();
}

} // namespace ockam::sim
