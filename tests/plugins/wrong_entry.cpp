// SPDX-License-Identifier: Apache-2.0
// A shared object whose ockam_plugin is something else.
extern "C" int ockam_plugin() {
  return 1;
}
