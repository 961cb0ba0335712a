// SPDX-License-Identifier: Apache-2.0
#include "runtime/core/shared_link.hpp"

namespace ockam {

address_view peer_on_shared_link(const switchboard& board, const message& m) {
  address_view peer;
  if (m.header.return_empty() || !board.is_shared(m.header.return_front()))
    return peer;
  std::size_t n = 0;
  m.header.each_return([&](address_view a) {
    if (n++ == 1)
      peer = a;
  });
  return peer;
}

} // namespace ockam
