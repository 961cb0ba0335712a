// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "runtime/links/transport.hpp"

#include <functional>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

namespace ockam {

/// The transports of a node, by name and by the type of the addresses that stand for their peers, and what
/// all their connections are counted against. Socket thread only.
class transport_set {
 public:
  explicit transport_set(const node_context& context, caf::actor_system* actors = nullptr);
  ~transport_set();

  /// Whom transports ask that reach anybody without a connection (`transport_context::may_send_to`). Before
  /// the first `add`.
  void ask_before_sending(std::function<bool(address_view)> may_send_to) { context_.may_send_to = std::move(may_send_to); }
  void add(transport_factory make);

  auto begin() const noexcept { return all_.begin(); }
  auto end() const noexcept { return all_.end(); }
  /// Error: `not_found`; the hint lists those that there are.
  result<transport*> find(std::string_view name) const;
  /// Null when there is none.
  transport* find(transport_type type) const noexcept;
  /// Open links of all of them.
  std::size_t connections() const noexcept { return connections_; }

  /// Closes all listeners and links.
  void stop();
  void clear() noexcept { all_.clear(); }

 private:
  transport_context context_;
  std::size_t connections_ = 0;
  std::vector<std::unique_ptr<transport>> all_;
};

} // namespace ockam
