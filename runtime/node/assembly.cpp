// SPDX-License-Identifier: Apache-2.0
#include "runtime/node/assembly.hpp"

#include "runtime/control/control.hpp"
#include "runtime/core/account.hpp"
#include "runtime/workers/remote_actor.hpp"

#include <caf/exit_reason.hpp>
#include <caf/send.hpp>

namespace ockam {

namespace {

constexpr std::string_view control_address = "_internal.control";
constexpr std::string_view actors_address = "_internal.actors";

/// The configuration without its sections.
node_config without_sections(node_config c) {
  c.listeners.clear();
  c.connections.clear();
  c.services.clear();
  return c;
}

} // namespace

assembly::assembly(caf::actor_system& sys, net::reactor& reactor, const node_config& config, node_parts parts, std::uint32_t seed)
  : sys_{sys}, reactor_{reactor}, config_{without_sections(config)}, kinds_{parts}, memory_{config_.limit.node_budget},
    local_{ledger::make(memory_, config_.limit.node_budget, nullptr)}, board_{config_.name}, workers_{sys, board_, reactor_, memory_, config_.limit},
    transports_{context_, &sys}, connector_{context_, seed},
    dialer_{context_, config_.routing, connector_, transports_, seed}, reload_{this->parts(), config_}, sections_{reactor, config_, reload_, kinds_.own_file} {}

assembly::~assembly() = default;

live_parts assembly::parts() {
  return {context_, services_, transports_, connector_, dialer_, sections_, since_};
}

void assembly::open() {
  reactor_.at_end_of_turn([this] { end_turn(); });
  router_ = spawn_router(sys_, board_, workers_, [this] { end_turn(); });
  workers_.router(router_);
  workers_.charge_to(*local_);
  workers_.watch();
  flows_.services = board_.flows().create();
  board_.any_name_for(flows_.services);
  flows_.outgoing = board_.flows().create();
  worker_options gate;
  gate.type = "actors";
  gate.thread = worker_thread::pool;
  gate.internal = true;
  gate.budget = account::usual;
  (void)workers_.start(address{std::string{actors_address}}, make_remote_gate(), std::move(gate));
  transports_.ask_before_sending([this](address_view peer) { return dialer_.allows(peer); });
  for (auto make : kinds_.transports)
    transports_.add(make);
}

void assembly::end_turn() {
  if (board_.run_turn() && !turn_posted_) {
    turn_posted_ = true;
    reactor_.post([this] { turn_posted_ = false; });
  }
}

result<void> assembly::start_control(const std::string& socket_path, std::function<void()> request_stop) {
  if (socket_path.empty())
    return {};
  worker_options o;
  o.type = "control";
  return workers_.start(address{std::string{control_address}}, make_control(parts(), socket_path, std::move(request_stop)),
                        std::move(o));
}

void assembly::close() {
  reload_.stop();
  (void)workers_.stop(address{std::string{control_address}});
  connector_.stop();
  dialer_.stop();
  transports_.stop();
  workers_.stop_all();
  caf::anon_send_exit(router_, caf::exit_reason::user_shutdown);
  router_ = nullptr;
}

void assembly::clear() {
  transports_.clear();
  reactor_.at_end_of_turn(nullptr);
}

} // namespace ockam
