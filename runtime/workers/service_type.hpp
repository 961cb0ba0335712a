// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "runtime/core/service_options.hpp"
#include "runtime/workers/worker.hpp"

#include <functional>
#include <memory>
#include <string_view>
#include <type_traits>
#include <utility>

namespace ockam {

struct node_context;

/// A kind of service that a node can start by name. `main` hands a list of these to the node.
struct service_type {
  std::string_view name;             ///< echo, hop, …; also the default address; static text
  worker_thread thread = worker_thread::pool;
  bool at_start = false;             ///< every node has one
  bool reachable_at_start = false;   ///< … that peers of listeners with `services` may reach
  bool through_connections = false;  ///< peers behind connections of this node may reach it: hops
  /// Makes a worker, on the thread that it will live on; any number of times. Errors: those of the service.
  std::function<result<std::unique_ptr<worker>>(const service_options& o)> make;
  /// In place of `make`, for services of the runtime itself that need sockets, workers of their own or flow
  /// control ids. They run on the socket thread, once each.
  std::function<result<std::unique_ptr<worker>>(const node_context& c, const service_options& o)> make_in = {};
  /// The key of `[service NAME]` that names a file and stands for `type = …`: `plugin`, `script`. The file
  /// is then the option of the same name.
  std::string_view file_key = {};
  bool has_budget = true;            ///< what it keeps and sends is charged to it; false: it keeps nothing, and must be fast
  bool is_sandboxed = false;         ///< runs code that need not be trusted: off the socket thread, unless `trusted`; reads `budget` itself
  bool has_options = true;           ///< false: a configuration with further keys is wrong, and where is known
};

/// Makes a worker of a class whose constructor takes the options, or nothing.
template <class Worker>
result<std::unique_ptr<worker>> make_worker(const service_options& o) {
  if constexpr (std::is_constructible_v<Worker, const service_options&>)
    return std::unique_ptr<worker>{std::make_unique<Worker>(o)};
  else
    return std::unique_ptr<worker>{std::make_unique<Worker>()};
}

/// The service type of a class: `service<greeter>("greeter")`.
template <class Worker>
service_type service(std::string_view name, worker_thread where = worker_thread::pool) {
  service_type t;
  t.name = name;
  t.thread = where;
  t.make = &make_worker<Worker>;
  t.has_options = std::is_constructible_v<Worker, const service_options&>;
  return t;
}

} // namespace ockam
