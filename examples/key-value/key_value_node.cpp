// SPDX-License-Identifier: Apache-2.0
// A complete ockam-node with one service more.
#include "key_value.hpp"

#include <ockam/node_main.hpp>

int main(int argc, char** argv) {
  return ockam::node_main(argc, argv, {ockam::service<key_value>("key-value")});
}
