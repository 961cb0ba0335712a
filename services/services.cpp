// SPDX-License-Identifier: Apache-2.0
#include "services/services.hpp"

#include "services/echo.hpp"
#include "services/error_service.hpp"
#include "services/hop.hpp"
#include "services/uppercase.hpp"

#include <array>

namespace ockam {

namespace {

template <class Worker>
result<std::unique_ptr<worker>> make_plain(const service_options& o) {
  if (!o.empty())
    return error{errc::invalid_argument, "this service has no option named " + printable(o.begin()->first), {}};
  return std::unique_ptr<worker>{std::make_unique<Worker>()};
}

constexpr auto socket = worker_thread::socket;
const std::array<service_type, 4> types{{
  {"echo", socket, true, true, false, &make_plain<echo>},
  {"uppercase", socket, true, true, false, &make_plain<uppercase>},
  {"hop", socket, true, false, true, &make_plain<hop>},
  {"error", socket, false, false, false, &make_plain<error_service>},
}};

} // namespace

std::span<const service_type> standard_services() {
  return types;
}

} // namespace ockam
