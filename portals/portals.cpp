// SPDX-License-Identifier: Apache-2.0
#include "portals/portals.hpp"

#include "portals/inlets.hpp"
#include "portals/outlets.hpp"

#include <utility>

namespace ockam {

std::vector<facility_factory> portal_facilities(route_maker routes) {
  return {
    [](const facility_context& c) -> std::unique_ptr<facility> { return std::make_unique<portal::outlets>(c.node); },
    [routes = std::move(routes)](const facility_context& c) -> std::unique_ptr<facility> { return std::make_unique<portal::inlets>(c.node, routes); }};
}

} // namespace ockam
