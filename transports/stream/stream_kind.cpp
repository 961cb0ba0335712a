// SPDX-License-Identifier: Apache-2.0
#include "transports/stream/stream_kind.hpp"

#include "runtime/core/address.hpp"
#include "runtime/core/suggest.hpp"

#include <algorithm>

namespace ockam {

result<void> check_options(const transport_options& options, std::initializer_list<std::string_view> known) {
  for (const auto& [key, value] : options)
    if (std::find(known.begin(), known.end(), key) == known.end()) {
      auto near = nearest(key, std::vector<std::string_view>{known});
      return error{errc::invalid_argument, "there is no option " + printable(key), near ? "did you mean " + *near + "?" : std::string{}};
    }
  return {};
}

} // namespace ockam
