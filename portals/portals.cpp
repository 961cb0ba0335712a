// SPDX-License-Identifier: Apache-2.0
#include "portals/portals.hpp"

#include "portals/inlets.hpp"
#include "portals/outlets.hpp"

#include <utility>

namespace ockam {

std::vector<facility_factory> portal_facilities(route_maker routes) {
  return {
    [](const node_context& node) -> std::unique_ptr<facility> { return std::make_unique<portal::outlets>(node); },
    [routes = std::move(routes)](const node_context& node) -> std::unique_ptr<facility> { return std::make_unique<portal::inlets>(node, routes); }};
}

} // namespace ockam
