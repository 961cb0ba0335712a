// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "transports/caf/caf_entry.hpp"
#include "transports/stream/tcp_entry.hpp"
#include "transports/stream/uds_entry.hpp"
#include "transports/udp/udp_entry.hpp"
#include "transports/ws/ws_entry.hpp"

#include <array>

namespace ockam {

template <class... Each>
struct transport_entries {
  static constexpr std::array<transport_descriptor, sizeof...(Each)> descriptors{Each::descriptor...};
};

/// Every transport, in the order of help. With its folder, a word here is all that a new one needs: the sections of
/// configuration files, the options and commands of both programs and the reference come from its descriptor.
using transport_list = transport_entries<tcp_entry, udp_entry, uds_entry, ws_entry, caf_entry>;

inline constexpr auto& transport_descriptors = transport_list::descriptors;

} // namespace ockam
