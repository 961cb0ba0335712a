// SPDX-License-Identifier: Apache-2.0
// A shared object that has nothing to do with plugins, and would be noticed if it ran: it ends the process.
#include <cstdlib>

namespace {

const bool would_be_noticed = [] {
  std::abort();
  return true;
}();

} // namespace

extern "C" const bool* ockam_plugin() {
  return &would_be_noticed;
}
