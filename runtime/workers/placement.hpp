// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "runtime/workers/placement_keys.hpp"
#include "runtime/workers/service_type.hpp"
#include "runtime/workers/workers.hpp"

#include <array>
#include <string_view>

namespace ockam {

/// Options that every service has: where it runs, how often, what happens when it ends, and what it may have.
inline constexpr auto placement_keys = [] {
  std::array<std::string_view, placement_descriptors.size()> names;
  for (std::size_t i = 0; i < names.size(); ++i)
    names[i] = placement_descriptors[i].name;
  return names;
}();

/// What those options say. Error: `invalid_argument`.
result<worker_options> placement(const service_type& t, const service_options& o);

/// What `restart` says; what is wrong is said in `o`.
restart_policy read_restart(const service_options& o);

/// Takes them out, for the service that gets the others. One that is sandboxed charges more than messages to its budget, and
/// gets that as well; one that is to have a thread of its own gets `thread`, as an actor makes it, and nobody else asks for it.
void remove_placement(const service_type& t, service_options& o);

/// Of a service that is to have one and has not asked for `thread`.
error no_thread_of_its_own();

} // namespace ockam
