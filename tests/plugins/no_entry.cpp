// SPDX-License-Identifier: Apache-2.0
// Built against the headers of a node, with no service in it.
#include <ockam/service.hpp>

extern "C" int something_else() {
  return 1;
}
