// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "runtime/links/section_keeper.hpp"
#include "runtime/net/reactor.hpp"
#include "runtime/node/reload.hpp"
#include "runtime/node/section_store.hpp"

namespace ockam {

/// The keeper of a node: its file, if it has one of its own, and what a reload takes for its configuration.
class section_book final : public section_keeper {
 public:
  /// All live longer. `store` may be null: nothing is kept.
  section_book(net::reactor& reactor, node_config& config, reloader& reload, section_store* store, compare_config compare)
    : reactor_{reactor}, config_{config}, reload_{reload}, store_{store}, compare_{std::move(compare)} {}

  void began(config_section s, std::string handle, kept done) override;
  void ended(const std::string& kind, const std::string& handle, kept done) override;
  void allow(const std::string& kind, const std::string& handle, const std::string& worker, kept done) override;
  void compare(comparison_done done) override;

 private:
  net::reactor& reactor_;
  node_config& config_; ///< as it is in effect
  reloader& reload_;
  section_store* store_;
  compare_config compare_;
};

} // namespace ockam
