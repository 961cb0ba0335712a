// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "portals/inlet.hpp"
#include "runtime/links/facility.hpp"
#include "runtime/links/route_maker.hpp"

#include <map>
#include <memory>
#include <string>
#include <vector>

namespace ockam::portal {

/// The inlets of a node, by name. Socket thread only.
class inlets final : public facility {
 public:
  inlets(const node_context& node, route_maker routes) : env_{node}, routes_{std::move(routes)} {}

  std::string_view kind() const override;
  std::span<const key_descriptor> keys() const override;
  /// One whose address this host has not yet is begun all the same, and waits for it, if its section does not say otherwise.
  result<ready_item> prepare(const config_section& s, const std::vector<config_section>& gone) override;
  /// One made at the prompt waits only if that was asked for.
  result<config_section> begin(const config_section& s) override;
  result<void> end(std::string_view name) override;
  std::vector<item_info> list() const override;
  void when_settled(std::string_view name, std::chrono::milliseconds within, std::function<void()> done) override;
  void close_doors() override;
  carried_bytes carried() const override;
  void stop() override;

 private:
  struct place;
  using place_ptr = std::shared_ptr<place>;
  using sections = std::vector<config_section>;

  result<std::shared_ptr<inlet>> make(const config_section& s, const option_values& keys);
  result<place_ptr> find_place(const inlet& of, const sections& gone, bool may_wait);
  ready_item ready(config_section s, std::shared_ptr<inlet> i, place_ptr p);

  environment env_;
  route_maker routes_;
  std::map<std::string, std::shared_ptr<inlet>, std::less<>> all_;
};

} // namespace ockam::portal
