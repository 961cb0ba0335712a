// SPDX-License-Identifier: Apache-2.0
#include "support/test_data.hpp"

namespace ockam {

std::string test_data(std::string_view name) {
  return std::string{OCKAM_TEST_DATA} + "/" + std::string{name};
}

} // namespace ockam
