// SPDX-License-Identifier: Apache-2.0
#include <ockam/node_main.hpp>

int main(int argc, char** argv) {
  return ockam::node_main(argc, argv);
}
