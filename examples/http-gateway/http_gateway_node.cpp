// SPDX-License-Identifier: Apache-2.0
// A complete ockam-node with one service more.
#include "http_gateway.hpp"

#include <ockam/node_main.hpp>

int main(int argc, char** argv) {
  return ockam::node_main(argc, argv, {ockam::service<http_gateway>("http-gateway")});
}
