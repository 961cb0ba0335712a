// SPDX-License-Identifier: Apache-2.0
#include "transports/udp/udp_options.hpp"

#include "transports/udp/udp_entry.hpp"

namespace ockam {

result<udp_options> read_udp_options(const option_texts& keys, bool listens) {
  const auto& d = udp_entry::descriptor;
  auto given = option_values::read(listens ? d.listener.keys : d.connection.keys, keys);
  if (!given)
    return std::move(given).error();
  return udp_options{static_cast<std::size_t>(given->get<std::uint64_t>("datagram-size")),
                     given->get<std::chrono::milliseconds>("keep-alive"), given->get<std::string>("worker")};
}

} // namespace ockam
