// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "portals/inlet.hpp"
#include "runtime/links/facility.hpp"
#include "runtime/links/route_maker.hpp"

#include <map>

namespace ockam::portal {

/// The inlets of a node, by name. Socket thread only.
class inlets final : public facility {
 public:
  inlets(const node_context& node, route_maker routes) : env_{node}, routes_{std::move(routes)} {}

  std::string_view kind() const override;
  std::span<const key_descriptor> keys() const override;
  result<config_section> begin(const config_section& s) override;
  result<void> end(std::string_view name) override;
  std::vector<item_info> list() const override;
  void when_settled(std::string_view name, std::chrono::milliseconds within, std::function<void()> done) override;
  void close_doors() override;
  carried_bytes carried() const override;
  void stop() override;

 private:
  result<void> check_place(const endpoint& at) const;

  environment env_;
  route_maker routes_;
  std::map<std::string, std::shared_ptr<inlet>, std::less<>> all_;
};

} // namespace ockam::portal
