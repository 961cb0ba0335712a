// SPDX-License-Identifier: Apache-2.0
#include "portals/portals.hpp"

#include "portals/inlets.hpp"
#include "portals/outlets.hpp"

#include <array>

namespace ockam {

std::span<const facility_factory> portal_facilities() {
  static const std::array<facility_factory, 2> all{
    [](const facility_context& c) -> std::unique_ptr<facility> { return std::make_unique<portal::outlets>(c.node); },
    [](const facility_context& c) -> std::unique_ptr<facility> { return std::make_unique<portal::inlets>(c.node); }};
  return all;
}

} // namespace ockam
