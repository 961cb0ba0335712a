// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "runtime/workers/children.hpp"
#include "runtime/workers/node_context.hpp"
#include "runtime/workers/service_type.hpp"

#include <span>
#include <string>
#include <string_view>

namespace ockam {

/// The kinds of services that a node can start, and their start by name: for the configuration, for
/// control, and for services that start others. Socket thread only.
class service_catalog {
 public:
  using started = std::function<void(result<address>)>;

  /// `types` live longer than the node.
  service_catalog(const node_context& context, std::span<const service_type> types) : context_{context}, types_{types} {}

  std::span<const service_type> types() const noexcept { return types_; }
  /// Whether workers of this type are services.
  bool has(std::string_view type) const noexcept;
  /// Whether peers of listeners that admit `services` may reach the worker.
  bool is_reachable(const worker_entry& e) const noexcept;

  /// Starts a service of `type` at `where` (empty: the type's own name), as an operator asks for it: peers
  /// may reach it. The default address of a type that the node started itself is claimed by this. `done` is
  /// called once: at once for a service on the socket thread, later for one on the pool. Errors: `not_found`
  /// (type), `already_exists`, `invalid_argument` (options), those of `workers::start`.
  void start(std::string_view type, std::string where, service_options options, started done) const;
  /// As `start` by name, beside a worker that has the address: `workers::prepare`.
  void prepare(std::string_view type, std::string where, service_options options, workers::prepared done) const;
  /// What a worker may start as its child: a service that keeps nothing and needs nothing of the node but messages
  /// (echo, uppercase, hop, error), and for one that is trusted whatever the program has that is no file, no prompt and
  /// no part of the runtime. Errors: `not_found` (type), `permission_denied`, `invalid_argument` (options).
  result<child_kind> for_child(const child_order& o) const;
  /// Starts those that every node has, where their addresses are free, but for those that stay away. `done` as above, for
  /// each.
  void start_standard(const std::function<bool(const service_type&)>& stays_away,
                      const std::function<void(const service_type&, result<address>)>& done) const;

 private:
  result<const service_type*> find(std::string_view type) const;
  std::vector<std::uint32_t> flows_of(const service_type& t, bool by_name) const;
  /// Where it runs, as far as the options say so, which are taken out of them. Errors: `invalid_argument`.
  static result<worker_options> placement_of(const service_type& t, service_options& options);
  void start(const service_type& t, std::string where, service_options options, bool by_name, started done) const;
  worker_factory factory_of(const service_type& t, service_options o) const;

  const node_context& context_;
  std::span<const service_type> types_;
};

/// Whether a service could be started with these options, as far as that can be told without starting it: makes a worker
/// of it, as a start does, and lets it go again. Errors: those of `service_catalog::start` that are not about its address.
result<void> check_service(const service_type& t, service_options options);

} // namespace ockam
