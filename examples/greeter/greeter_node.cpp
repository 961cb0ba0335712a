// SPDX-License-Identifier: Apache-2.0
// A complete ockam-node with one service more:
//     greeter-node --name n1 --tcp-listener 127.0.0.1:4000 --service hello=greeter
#include "greeter.hpp"

#include <ockam/node_main.hpp>

int main(int argc, char** argv) {
  return ockam::node_main(argc, argv, {ockam::service<greeter>("greeter")});
}
