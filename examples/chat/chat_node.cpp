// SPDX-License-Identifier: Apache-2.0
// A node that is a room, or somebody in it: see README.md.
#include "services.hpp"

#include <ockam/node_main.hpp>

int main(int argc, char** argv) {
  return ockam::node_main(argc, argv, {ockam::actor_service("room", room), ockam::actor_service("member", member)});
}
