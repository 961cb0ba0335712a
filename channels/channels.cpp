// SPDX-License-Identifier: Apache-2.0
#include "channels/channels.hpp"

#include "channels/channel_routes.hpp"
#include "channels/facilities.hpp"
#include "channels/identity_facility.hpp"

#include <algorithm>
#include <thread>

namespace ockam::channels {

namespace {

/// Threads that seal and open large messages: a core is left to the socket thread.
std::size_t number_of_sealers() {
  constexpr std::size_t most = 4;
  return std::clamp<std::size_t>(std::thread::hardware_concurrency(), 2, most + 1) - 1;
}

} // namespace

parts::parts(identity_ptr own, threads_maker by) : own_{std::move(own)}, threads_{std::move(by)} {
  if (!threads_)
    threads_ = [](net::reactor&, std::size_t number) { return make_threads(number); };
}

std::shared_ptr<environment> parts::of(const node_context& node) {
  auto env = env_.lock();
  if (!env) {
    env = std::make_shared<environment>(node, own_, threads_(node.reactor, crew::at_once), threads_(node.reactor, number_of_sealers()));
    env_ = env;
    reactor_ = &node.reactor;
  }
  return env;
}

std::vector<facility_factory> parts::facilities() {
  return {[this](const facility_context& c) -> std::unique_ptr<facility> { return std::make_unique<identities_facility>(of(c.node)); },
          [this](const facility_context& c) -> std::unique_ptr<facility> { return std::make_unique<listeners>(of(c.node)); },
          [this](const facility_context& c) -> std::unique_ptr<facility> { return std::make_unique<secure_channels>(of(c.node)); }};
}

route_maker parts::routes() {
  return [this](const multiaddr& m, const channel_wishes& how) -> result<made_route> {
    auto env = env_.lock();
    if (!env)
      return make_plain_route(m, how);
    return make_route(env, m, how);
  };
}

void parts::refresh() {
  if (reactor_)
    reactor_->post([this] {
      if (auto env = env_.lock())
        refresh_identities(env);
    });
}

} // namespace ockam::channels
