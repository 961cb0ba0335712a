// SPDX-License-Identifier: Apache-2.0
#include "services/services.hpp"

#include "services/echo.hpp"
#include "services/error_service.hpp"
#include "services/hop.hpp"
#include "services/lua/script_service.hpp"
#include "services/plugin_service.hpp"
#include "services/uppercase.hpp"

#include <array>

namespace ockam {

namespace {

/// One that answers at once, on the socket thread.
template <class Worker>
service_type stock(std::string_view name) {
  auto t = service<Worker>(name, worker_thread::socket);
  t.has_budget = false;
  return t;
}

template <class Worker>
service_type at_start(std::string_view name, bool reachable, bool through_connections) {
  auto t = stock<Worker>(name);
  t.at_start = true;
  t.reachable_at_start = reachable;
  t.through_connections = through_connections;
  return t;
}

} // namespace

std::span<const service_type> standard_services() {
  static const std::array<service_type, 7> types{
    at_start<echo>("echo", true, false),
    at_start<uppercase>("uppercase", true, false),
    at_start<hop>("hop", false, true),
    stock<error_service>("error"),
    plugin_service(),
    script_service(),
    repl_service(),
  };
  return types;
}

} // namespace ockam
