// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "runtime/core/service_options.hpp"
#include "runtime/core/unique_function.hpp"
#include "runtime/workers/requests.hpp"
#include "runtime/workers/workers.hpp"

#include <functional>
#include <memory>
#include <string>

/// Workers that a worker starts: what it asks for on its own thread, and what the socket thread makes of that.
///
/// A child is a worker of the node like any other, at the address `PARENT.NAME`, and ends with its parent, however that
/// ends: stopped, failed, between two lives when it is restarted, or replaced. It has nothing that its parent has not:
/// it shares the account of the parent, sends where that may send, takes messages from whom that takes them and from
/// workers of this node, and peers do not reach it but by way of a worker that passes messages on.
namespace ockam {

/// How a child is made, and where it runs.
struct child_kind {
  worker_factory make;
  worker_options options; ///< budget, access and flow control ids are those that its parent allows
};

/// What a worker asks for.
struct child_order {
  std::string name;     ///< the last part of the address; empty: a number
  child_kind kind = {}; ///< without a factory: a service of the node, as follows
  std::string type = {};
  service_options options = {};
  bool is_trusted = false; ///< also those that are not the runtime's own
  /// Called on the socket thread, once, or not at all when the parent ends first: the address, as soon as the child has
  /// started. Errors: `limit_reached`, `already_exists`, `invalid_argument` (name, options), `not_found` (type), those
  /// of `workers::start`.
  unique_function<void(result<address>)> done = {};
};

/// What a host tells of its worker, to the socket thread.
struct family_event {
  enum class kind : std::uint8_t {
    start,  ///< `order`
    stop,   ///< the child at `child`; nothing, when it is none
    end_all ///< the worker has ended or is made anew: so do its children
  };
  host_id who;
  kind what = kind::end_all;
  child_order order = {};
  address child = {};
};

/// Services of a node by the name of their type, for children.
using child_kinds = std::function<result<child_kind>(const child_order&)>;

} // namespace ockam
