// SPDX-License-Identifier: Apache-2.0
#include "portals/portals.hpp"

#include "portals/inlets.hpp"
#include "portals/outlets.hpp"

#include <array>

namespace ockam {

std::span<const facility_factory> portal_facilities() {
  static const std::array<facility_factory, 2> all{
    [](const node_context& node) -> std::unique_ptr<facility> { return std::make_unique<portal::outlets>(node); },
    [](const node_context& node) -> std::unique_ptr<facility> { return std::make_unique<portal::inlets>(node); }};
  return all;
}

} // namespace ockam
