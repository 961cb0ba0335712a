// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "portals/outlet.hpp"
#include "runtime/links/facility.hpp"
#include "transports/tls/tls_store.hpp"

#include <map>

namespace ockam::portal {

/// The outlets of a node. The address of one is its name, which peers of listeners that admit `services` may reach. Socket
/// thread only.
class outlets final : public facility {
 public:
  explicit outlets(const node_context& node) : env_{node} {}

  std::string_view kind() const override;
  std::span<const key_descriptor> keys() const override;
  result<void> check(const config_section& s) override;
  result<config_section> begin(const config_section& s) override;
  result<void> end(std::string_view name) override;
  std::vector<item_info> list() const override;
  carried_bytes carried() const override;
  void stop() override;

 private:
  result<target> read_target(const option_values& keys);

  environment env_;
  tls_store certificates_;
  std::map<std::string, std::shared_ptr<outlet>, std::less<>> all_;
};

/// What the keys of a section say of streams.
stream_options read_stream_options(const option_values& keys);
/// Figures that both ends have.
void add_figures(item_info& to, const portal::end& of);
void add_carried(carried_bytes& to, const portal::end& of);

} // namespace ockam::portal
