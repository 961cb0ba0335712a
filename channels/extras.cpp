// SPDX-License-Identifier: Apache-2.0
#include "channels/extras.hpp"

#include <algorithm>

namespace ockam::channels {

std::size_t write_extras(const route_header& of, std::byte* out) {
  route_header extras;
  extras.hop_budget(of.hop_budget());
  extras.flags(of.flags());
  extras.traced(of.traced());
  if (const auto* r = of.get_report())
    extras.set_report(*r);
  if (const auto* t = of.get_trace_context()) // sealed: who sees the channel from outside cannot tell whose trace it carries
    extras.set_trace_context(*t);
  auto size = extras.encoded_size();
  if (size > most_extras)
    return 0;
  extras.encode(out);
  return size;
}

bool read_extras(identities::bytes_view padding, route_header& to, bool* bad_trace) {
  auto extras = route_header::decode(padding, bad_trace);
  if (!extras || !extras->onward_empty() || !extras->return_empty())
    return false;
  to.hop_budget(std::min(extras->hop_budget(), route_header::default_hop_budget));
  to.flags(extras->flags() & (route_header::flag_report | route_header::flag_trace | route_header::flag_stream));
  to.traced(extras->traced());
  if (const auto* r = extras->get_report())
    to.set_report(*r);
  if (const auto* t = extras->get_trace_context())
    to.set_trace_context(*t);
  return true;
}

} // namespace ockam::channels
